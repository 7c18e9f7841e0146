"""Reaching Temporal, by Temporal's own environment configuration or in the embedded Temporal."""

import asyncio
import re
from datetime import timedelta

from temporalio.client import Client
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import Runtime

from mainspring.config.environment import environment
from mainspring.config.settings import Settings
from mainspring.devserver.running import running_temporal
from mainspring.gateways.temporal.converter import data_converter
from mainspring.gateways.urls import UrlRefused, host_of

CONNECT_TIMEOUT = timedelta(seconds=10)


class TemporalUnreachable(Exception):
    """Temporal did not answer at `address`, or its configuration cannot be read (`address` is None)."""

    def __init__(self, address: str | None, detail: str) -> None:
        what = f"Temporal does not answer at {address}" if address else "Temporal's configuration is unusable"
        super().__init__(
            f"{what} ({detail}); start the embedded Temporal with `mainspring up`, or set TEMPORAL_ADDRESS "
            "or TEMPORAL_PROFILE"
        )
        self.address = address


def connect_config(settings: Settings) -> ClientConnectConfig:
    """Return how Temporal is reached: as configured, else where the embedded Temporal runs or would run.

    Configured is by TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS… and by the profile
    (TEMPORAL_PROFILE) of a TOML file (TEMPORAL_CONFIG_FILE), in the environment or in `.env`. Raises
    TemporalUnreachable when that configuration cannot be read.
    """
    try:
        config = ClientConfig.load_client_connect_config(override_env_vars=environment())
    except Exception as error:  # the SDK raises a bare RuntimeError or an unexported ConfigError
        raise TemporalUnreachable(None, str(error)) from error
    if "target_host" not in config:
        running = running_temporal(settings.state_dir)
        config["target_host"] = running.address if running else f"127.0.0.1:{settings.engine_port}"
        return config
    try:
        host_of(f"http://{config['target_host']}")
    except UrlRefused as error:  # the SDK would raise a bare ValueError at the first call
        raise TemporalUnreachable(config["target_host"], str(error)) from None
    return config


async def connect(
    settings: Settings,
    *,
    lazy: bool = False,
    timeout: timedelta = CONNECT_TIMEOUT,  # noqa: ASYNC109  # an option of callers, who do not nest scopes
    runtime: Runtime | None = None,
) -> Client:
    """Return a client of Temporal; a lazy one connects at its first call.

    Raises TemporalUnreachable when there is no answer within `timeout`.
    """
    config = connect_config(settings)
    address = config["target_host"]
    connecting = Client.connect(**config, lazy=lazy, runtime=runtime, data_converter=data_converter)
    try:
        return await asyncio.wait_for(connecting, timeout.total_seconds())
    except TimeoutError:
        raise TemporalUnreachable(address, f"no answer in {timeout.total_seconds():g} seconds") from None
    except RuntimeError as error:  # what the SDK raises for any failure to connect
        raise TemporalUnreachable(address, _reason(str(error))) from error


def _reason(message: str) -> str:
    # The SDK tells the whole chain of its errors in one line of Rust; what people need is the innermost one.
    innermost = re.findall(r'message: "([^"]+)"', message)
    return innermost[-1] if innermost else message


async def connect_embedded(address: str) -> Client:
    """Return a client of the embedded Temporal at `address`, whatever else is configured."""
    return await Client.connect(address, data_converter=data_converter)
