"""An emulator of the price service JustTCG: its API v1 over HTTP, real cards, synthetic prices."""

from mainspring.emulators.justtcg.faults import Fault, Faults
from mainspring.emulators.justtcg.server import JustTcgEmulator

__all__ = ["Fault", "Faults", "JustTcgEmulator"]
