"""Run Claude by itself: `python -m mainspring.emulators.claude --key mine`."""

import argparse

from mainspring.emulators.alone import options_of, run_alone
from mainspring.emulators.claude.server import ClaudeEmulator


def make(chosen: argparse.Namespace) -> ClaudeEmulator:
    """Return the emulator."""
    return ClaudeEmulator(key=chosen.key, port=chosen.port)


if __name__ == "__main__":
    options = options_of("claude", __doc__)
    options.add_argument("--key", default="emulator", help="the only key that is accepted")
    run_alone(options, make)
