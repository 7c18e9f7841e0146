"""Run the stand-in by itself: `python -m mainspring.emulators.justtcg --port 8701`."""

import argparse
import asyncio
import contextlib

from mainspring.emulators.justtcg.app import PREFIX
from mainspring.emulators.justtcg.server import JustTcgEmulator
from mainspring.emulators.serving import serve_alone


async def serve(port: int, seed: int, keys: list[str]) -> None:
    """Serve until interrupted, and say where."""
    sandbox = JustTcgEmulator(seed=seed, port=port)
    for key in keys:
        name, _, plan = key.partition("=")
        sandbox.add_key(name, plan or "Free Tier")
    await serve_alone(sandbox, PREFIX)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m mainspring.emulators.justtcg", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=0, help="decides prices and chance")
    parser.add_argument("--key", action="append", default=[], metavar="KEY=PLAN", help="a key to give out")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, options.seed, options.key))


if __name__ == "__main__":
    main()
