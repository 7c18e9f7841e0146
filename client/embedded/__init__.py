"""The embedded Temporal dev server: a supervised child of this process, its files in the state directory."""

from mainspring.client.embedded.engine import EmbeddedEngine
from mainspring.client.embedded.errors import (
    AlreadyRunning,
    EmbeddedEngineError,
    EngineGaveUp,
    EngineNotStarted,
    PortTaken,
)
from mainspring.client.embedded.running import RunningEngine, running_engine

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
