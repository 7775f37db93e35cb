"""How the work over hostile text grows with its length, without a word about absolute time."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["growth", "least"]

_TIMES = 16
_TRIES = 5


def growth(work: Callable[[str], object], text: Callable[[int], str], size: int) -> float:
    """Return how many times as long 16 times the text takes, divided by 16.

    That is about 1 for work that goes over the text once, and about 16 for work that begins
    again at each place. The best of several tries counts, in time of this thread alone.

    Args:
        work: What is done with the text.
        text: Makes a text of about a given number of characters.
        size: Characters of the short text.
    """
    short, long = text(size), text(size * _TIMES)
    return least(work, long) / least(work, short) / _TIMES


def least(work: Callable[[str], object], text: str) -> int:
    """Return the nanoseconds that `work` on `text` takes this thread, the best of several."""
    best: int | None = None
    for _ in range(_TRIES):
        started = time.thread_time_ns()
        work(text)
        spent = max(time.thread_time_ns() - started, 1)
        best = spent if best is None else min(best, spent)
    assert best is not None
    return best
