"""Receivers of webhooks: they verify signatures, count, and fail on demand."""

from mainspring.emulators.webhooks.receiver import Fault, Receiver
from mainspring.emulators.webhooks.server import WebhookEmulator

__all__ = ["Fault", "Receiver", "WebhookEmulator"]
