"""Tests that run against any fleet: the real sites here, or those of ``FLEET_TEST_INVENTORY``.

They put back what they change. Run them on your own sites with
``FLEET_TEST_INVENTORY=inventory.yaml pytest -m live``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from fleet.engine.fleet import Fleet
from fleet.inventory.model import Inventory
from fleet.operations.base import Task
from fleet.operations.connection import ConnectionStatus
from fleet.operations.module_list import ListModules
from fleet.operations.modules import ActivateModules, DeactivateModules
from fleet.operations.settings import GetSettings
from fleet.operations.stats import CollectStats
from fleet.results import SiteResult, Status
from tests.wordpress.fleets import fleet_of

pytestmark = pytest.mark.live

HARMLESS = "latex"
"""A module that needs no connection, exists in every version, and changes no stored data."""


@pytest.fixture
def any_fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Fleet:
    """Return the fleet the environment names, or the real sites of this folder."""
    if named := os.environ.get("FLEET_TEST_INVENTORY"):
        return Fleet(Inventory.load([Path(named)]))
    stack = request.getfixturevalue("wordpress")
    return fleet_of(tmp_path, {"pretty": stack.pretty, "plain": stack.plain})


@pytest.mark.parametrize(
    "task",
    [
        pytest.param(ConnectionStatus(), id="connection.status"),
        pytest.param(ListModules(), id="modules.list"),
        pytest.param(GetSettings(), id="settings.get"),
        pytest.param(CollectStats(), id="stats.collect"),
    ],
)
async def test_queries_answer_for_every_site_and_write_nothing(
    any_fleet: Fleet, task: Task
) -> None:
    report = await any_fleet.run(task)
    assert {(r.site, r.status) for r in report.results} == {
        (name, Status.UNCHANGED) for name in any_fleet.inventory.sites
    }
    assert all(r.data for r in report.results)
    assert report.usage.writes == 0


async def test_a_module_is_switched_and_put_back(any_fleet: Fleet) -> None:
    before = await active_on(any_fleet)
    on, off = ActivateModules((HARMLESS,)), DeactivateModules((HARMLESS,))
    try:
        for task, good in ((on, True), (off, False), (on, True)):
            await any_fleet.run(task)
            assert set((await active_on(any_fleet)).values()) == {good}
            again = await any_fleet.run(task)
            assert {r.status for r in again.results} == {Status.UNCHANGED}
            assert again.usage.writes == 0
    finally:
        for task, state in ((on, True), (off, False)):
            names = [name for name, was in before.items() if was is state]
            if names:
                await any_fleet.run(task, any_fleet.inventory.select(sites=names))
    assert await active_on(any_fleet) == before


async def active_on(fleet: Fleet) -> dict[str, object]:
    report = await fleet.run(ListModules())
    return {result.site: _active(result) for result in _read(report.results)}


def _read(results: Iterable[SiteResult]) -> list[SiteResult]:
    found = list(results)
    assert {result.status for result in found} == {Status.UNCHANGED}
    return found


def _active(result: SiteResult) -> object:
    modules = result.data["modules"]
    assert isinstance(modules, dict)
    return modules[HARMLESS] == "active"
