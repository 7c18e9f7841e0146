"""An emulator of Claude that answers on loopback, by the schema it is asked for and the words it is given."""

from mainspring.emulators.claude.faults import ClaudeFault
from mainspring.emulators.claude.server import ClaudeEmulator

__all__ = ["ClaudeEmulator", "ClaudeFault"]
