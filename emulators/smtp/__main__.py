"""Run the mail server by itself: `python -m mainspring.emulators.smtp --port 8725 --keep mails`."""

import argparse
from pathlib import Path

from mainspring.emulators.alone import options_of, run_alone
from mainspring.emulators.smtp.faults import MailFault
from mainspring.emulators.smtp.server import SmtpEmulator


def make(chosen: argparse.Namespace) -> SmtpEmulator:
    """Return the emulator with the faults that were ordered."""
    emulator = SmtpEmulator(port=chosen.port, keep=chosen.keep)
    emulator.faults.at_rate(chosen.rate, *chosen.fault, seed=chosen.seed)
    return emulator


if __name__ == "__main__":
    options = options_of("smtp", __doc__)
    options.add_argument("--keep", type=Path, help="a folder in which each accepted mail is an .eml file")
    options.add_argument("--rate", type=float, default=0.0, help="the share of mails that go wrong")
    options.add_argument("--fault", type=MailFault, action="append", default=[], help="in one of these ways")
    options.add_argument("--seed", type=int, default=0, help="decides which")
    run_alone(options, make)
