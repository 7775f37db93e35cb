"""Reads of one visit share a connection; each write has one of its own.

The other end of the socket counts: a connection is known by the port it comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from fleet.operations.base import Task
from fleet.operations.modules import ActivateModules, DeactivateModules
from fleet.operations.stats import CollectStats
from fleet.results import Status
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import SiteSpec
from tests.engine.simulated import simulated


class Counting(SimulatorServer):
    """Notes over which connection each request came."""

    seen: list[tuple[str, str, int]]

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        port = request.transport.get_extra_info("peername")[1]
        self.seen.append((request.method, request.path, port))
        return await super()._serve(request)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """Return the method, path and connection of each request, as they come."""
    found: list[tuple[str, str, int]] = []
    monkeypatch.setattr(Counting, "seen", found, raising=False)
    monkeypatch.setattr("tests.engine.simulated.SimulatorServer", Counting)
    return found


def ports(seen: list[tuple[str, str, int]], wanted: Callable[[str, str], bool]) -> list[int]:
    return [port for method, path, port in seen if wanted(method, path)]


async def test_all_reads_of_a_visit_share_one_connection(
    tmp_path: Path, seen: list[tuple[str, str, int]]
) -> None:
    async with simulated(tmp_path, SiteSpec("shop", connection="connected")) as sim:
        report = await sim.fleet.run(CollectStats())
    assert report.results[0].usage.requests == len(seen) > 10
    assert len({port for _, _, port in seen}) == 1


@pytest.mark.parametrize(
    ("task", "writes"),
    [
        pytest.param(ActivateModules(("latex", "sitemaps")), 1, id="in one request"),
        pytest.param(DeactivateModules(("stats",)), 1, id="by its own route"),
    ],
)
async def test_each_write_has_a_connection_of_its_own(
    task: Task, writes: int, tmp_path: Path, seen: list[tuple[str, str, int]]
) -> None:
    """So none is lost on a connection that the server was just about to close."""
    spec = SiteSpec("shop", connection="connected", modules=("stats",))
    async with simulated(tmp_path, spec) as sim:
        report = await sim.fleet.run(task)
    assert report.results[0].status is Status.CHANGED
    written = ports(seen, lambda method, path: method == "POST" and "wp-login" not in path)
    others = ports(seen, lambda method, path: method != "POST" or "wp-login" in path)
    assert len(written) == len(set(written)) == writes
    assert len(set(others)) == 1
    assert set(written).isdisjoint(others)
