"""What a repository needs to test its jobs, explained in docs/testing.md.

`fixtures.py` is a pytest plugin: a service with a worker on a temporary database and Temporal server, with
emulators of the outside world and a clock that tests move. The parts can be used without the plugin.
"""

from mainspring.testing.eventually import eventually
from mainspring.testing.service import ServiceUnderTest, idle_service
from mainspring.testing.shifted_clock import ShiftedClock
from mainspring.testing.simulated_clock import SimulatedClock

__all__ = ["ServiceUnderTest", "ShiftedClock", "SimulatedClock", "eventually", "idle_service"]
