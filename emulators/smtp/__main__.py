"""Run the mail server by itself: `python -m mainspring.emulators.smtp --port 8725 --keep mails`."""

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path

from mainspring.emulators.smtp.faults import MailFault
from mainspring.emulators.smtp.server import SmtpEmulator


async def serve(options: argparse.Namespace) -> None:
    """Serve until interrupted, and say where."""
    async with SmtpEmulator(port=options.port, keep=options.keep) as sandbox:
        sandbox.faults.at_rate(options.rate, *options.fault, seed=options.seed)
        sys.stdout.write(f"smtp://{sandbox.host}:{sandbox.port}\n")
        sys.stdout.flush()
        await sandbox.wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m mainspring.emulators.smtp", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--keep", type=Path, help="a folder in which each accepted mail is an .eml file")
    parser.add_argument("--rate", type=float, default=0.0, help="the share of mails that go wrong")
    parser.add_argument("--fault", type=MailFault, action="append", default=[], help="in one of these ways")
    parser.add_argument("--seed", type=int, default=0, help="decides which")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options))


if __name__ == "__main__":
    main()
