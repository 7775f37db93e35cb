"""What ten times as many sites cost in time and memory: ``python -m benchmarks.memory``.

Each size runs in a process of its own: it loads the inventory, reads the state of Jetpack's
connection of each site with the journal on, and writes the report as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.recording import Exchange, record
from benchmarks.sites import USER, address, state_in
from benchmarks.stub import serving
from fleet.config import Limits, Settings
from fleet.engine.fleet import Fleet
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretResolver
from fleet.journal.journal import open_journal
from fleet.operations.connection import ConnectionStatus
from fleet.report.data import write_json
from fleet.results import RunReport, Status
from fleet.simulator.site import DEFAULT_USERS

__all__ = ["Cost", "cost_of", "exchanges", "main"]

_CONCURRENCY = 200
_PATIENCE = 3600


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run came to.

    Args:
        sites: How many sites it had.
        good: How many of them were read to the end.
        seconds: Wall clock of the run and its report, loading excluded.
        cpu: CPU seconds of that time.
        loaded: Memory in MB at its peak while the inventory was loaded, which parses its YAML.
        peak: Memory in MB at its peak afterwards, the whole process; where the system does not
            let the peak be reset, that of loading is in it.
        journal: Size of the journal and what lies beside it, in MB.
    """

    sites: int
    good: int
    seconds: float
    cpu: float
    loaded: float
    peak: float
    journal: float


def main() -> None:
    """Measure two sizes and print what the larger one costs more."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.port is None:
        _compare(options.sizes)
    else:
        cost = asyncio.run(_measured(options.sizes[0], options.port, options.folder))
        print(json.dumps(asdict(cost)))


def _compare(sizes: Sequence[int]) -> None:
    found = []
    with tempfile.TemporaryDirectory() as name:
        served = Path(name) / "stub"
        served.mkdir()
        with serving(exchanges(), served) as stub:
            for size in sizes:
                folder = Path(name) / str(size)
                folder.mkdir()
                found.append(cost_of(size, stub.port, folder))
                print(found[-1], flush=True)
    few, many = found[0], found[-1]
    if few is not many:
        grown = (many.peak - few.peak) * 1e6 / (many.sites - few.sites)
        print(f"time x {many.seconds / few.seconds:.2f}, CPU x {many.cpu / few.cpu:.2f}")
        print(f"loading: peak {few.loaded:.0f} MB and {many.loaded:.0f} MB")
        print(
            f"peak of the run +{many.peak - few.peak:.1f} MB: {grown:.0f} bytes for each site more"
        )


def exchanges() -> list[Exchange]:
    """Return what a run asks a site and what the site answers."""

    async def use(url: str) -> None:
        with tempfile.TemporaryDirectory() as name:
            report = await _run([("site", url)], Path(name))
            if report.totals[Status.UNCHANGED] != 1:
                raise RuntimeError(f"that does not end well on a simulated site: {report}")

    return asyncio.run(record(use))


def cost_of(sites: int, port: int, folder: Path) -> Cost:
    """Return what a run on so many sites of a stub costs, in a process of its own."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.memory",
            str(sites),
            f"--port={port}",
            f"--folder={folder}",
        ],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        text=True,
        timeout=_PATIENCE,
        check=True,
    )
    return Cost(**json.loads(done.stdout))


async def _measured(sites: int, port: int, folder: Path) -> Cost:
    """Return what the run costs in this process."""
    with state_in(folder):
        async with open_journal():
            pass
        inventory = _inventory(_named(sites, port), folder)
        loaded = _peak()
        _forget_peak()
        started, cpu = time.perf_counter(), time.process_time()
        report = await _carried_out(inventory)
        with (folder / "report.json").open("w") as file:
            write_json(report, file)
        seconds, spent = time.perf_counter() - started, time.process_time() - cpu
    good = report.totals[Status.UNCHANGED]
    return Cost(sites, good, seconds, spent, loaded, _peak(), _kept_in(folder))


def _kept_in(folder: Path) -> float:
    return sum(each.stat().st_size for each in folder.rglob("journal.db*")) / 1e6


def _forget_peak() -> None:
    """Let the peak be counted anew; Linux does that on request."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def _named(count: int, port: int) -> Iterator[tuple[str, str]]:
    for index in range(count):
        yield f"site-{index:06d}", f"http://{address(index)}:{port}/blog/"


def _inventory(sites: Iterator[tuple[str, str]], folder: Path) -> Inventory:
    path = folder / "inventory.yaml"
    with path.open("w") as file:
        file.write("version: 1\ndefaults:\n")
        auth = f'{{method: application-password, username: {USER}, password: "env:PW"}}'
        file.write(f"  auth: {auth}\nsites:\n")
        file.writelines(f"  {name}: {url}\n" for name, url in sites)
    return Inventory.load([path])


async def _run(sites: list[tuple[str, str]], folder: Path) -> RunReport:
    with state_in(folder):
        return await _carried_out(_inventory(iter(sites), folder))


async def _carried_out(inventory: Inventory) -> RunReport:
    limits = Limits(concurrency=_CONCURRENCY, per_host=_CONCURRENCY)
    resolver = SecretResolver({"PW": DEFAULT_USERS[0].application_passwords[0]})
    async with open_journal() as journal:
        fleet = Fleet(inventory, Settings(limits=limits), resolver=resolver, journal=journal)
        return await fleet.run(ConnectionStatus())


if __name__ == "__main__":
    main()
