"""What ten times the sites cost: time and memory of one whole command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.command import Cost, measured
from benchmarks.lab import Lab
from benchmarks.recording import recorded
from benchmarks.sites import Work, inventory_files, urls
from benchmarks.table import Row, row

__all__ = ["growing"]

_CONCURRENCY = "200"
_ALONE = ("--processes", "1")


def growing(lab: Lab) -> Sequence[Row]:
    """Return how time and peak memory grow from few sites to ten times as many."""
    few = lab.size(10_000, 20)
    with lab.stub(recorded(Work.STATUS)) as stub:
        many = urls(10 * few, stub.port)
        small = _command(lab, urls(few, stub.port), _ALONE)
        large, shared = _command(lab, many, _ALONE), _command(lab, many)
    told = (
        f"{small.seconds:.1f} s and {small.peak:.0f} MB,"
        f" then {large.seconds:.1f} s and {large.peak:.0f} MB"
    )
    name = f"{few} to {10 * few} sites"
    together = f"{shared.seconds:.1f} s and {shared.peak:.0f} MB in all"
    return (
        Row(f"{name}: connection.status, one process", told),
        row(f"{name}: time", large.seconds / small.seconds, "x", most=11),
        row(f"{name}: more memory at the peak", large.peak - small.peak, "MB", most=60),
        row(f"{name}: memory at the peak", large.peak, "MB", most=250),
        Row(f"{10 * few} sites: as many processes as by itself", together),
    )


def _command(lab: Lab, sites: Mapping[str, str], also: Sequence[str] = ()) -> Cost:
    with lab.fresh() as folder:
        files = [f"--inventory={path}" for path in inventory_files(sites, folder)]
        command = ["run", "connection.status", *files, "-q", "-c", _CONCURRENCY, *also]
        report = folder / "report.jsonl"
        cost = measured([*command, "-o", f"jsonl={report}"], folder)
        if (read := sum(1 for _ in _results(report))) != len(sites):
            raise RuntimeError(f"only {read} of {len(sites)} sites were read to the end")
        return cost


def _results(report: Path) -> Iterator[str]:
    with report.open() as lines:
        yield from (line for line in lines if '"unchanged"' in line and '"site"' in line)
