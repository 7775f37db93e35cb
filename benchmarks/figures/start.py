"""Whole processes from start to exit: help, and loading an inventory of ten thousand sites."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from benchmarks.command import measured
from benchmarks.lab import Lab
from benchmarks.sites import inventory_text, urls
from benchmarks.table import Row, row

__all__ = ["starting"]


def starting(lab: Lab) -> Sequence[Row]:
    """Return medians of ``fleet --help`` and of loading, without and with a cache."""
    count = lab.size(10_000, 300)
    turns = lab.size(7, 2)
    with lab.fresh() as folder:
        path = folder / "inventory.yaml"
        path.write_text(inventory_text(urls(count, 80)))
        load = ["sites", "list", "-i", str(path), "--site", "site-000007"]

        def cold() -> float:
            with lab.fresh() as empty:
                return measured(load, empty).seconds

        def median(once: Callable[[], float]) -> float:
            return statistics.median(once() for _ in range(turns))

        helped = median(lambda: measured(["--help"], folder).seconds)
        slow = median(cold)
        measured(load, folder)
        fast = median(lambda: measured(load, folder).seconds)
    return (
        row("start: fleet --help", helped, "s", most=0.35),
        row(f"start: load {count} sites, cold", slow, "s", most=4),
        row(f"start: load {count} sites, cached", fast, "s", most=0.5),
    )
