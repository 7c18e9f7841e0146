"""Waiting for a quota, which is not a failure."""

from datetime import datetime

from mainspring.contracts.message import Message


class QuotaPause(Message):
    """Work stopped because a quota is used up; it can go on at `resumes_at`.

    `waiting_for` is for people: "daily quota of JustTCG".
    """

    waiting_for: str
    resumes_at: datetime
