"""Many processes by Dask: how much faster they are, and what a dead one loses."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.lab import Lab
from benchmarks.table import Row

__all__ = ["clustered"]


def clustered(lab: Lab) -> Sequence[Row]:
    """Return rows that say that there is nothing to measure: there is no such engine yet."""
    del lab
    return (
        Row("Dask: 4 workers / 1 worker", "not built", ">= 3.2 x", "unknown"),
        Row("Dask: sites lost by kill -9 of a worker", "not built", "<= 0", "unknown"),
        Row("Dask: writes made twice by kill -9", "not built", "<= 0", "unknown"),
    )
