"""The embedded Temporal dev server: a supervised child of this process, its files in the state directory."""

from mainspring.devserver.errors import (
    AlreadyRunning,
    EmbeddedTemporalError,
    PortTaken,
    TemporalGaveUp,
    TemporalNotStarted,
)
from mainspring.devserver.running import RunningTemporal, running_temporal
from mainspring.devserver.server import EmbeddedTemporal

__all__ = [
    "AlreadyRunning",
    "EmbeddedTemporal",
    "EmbeddedTemporalError",
    "PortTaken",
    "RunningTemporal",
    "TemporalGaveUp",
    "TemporalNotStarted",
    "running_temporal",
]
