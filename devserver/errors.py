"""What can be wrong with the embedded Temporal.

EmbeddedTemporalError
├── AlreadyRunning    another process runs one for this state directory
├── PortTaken         its port is in use by somebody else
├── TemporalNotStarted  it did not come up
└── TemporalGaveUp      it died again and again
"""

from pathlib import Path

from mainspring.devserver.running import RunningTemporal


class EmbeddedTemporalError(Exception):
    """The embedded Temporal cannot run."""


class AlreadyRunning(EmbeddedTemporalError):
    """Another process holds the state directory; `running` says where it serves, once it does."""

    def __init__(self, state_dir: Path, running: RunningTemporal | None) -> None:
        found = (
            f"process {running.pid}, engine {running.address}, web page {running.ui_url}"
            if running
            else "it is still starting"
        )
        super().__init__(
            f"mainspring already runs in {state_dir} ({found}); "
            "stop it, or give this one another MAINSPRING_STATE_DIR"
        )
        self.state_dir = state_dir
        self.running = running


class PortTaken(EmbeddedTemporalError):
    """A port is in use; `variable` is the setting that chooses another."""

    def __init__(self, port: int, variable: str) -> None:
        super().__init__(f"port {port} is in use; set {variable} to another port, or to 0 for any free one")
        self.port = port
        self.variable = variable


class TemporalNotStarted(EmbeddedTemporalError):
    """The server ended, or was not healthy in time; `log_tail` is the end of what it said."""

    def __init__(self, reason: str, log: Path, log_tail: str) -> None:
        super().__init__(f"the embedded Temporal did not start: {reason}; {log} ends with:\n{log_tail}")
        self.log = log
        self.log_tail = log_tail


class TemporalGaveUp(EmbeddedTemporalError):
    """The server kept dying, and is not started again."""

    def __init__(self, restarts: int, log: Path, log_tail: str) -> None:
        super().__init__(
            f"the embedded Temporal died {restarts} times in a row; {log} ends with:\n{log_tail}"
        )
        self.restarts = restarts
        self.log_tail = log_tail
