"""The figures, each a function from a lab to rows of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from benchmarks.figures.full import full_answers
from benchmarks.figures.latency import latency_bound
from benchmarks.lab import Lab
from benchmarks.table import Row

__all__ = ["FIGURES"]

FIGURES: Mapping[str, Callable[[Lab], Sequence[Row]]] = MappingProxyType(
    {
        "full": full_answers,
        "latency": latency_bound,
    }
)
"""Every figure by the name that ``--only`` takes, in the order of the table."""
