"""Being told to stop."""

import asyncio
import signal
from contextlib import suppress


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGINT (Ctrl-C) or SIGTERM sets, instead of ending the process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(
            NotImplementedError
        ):  # Windows has no handlers in the loop; Ctrl-C ends it all the same
            loop.add_signal_handler(number, stop.set)
    return stop
