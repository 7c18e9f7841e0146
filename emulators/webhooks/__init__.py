"""Receivers of webhooks: they verify signatures, count, and fail on demand."""

from mainspring.emulators.webhooks.receiver import Fault, Receiver
from mainspring.emulators.webhooks.server import WebhookSandbox

__all__ = ["Fault", "Receiver", "WebhookSandbox"]
