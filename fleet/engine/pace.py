"""How many sites of one server may be worked on at once, learnt from how it answers.

A lane begins small and doubles with each round of good answers, until the first sign of trouble;
from then on it grows by one a round. Trouble is a 429, a 5xx, a time-out, or answers that take
much longer than they did at best. It halves the limit, once for all that was under way then.
Nothing here knows a clock or a network.
"""

from __future__ import annotations

import math
from typing import Final

__all__ = ["Pace"]

_SHARE: Final = 0.25
"""Weight of the newest answer in the moving average."""

_WINDOW: Final = 64
"""Answers of which the quickest is the baseline, together with the ones before."""

_TIMES: Final = 4.0
_SECONDS: Final = 1.0
"""Latency has risen when it is this many times the baseline, and this many seconds above it: the
answers of one site differ by much, and a busy machine of our own adds to each."""


class Pace:
    """The limit of one lane: additive up, halved down, never below 1.

    Args:
        first: Sites at once to begin with.
        most: Sites at once that it never exceeds.
    """

    __slots__ = ("_before", "_best", "_limit", "_most", "_rest", "_seen", "_short", "rising")

    def __init__(self, first: int, most: int) -> None:
        self._most = most
        self._limit = float(max(1, min(first, most)))
        self.rising = True
        self._rest = 0
        self._short = 0.0
        self._seen = 0
        self._best = self._before = math.inf

    @property
    def limit(self) -> int:
        """Return how many sites may be worked on at once."""
        return int(self._limit)

    def good(self, seconds: float) -> None:
        """Count an answer without trouble.

        Args:
            seconds: How long it took.
        """
        if self._slow(seconds):
            self.bad()
            return
        self._rest = max(0, self._rest - 1)
        step = 1.0 if self.rising else 1.0 / self._limit
        self._limit = min(float(self._most), self._limit + step)

    def bad(self) -> None:
        """Count a sign of trouble; those that were under way with the last one count once."""
        if self._rest:
            self._rest -= 1
            return
        self._rest = self.limit
        self._limit = max(1.0, self._limit / 2)
        self.rising = False

    def _slow(self, seconds: float) -> bool:
        self._short += (seconds - self._short) * (_SHARE if self._seen else 1.0)
        self._seen += 1
        if self._seen % _WINDOW == 0:
            # A server that has become slower for good is not held to what it once was.
            self._before, self._best = self._best, math.inf
        self._best = min(self._best, seconds)
        baseline = min(self._best, self._before)
        return self._short > max(_TIMES * baseline, baseline + _SECONDS)
