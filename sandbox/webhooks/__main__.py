"""Run the receivers by themselves: `python -m sandbox.webhooks`. Without secrets they verify nothing."""

import asyncio
import contextlib

from sandbox.serving import serve_alone
from sandbox.webhooks.server import WebhookSandbox

if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_alone(WebhookSandbox()))
