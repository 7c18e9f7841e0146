"""Receivers of webhooks: they verify signatures, count, and fail on demand."""

from sandbox.webhooks.receiver import Fault, Receiver
from sandbox.webhooks.server import WebhookSandbox

__all__ = ["Fault", "Receiver", "WebhookSandbox"]
