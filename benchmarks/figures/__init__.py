"""The figures, each a function from a lab to rows of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from benchmarks.figures.cluster import clustered
from benchmarks.figures.full import full_answers
from benchmarks.figures.growth import growing
from benchmarks.figures.holes import black_holes
from benchmarks.figures.latency import latency_bound
from benchmarks.figures.plan import warm_plan
from benchmarks.figures.start import starting
from benchmarks.lab import Lab
from benchmarks.table import Row

__all__ = ["FIGURES"]

FIGURES: Mapping[str, Callable[[Lab], Sequence[Row]]] = MappingProxyType(
    {
        "full": full_answers,
        "plan": warm_plan,
        "latency": latency_bound,
        "growth": growing,
        "holes": black_holes,
        "start": starting,
        "dask": clustered,
    }
)
"""Every figure by the name that ``--only`` takes, in the order of the table."""
