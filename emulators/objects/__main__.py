"""Run the object storage by itself: `python -m mainspring.emulators.objects --key mine`."""

import argparse

from mainspring.emulators.alone import options_of, run_alone
from mainspring.emulators.objects.server import ObjectStoreEmulator


def make(chosen: argparse.Namespace) -> ObjectStoreEmulator:
    """Return the emulator, which makes each bucket when the bucket is first named."""
    return ObjectStoreEmulator(access_key=chosen.key, port=chosen.port)


if __name__ == "__main__":
    options = options_of("objects", __doc__)
    options.add_argument("--key", default="emulator", help="the access key, and the secret key")
    run_alone(options, make)
