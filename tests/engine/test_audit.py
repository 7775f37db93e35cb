"""Figures and audits of simulated sites of every era, in every state of their connection."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fleet.operations.audit import (
    ConnectionPlugins,
    ConnectionTest,
    ListFeatures,
    ListPlugins,
    ScanStatus,
)
from fleet.operations.base import Query
from fleet.operations.facts import CoreFacts
from fleet.operations.figures import (
    OPERATIONS,
    AkismetSpam,
    LastBackup,
    MonitorDowntime,
    PluginUpdates,
    ProtectBlocked,
    SiteData,
    VerificationServices,
)
from fleet.results import SiteResult, Status
from fleet.simulator.auth import SimUser
from fleet.simulator.eras import ERAS
from fleet.simulator.faults import Fault
from fleet.simulator.site import DEFAULT_USERS, SiteSpec
from tests.engine.simulated import simulated

STATES = ("offline", "unconnected", "connected")
APART = {"offline": "jetpack.offline", "unconnected": "jetpack.not_connected"}
NOT_CONNECTED = {"value": None, "reason": "the site is not connected to WordPress.com"}
OFF = {"value": None, "reason": "the module is not active"}
MODERN = [era for era in ERAS if ERAS[era].application_passwords]

every_state = pytest.mark.parametrize("state", STATES)
every_era = pytest.mark.parametrize("era", ERAS)


async def read(folder: Path, query: Query, spec: SiteSpec) -> SiteResult:
    """Return what a query found on a site, having changed nothing there."""
    async with simulated(folder, spec) as running:
        (result,) = (await running.fleet.run(query)).results
        assert running.site(spec.name).ledger == []
        assert result.usage.writes == 0
        assert all(user.address not in repr(result) for user in spec.users)
        return result


async def data(folder: Path, query: Query, spec: SiteSpec) -> Mapping[str, Any]:
    result = await read(folder, query, spec)
    assert (result.status, result.kind) == (Status.UNCHANGED, None)
    return result.data


@every_state
@every_era
async def test_updates_and_verification_are_told_in_any_state(
    era: str, state: str, tmp_path: Path
) -> None:
    modules, options = ("verification-tools",), {"google": "abc"}
    spec = SiteSpec("shop", era=era, connection=state, updates=3, modules=modules, options=options)
    assert await data(tmp_path, PluginUpdates(), spec) == {
        "updates": {"value": 3, "unit": "plugins to update"}
    }
    assert await data(tmp_path, VerificationServices(), spec) == {
        "verification": {"value": ["Google"], "unit": "services"}
    }


@every_state
@every_era
@pytest.mark.parametrize("figure", OPERATIONS)
async def test_what_is_switched_off_is_null_and_never_zero(
    figure: type[Query], era: str, state: str, tmp_path: Path
) -> None:
    spec = SiteSpec("shop", era=era, connection=state, modules=())
    found = await data(tmp_path, figure(), spec)
    (value,) = found.values()
    if figure in (ProtectBlocked, MonitorDowntime, VerificationServices, AkismetSpam, LastBackup):
        assert value == OFF
    elif figure is SiteData and state != "connected":
        assert value == NOT_CONNECTED
    else:
        assert value["value"] is not None


@every_state
@every_era
async def test_protect_counts_where_it_is_on(era: str, state: str, tmp_path: Path) -> None:
    spec = SiteSpec("shop", era=era, connection=state, modules=("protect",))
    found = await data(tmp_path, ProtectBlocked(), spec)
    assert isinstance(found["protect"]["value"], int)


@every_state
@every_era
async def test_monitor_is_not_told_without_wordpress_com(
    era: str, state: str, tmp_path: Path
) -> None:
    spec = SiteSpec("shop", era=era, connection=state, modules=("monitor",))
    found = (await data(tmp_path, MonitorDowntime(), spec))["monitor"]
    assert (found["value"] is None) == (state != "connected")


@every_state
@every_era
async def test_the_connection_is_tested_from_6_8_on(era: str, state: str, tmp_path: Path) -> None:
    result = await read(tmp_path, ConnectionTest(), SiteSpec("shop", era=era, connection=state))
    if ERAS[era].number < (6, 8):
        assert (result.status, result.kind) == (Status.BLOCKED, "jetpack.unsupported")
        return
    both = ["outbound_http", "outbound_https"]
    told: Any = result.data["connection_test"]
    assert result.status is Status.UNCHANGED
    assert told["failed"] == ([] if state == "connected" else both)
    assert told["passed"] == (state == "connected")
    assert (told["run"] == both) == (state == "connected" and era == "16.1")


@every_state
@every_era
@pytest.mark.parametrize(
    ("query", "since"), [(ListFeatures(), (5, 1)), (ScanStatus(), (8, 5))], ids=["features", "scan"]
)
async def test_what_wordpress_com_knows_needs_a_connection(
    query: Query, since: tuple[int, int], era: str, state: str, tmp_path: Path
) -> None:
    result = await read(tmp_path, query, SiteSpec("shop", era=era, connection=state))
    kind = "jetpack.unsupported" if ERAS[era].number < since else APART.get(state)
    assert result.kind == kind
    assert result.status is (Status.BLOCKED if kind else Status.UNCHANGED)


async def test_features_and_threats_are_those_of_the_plan(tmp_path: Path) -> None:
    spec = SiteSpec("shop", plan="security")
    assert await data(tmp_path, ListFeatures(), spec) == {
        "features": {"active": ["antispam", "scan"], "available": []}
    }
    scan = (await data(tmp_path, ScanStatus(), spec))["scan"]
    assert scan["state"] == "idle"
    assert scan["threats"]["unit"] == "threats"


@every_state
@every_era
async def test_plugins_are_listed_in_any_state(era: str, state: str, tmp_path: Path) -> None:
    spec = SiteSpec("shop", era=era, connection=state)
    listed = (await data(tmp_path, ListPlugins(), spec))["plugins"]
    assert {(row["file"], row["active"]) for row in listed} == {
        ("akismet/akismet.php", False),
        ("hello.php", False),
        ("jetpack/jetpack.php", True),
    }
    assert ERAS[era].jetpack in {row["version"] for row in listed}


@every_state
@every_era
async def test_plugins_that_share_the_connection_are_listed_from_8_6_on(
    era: str, state: str, tmp_path: Path
) -> None:
    result = await read(tmp_path, ConnectionPlugins(), SiteSpec("shop", era=era, connection=state))
    if ERAS[era].number < (8, 6):
        assert (result.status, result.kind) == (Status.BLOCKED, "jetpack.unsupported")
    else:
        assert result.data == {"connection_plugins": [{"name": "Jetpack", "slug": "jetpack"}]}


@every_state
@every_era
async def test_facts_of_wordpress_are_told_as_far_as_its_release_tells_them(
    era: str, state: str, tmp_path: Path
) -> None:
    found = await data(tmp_path, CoreFacts(), SiteSpec("shop", era=era, connection=state))
    assert found["plugins"] == {"value": {"active": 1, "inactive": 2}, "unit": "plugins"}
    assert found["users"]["value"] == {"total": 2, "roles": {"administrator": 1, "editor": 1}}
    assert (found["timezone"]["value"], found["language"]["value"]) == ("UTC", "en_US")
    assert (found["theme"]["value"] is None) == (era not in MODERN)
    told = ERAS[era].wordpress if era == "16.1" else None
    assert found["wordpress"]["value"] == told
    assert "reason" in found["php"] or era == "16.1"


@every_state
@every_era
async def test_health_is_told_where_wordpress_tells_it(
    era: str, state: str, tmp_path: Path
) -> None:
    spec = SiteSpec("shop", era=era, connection=state)
    health = (await data(tmp_path, CoreFacts(health=True), spec))["health"]["value"]
    told = {name: status for name, status in health.items() if isinstance(status, str)}
    assert len(told) == {"4.3": 0, "6.1": 0, "8.9": 4}.get(era, 5)
    bad = [name for name, status in told.items() if status != "good"]
    assert bad == (["dotorg-communication"] if told and state != "connected" else [])


async def test_a_crowd_is_counted_with_a_handful_of_requests(tmp_path: Path) -> None:
    crowd = tuple(SimUser(f"guest{number}", "x", "subscriber") for number in range(130))
    spec = SiteSpec("shop", users=(*DEFAULT_USERS, *crowd))
    async with simulated(tmp_path, spec) as running:
        (result,) = (await running.fleet.run(CoreFacts())).results
        asked = running.site("shop").count("GET", "/wp/v2/users")
    users: Any = result.data["users"]
    assert users["value"]["total"] == 132
    assert users["value"]["roles"]["subscriber"] == 130
    assert asked == 6


@pytest.mark.parametrize("kind", ["no_rest", "server_error", "html"])
async def test_a_closed_users_route_costs_the_users_only(kind: str, tmp_path: Path) -> None:
    fault = Fault(kind, where="/wp/v2/users")
    spec = SiteSpec("shop", faults=(fault,))
    async with simulated(tmp_path, spec) as running:
        (result,) = (await running.fleet.run(CoreFacts())).results
    found: Any = result.data
    assert found["users"]["value"] is None
    assert found["users"]["reason"]
    assert found["theme"]["value"]["folder"] == "harbour-child"
