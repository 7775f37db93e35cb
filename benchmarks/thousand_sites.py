"""How close a run comes to the time that latency alone would take.

``python -m benchmarks.thousand_sites`` serves simulated sites in a process of its own, collects
their statistics once, and prints the time beside the time of a run that costs nothing but
latency: requests x latency / concurrency.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from fleet.config import Limits, Settings
from fleet.engine.fleet import Fleet
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretResolver
from fleet.operations.stats import CollectStats
from fleet.results import RunReport, Status


def measured(sites: int, latency: float, concurrency: int) -> RunReport:
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [
                *(sys.executable, "-m", "fleet", "simulate", "--healthy", "--folder", folder),
                *("--sites", str(sites), "--latency", str(latency)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as server,
    ):
        assert server.stdout is not None
        (password,) = re.findall(r"FLEET_PASSWORD=(\S+)", server.stdout.readline())
        try:
            fleet = Fleet(
                Inventory.load([Path(folder) / "inventory.yaml"]),
                Settings(limits=Limits(concurrency=concurrency, per_host=concurrency)),
                resolver=SecretResolver({"FLEET_PASSWORD": password}),
            )
            return asyncio.run(fleet.run(CollectStats()))
        finally:
            server.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sites", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.1, help="seconds")
    parser.add_argument("--concurrency", type=int, default=100)
    options = parser.parse_args()
    report = measured(options.sites, options.latency, options.concurrency)
    usage = report.usage
    ideal = usage.requests * options.latency / options.concurrency
    print(f"sites      {options.sites} ({report.totals[Status.UNCHANGED]} read)")
    print(f"requests   {usage.requests} ({usage.requests / options.sites:.1f} for each site)")
    print(f"seconds    {usage.seconds:.1f}, latency alone {ideal:.1f}")
    print(f"ratio      {usage.seconds / ideal:.2f}")


if __name__ == "__main__":
    main()
