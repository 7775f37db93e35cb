"""Many processes by Dask: how much faster they are, and what a dead one loses.

The scheduler, the workers, PostgreSQL and the struck simulator are those of the tests.
"""

from __future__ import annotations

import asyncio
import importlib.util
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from benchmarks.lab import Lab
from benchmarks.sites import PASSWORD
from benchmarks.table import Row, row
from fleet.simulator.fleets import PASSWORD_VARIABLE, inventory_text
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import SiteSpec
from fleet.simulator.wire import SimRequest
from tests.dask.cluster import cluster
from tests.journal.postgres import missing_parts, started
from tests.local.processes import Snare, fleet

__all__ = ["clustered"]

_FASTER = "Dask: 4 workers / 1 worker"
_LOST = "Dask: sites lost by kill -9 of a worker"
_TWICE = "Dask: writes made twice by kill -9"
_WORKERS = 4
_LATENCY = 0.2
_AT_ONCE = 2
"""Sites that one worker visits at once: so few that it waits for them most of the time."""


def clustered(lab: Lab) -> Sequence[Row]:
    """Return what four workers gain, and what one that is killed costs."""
    lacking = missing_parts()
    if importlib.util.find_spec("distributed") is None:
        lacking = "not installed: pip install -e '.[dask]'"
    if lacking:
        targets = {_FASTER: ">= 3.2 x", _LOST: "<= 0", _TWICE: "<= 0"}
        return [Row(name, lacking, target, "unknown") for name, target in targets.items()]
    workers = lab.size(_WORKERS, 2)
    with started() as server:
        stores = [server.url(server.new_database()) for _ in range(2)]
        with lab.fresh() as folder:
            one, many = asyncio.run(_seconds(folder, stores[0], lab.size(80, 4), workers))
        with lab.fresh() as folder:
            lost, twice = asyncio.run(_killed(folder, stores[1], lab.size(200, 12), workers))
    return (
        row(_FASTER, one / many, "x", least=3.2),
        row(_LOST, lost, "", most=0),
        row(_TWICE, twice, "", most=0),
    )


async def _seconds(folder: Path, store: str, count: int, workers: int) -> tuple[float, float]:
    """Return what a run takes with one worker and with all of them."""
    world, found = Snare(), []
    async with SimulatorServer(world, latency=_LATENCY) as server:
        _place(folder, world, server, count)
        with cluster(folder, _environ(store)) as made:
            for missing in (1, workers - 1):
                for _ in range(missing):
                    await asyncio.to_thread(made.add)
                # What a worker imports once is not what a run takes.
                await _run(folder, store, made.address, count, ["run", "connection.status"])
                began = time.perf_counter()
                await _run(folder, store, made.address, count, ["run", "modules.list"])
                found.append(time.perf_counter() - began)
    return found[0], found[1]


async def _killed(folder: Path, store: str, count: int, workers: int) -> tuple[int, int]:
    """Return how many sites were not changed, and how many were more than once."""
    world = Snare()
    async with SimulatorServer(world) as server:
        _place(folder, world, server, count)
        with cluster(folder, _environ(store)) as made:
            for _ in range(workers):
                await asyncio.to_thread(made.add)
            world.arm(made.workers[0].kill, _is_write, after=count // 3)
            words = ["run", "modules.activate", "--modules", "sitemaps"]
            await _run(folder, store, made.address, count, words)
    if not world.sprung.is_set():
        raise RuntimeError("no worker was killed, so nothing was measured")
    writes = [len(site.ledger) for site in world]
    return writes.count(0), sum(each > 1 for each in writes)


def _place(folder: Path, world: Snare, server: SimulatorServer, count: int) -> None:
    """Put sites into the world and into an inventory, each with a server of its own."""
    specs = [SiteSpec(f"site-{number:03}", modules=("likes",)) for number in range(count)]
    for spec in specs:
        world.add(spec)
    document = yaml.safe_load(inventory_text(specs, server.base_url))
    for name, site in document["sites"].items():
        site.setdefault("labels", {})["host"] = name
    (folder / "inventory.yaml").write_text(yaml.safe_dump(document))


async def _run(folder: Path, store: str, scheduler: str, count: int, words: Iterable[str]) -> None:
    part = max(1, count // (4 * _WORKERS))
    shared = ["--engine", "dask", "--scheduler", scheduler, "--part", str(part), "-q"]
    ended = await fleet(
        folder, *words, *shared, "--no-session-cache", "-c", str(_AT_ONCE), FLEET_STORE=store
    )
    if ended.code:
        raise RuntimeError(f"fleet ended with {ended.code}: {ended.err[-1000:]}")


def _environ(store: str) -> dict[str, str]:
    return {PASSWORD_VARIABLE: PASSWORD, "FLEET_STORE": store}


def _is_write(request: SimRequest) -> bool:
    return request.method == "POST" and "module" in request.path
