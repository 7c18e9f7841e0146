"""The embedded Temporal dev server: a supervised child of this process, its files in the state directory."""

from mainspring.devserver.errors import (
    AlreadyRunning,
    EmbeddedEngineError,
    EngineGaveUp,
    EngineNotStarted,
    PortTaken,
)
from mainspring.devserver.running import RunningEngine, running_engine
from mainspring.devserver.server import EmbeddedEngine

__all__ = [
    "AlreadyRunning",
    "EmbeddedEngine",
    "EmbeddedEngineError",
    "EngineGaveUp",
    "EngineNotStarted",
    "PortTaken",
    "RunningEngine",
    "running_engine",
]
