"""Receivers of webhooks: they verify signatures, count, and fail on demand."""

from mainspring.sandbox.webhooks.receiver import Fault, Receiver
from mainspring.sandbox.webhooks.server import WebhookSandbox

__all__ = ["Fault", "Receiver", "WebhookSandbox"]
