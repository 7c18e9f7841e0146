"""Faults to order from an emulator: how often each is to strike, or one after the other."""

from collections.abc import Hashable
from random import Random
from typing import Generic, TypeVar

F = TypeVar("F", bound=Hashable)


class FaultCounts(Generic[F]):
    """Faults for the next calls, or for a share of all; the seed decides which."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)
        self._next: dict[F, int] = {}
        self._rates: dict[F, float] = {}

    def next(self, fault: F, calls: int = 1) -> None:
        """Let the next calls go wrong."""
        self._next[fault] = self._next.get(fault, 0) + calls

    def rate(self, fault: F, share: float) -> None:
        """Let a share (0 to 1) of the calls go wrong; 0 ends it."""
        self._rates[fault] = share

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._next.clear()
        self._rates.clear()

    def strikes(self, fault: F) -> bool:
        """Say whether the present call goes wrong in this way, and count it."""
        if self._next.get(fault, 0) > 0:
            self._next[fault] -= 1
            return True
        rate = self._rates.get(fault, 0.0)
        return rate > 0 and self._random.random() < rate


class FaultQueue(Generic[F]):
    """Faults for the next calls, one after the other."""

    def __init__(self) -> None:
        self._waiting: list[F | None] = []

    def next(self, *faults: F | None) -> None:
        """Let the next calls go wrong, one in each of these ways; None is a call that goes right."""
        self._waiting += faults

    def clear(self) -> None:
        """Let the next calls go right."""
        self._waiting.clear()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def take(self) -> F | None:
        """Return how the present call goes wrong, if it does, and count it."""
        return self._waiting.pop(0) if self._waiting else None
