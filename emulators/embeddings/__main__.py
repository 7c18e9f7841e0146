"""Run the embeddings by themselves: `python -m mainspring.emulators.embeddings --dimensions 384`."""

import argparse

from mainspring.emulators.alone import options_of, run_alone
from mainspring.emulators.embeddings.server import DIMENSIONS, PREFIX, EmbeddingsEmulator


def make(chosen: argparse.Namespace) -> EmbeddingsEmulator:
    """Return the emulator."""
    return EmbeddingsEmulator(key=chosen.key, dimensions=chosen.dimensions, port=chosen.port)


if __name__ == "__main__":
    options = options_of("embeddings", __doc__)
    options.add_argument("--key", default="emulator", help="the only key that is accepted")
    options.add_argument("--dimensions", type=int, default=DIMENSIONS, help="how long a vector is")
    run_alone(options, make, PREFIX)
