"""Run the receivers alone: `python -m mainspring.emulators.webhooks`. Without secrets they verify nothing."""

import asyncio
import contextlib

from mainspring.emulators.serving import serve_alone
from mainspring.emulators.webhooks.server import WebhookEmulator

if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_alone(WebhookEmulator()))
