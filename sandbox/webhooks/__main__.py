"""Run the receivers alone: `python -m mainspring.sandbox.webhooks`. Without secrets they verify nothing."""

import asyncio
import contextlib

from mainspring.sandbox.serving import serve_alone
from mainspring.sandbox.webhooks.server import WebhookSandbox

if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_alone(WebhookSandbox()))
