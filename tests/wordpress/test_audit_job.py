"""Figures and facts of real WordPress: what its database says is what counts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fleet.engine.fleet import Fleet
from fleet.operations.audit import ConnectionPlugins, ConnectionTest, ListFeatures, ScanStatus
from fleet.operations.base import Query
from fleet.operations.facts import CoreFacts
from fleet.operations.figures import OPERATIONS, PluginUpdates, SiteData
from fleet.results import Status
from tests.wordpress.fleets import fleet_of
from tests.wordpress.site import WordPressSite
from tests.wordpress.stack import WordPressStack


@pytest.fixture
def layouts(wordpress: WordPressStack) -> dict[str, WordPressSite]:
    """Return the three permalink layouts."""
    return {
        "pretty": wordpress.pretty,
        "plain": wordpress.plain,
        "subdirectory": wordpress.subdirectory,
    }


@pytest.fixture
def fleet(layouts: Mapping[str, WordPressSite], tmp_path: Path) -> Fleet:
    return fleet_of(tmp_path, layouts)


async def read(
    fleet: Fleet, query: Query, layouts: Mapping[str, WordPressSite]
) -> list[Mapping[str, Any]]:
    """Return what a query found on each site, having written nothing."""
    report = await fleet.run(query)
    assert {result.status for result in report.results} == {Status.UNCHANGED}
    for site in layouts.values():
        assert site.writes() == []
    return [result.data for result in report.results]


@pytest.mark.parametrize("figure", OPERATIONS)
async def test_each_figure_is_had_or_has_a_reason(
    figure: type[Query], fleet: Fleet, layouts: Mapping[str, WordPressSite]
) -> None:
    for data in await read(fleet, figure(), layouts):
        (value,) = data.values()
        assert value["value"] is not None or value["reason"]


async def test_updates_are_those_that_wait(
    fleet: Fleet, layouts: Mapping[str, WordPressSite]
) -> None:
    for number, site in enumerate(layouts.values()):
        site.set_option("contract_updates", number)
    found = await read(fleet, PluginUpdates(), layouts)
    assert [data["updates"]["value"] for data in found] == [0, 1, 2]


async def test_a_site_without_a_connection_is_not_asked_for_its_data(
    fleet: Fleet, layouts: Mapping[str, WordPressSite]
) -> None:
    for data in await read(fleet, SiteData(), layouts):
        assert data["site"]["value"] is None
    for site in layouts.values():
        assert [seen for seen in site.access_log() if seen.path.endswith("jetpack/v4/site")] == []


@pytest.mark.parametrize(
    "query", [ConnectionTest(), ConnectionPlugins(), ListFeatures(), ScanStatus()]
)
async def test_a_route_that_is_not_there_is_unsupported(query: Query, fleet: Fleet) -> None:
    report = await fleet.run(query)
    assert {(result.status, result.kind) for result in report.results} == {
        (Status.BLOCKED, "jetpack.unsupported")
    }


async def test_facts_are_those_of_the_database(
    fleet: Fleet, layouts: Mapping[str, WordPressSite]
) -> None:
    for site in layouts.values():
        site.set_option("timezone_string", "Europe/Oslo")
    found = await read(fleet, CoreFacts(), layouts)
    for data, site in zip(found, layouts.values(), strict=True):
        assert data["timezone"]["value"] == "Europe/Oslo"
        assert data["users"]["value"]["roles"] == {"administrator": 1, "editor": 1}
        assert data["theme"]["value"]["folder"] == site.option("stylesheet")
        active = site.option("active_plugins")
        assert isinstance(active, list | dict)
        assert data["plugins"]["value"]["active"] == len(active)


async def test_facts_without_a_right_are_null(wordpress: WordPressStack, tmp_path: Path) -> None:
    """An administrator may lose a right to a plugin for roles; here it is not to list users."""
    site = wordpress.pretty
    roles = site.option("wp_user_roles")
    assert isinstance(roles, dict)
    roles["administrator"]["capabilities"]["list_users"] = False
    site.set_option("wp_user_roles", roles)
    (data,) = await read(fleet_of(tmp_path, {"one": site}), CoreFacts(), {"one": site})
    assert data["users"]["value"] is None
    assert "refuses" in data["users"]["reason"]
    assert data["plugins"]["value"]
