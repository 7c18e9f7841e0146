"""Run the price service by itself: `python -m mainspring.emulators.justtcg --port 8701`."""

import argparse

from mainspring.emulators.alone import options_of, run_alone
from mainspring.emulators.justtcg.app import PREFIX
from mainspring.emulators.justtcg.server import JustTcgEmulator


def make(chosen: argparse.Namespace) -> JustTcgEmulator:
    """Return the emulator with the keys that were given."""
    emulator = JustTcgEmulator(seed=chosen.seed, port=chosen.port)
    for key in chosen.key:
        name, _, plan = key.partition("=")
        emulator.add_key(name, plan or "Free Tier")
    return emulator


if __name__ == "__main__":
    options = options_of("justtcg", __doc__)
    options.add_argument("--seed", type=int, default=0, help="decides prices and chance")
    options.add_argument("--key", action="append", default=[], metavar="KEY=PLAN", help="a key to give out")
    run_alone(options, make, PREFIX)
