"""How close a run comes to the time that latency alone would take."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.lab import Lab
from benchmarks.table import Row, row
from fleet.inventory.model import Inventory

__all__ = ["latency_bound", "simulating"]


def latency_bound(lab: Lab) -> Sequence[Row]:
    """Return the time of a run as a multiple of requests x latency / concurrency."""
    sites, concurrency, latency = lab.size(1000, 60), lab.size(100, 20), 0.1
    with lab.fresh() as folder, simulating(folder, sites, latency) as urls:
        done = lab.ours(urls, folder, concurrency=concurrency)
    ideal = done.requests * latency / concurrency
    told = f"{sites} sites, {done.requests} requests, {done.seconds:.1f} s, latency {ideal:.1f} s"
    return (
        Row("100 ms latency", told),
        row("100 ms latency: time / latency alone", done.seconds / ideal, "x", most=1.15),
    )


@contextmanager
def simulating(folder: Path, sites: int, latency: float) -> Iterator[dict[str, str]]:
    """Yield the sites, name to address, of a simulator in a process of its own."""
    command = [
        *(sys.executable, "-m", "fleet", "simulate", "--healthy", "--folder", str(folder)),
        *("--sites", str(sites), "--latency", str(latency)),
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            assert re.search(r"FLEET_PASSWORD=\S+", server.stdout.readline())
            inventory = Inventory.load([folder / "inventory.yaml"])
            yield {name: str(site.url) for name, site in inventory.sites.items()}
        finally:
            server.terminate()
