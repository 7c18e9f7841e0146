"""Pushes to devices, by Firebase Cloud Messaging's HTTP v1 API."""

from mainspring.gateways.push.account import ServiceAccount
from mainspring.gateways.push.client import Push, open_push
from mainspring.gateways.push.errors import (
    AccountRefused,
    AnswerLost,
    PayloadRefused,
    PushLimited,
    TokenUnregistered,
)
from mainspring.gateways.push.message import PushMessage

__all__ = [
    "AccountRefused",
    "AnswerLost",
    "PayloadRefused",
    "Push",
    "PushLimited",
    "PushMessage",
    "ServiceAccount",
    "TokenUnregistered",
    "open_push",
]
