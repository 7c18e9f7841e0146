import socket
import time
from datetime import timedelta
from pathlib import Path

import pytest

from mainspring.config.connect import TemporalUnreachable, connect, connect_config
from mainspring.config.settings import Settings


def test_temporals_own_variables_say_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster or Temporal Cloud is configured as for every Temporal tool."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "cards")
    monkeypatch.setenv("TEMPORAL_API_KEY", "key")
    config = connect_config(Settings(state_dir=tmp_path))
    assert {
        "target_host": "temporal.example:7233",
        "namespace": "cards",
        "api_key": "key",
        "tls": True,
    } == config


def test_a_profile_that_does_not_exist_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped profile does not silently mean the embedded Temporal."""
    monkeypatch.setenv("TEMPORAL_PROFILE", "nowhere")
    with pytest.raises(TemporalUnreachable, match="nowhere"):
        connect_config(Settings(state_dir=tmp_path))


@pytest.mark.parametrize("listens", [True, False], ids=["silent", "refused"])
async def test_an_engine_that_is_away_is_reported_in_time(tmp_path: Path, *, listens: bool) -> None:
    """A command does not hang because Temporal is away."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if listens:
            silent.listen()
        port = silent.getsockname()[1]
        began = time.monotonic()
        with pytest.raises(TemporalUnreachable) as caught:
            await connect(Settings(state_dir=tmp_path, engine_port=port), timeout=timedelta(seconds=1))
    assert f"127.0.0.1:{port}" == caught.value.address
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("address", ["127.0.0.1:70000", "[::1:7233"])
async def test_an_address_that_leads_nowhere_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Also for a client that would connect later."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    with pytest.raises(TemporalUnreachable) as caught:
        await connect(Settings(state_dir=tmp_path), lazy=True)
    assert address == caught.value.address


async def test_a_lazy_client_needs_no_engine_yet(tmp_path: Path) -> None:
    """The API can start before Temporal does."""
    client = await connect(Settings(state_dir=tmp_path, engine_port=1), lazy=True)
    assert "default" == client.namespace
