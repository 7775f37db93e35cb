"""Connection, users, notices and capabilities against simulated sites of every era."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from fleet.operations.base import Task
from fleet.operations.capabilities import ShowCapabilities
from fleet.operations.connection import (
    ConnectionData,
    ConnectionUrl,
    Disconnect,
    RecheckSsl,
)
from fleet.operations.notices import DismissNotice
from fleet.operations.users import UnlinkUser
from fleet.report.data import render_json
from fleet.results import RunReport, SiteResult, Status
from fleet.simulator.auth import SimUser
from fleet.simulator.eras import ERAS
from fleet.simulator.faults import Fault
from fleet.simulator.site import SiteSpec
from tests.engine.simulated import ADMIN, simulated

EVERY_ERA = [pytest.param(era, id=f"Jetpack {era}") for era in ERAS]
APART = ["unconnected", "offline"]
BOSS = SimUser("boss", "tall-lantern-9", "administrator")
SECOND = (BOSS, ADMIN)
"""Users of a site whose connection belongs to another account than ours."""


def only(report: RunReport) -> SiteResult:
    (result,) = report.results
    return result


def every_era(connection: str = "connected", **more: object) -> list[SiteSpec]:
    return [
        SiteSpec(f"site-{era}", era=era, connection=connection, **more)  # type: ignore[arg-type]
        for era in ERAS
    ]


def part(result: SiteResult, name: str) -> Mapping[str, object]:
    value = result.data[name]
    assert isinstance(value, Mapping)
    return value


@pytest.mark.parametrize("connection", ["connected", *APART])
async def test_every_site_tells_its_routes_and_settings(connection: str, tmp_path: Path) -> None:
    async with simulated(tmp_path, *every_era(connection)) as running:
        report = await running.fleet.run(ShowCapabilities())
    assert report.totals[Status.UNCHANGED] == len(ERAS)
    for era, result in zip(ERAS, report.results, strict=True):
        assert "GET" in str(part(result, "routes")["/module/all"])
        assert ("carousel_background_color" in part(result, "settings")) == (era != "4.3")
        assert ("reason" in str(part(result, "counts")["settings"])) == (era == "4.3")


async def test_settings_are_shown_with_type_and_choices(tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("shop")) as running:
        shop = only(await running.fleet.run(ShowCapabilities()))
    settings = part(shop, "settings")
    assert settings["carousel_background_color"] == {
        "type": "string",
        "choices": ["black", "white"],
    }
    assert settings["sitemaps"] == {"type": "boolean"}


@pytest.mark.parametrize(
    ("connection", "step"), [("connected", "authorize"), ("unconnected", "register")]
)
async def test_the_address_for_connecting_is_masked_unless_revealed(
    connection: str, step: str, tmp_path: Path
) -> None:
    async with simulated(tmp_path, *every_era(connection)) as running:
        masked = await running.fleet.run(ConnectionUrl())
        shown = await running.fleet.run(ConnectionUrl(reveal=True))
    for hidden, revealed in zip(masked.results, shown.results, strict=True):
        assert (hidden.data["step"], revealed.data["step"]) == (step, step)
        bare, _, query = str(revealed.data["url"]).partition("?")
        assert query
        assert hidden.data["url"] == bare


@pytest.mark.parametrize(
    "task", [ConnectionUrl(reveal=True), ConnectionData()], ids=["url", "data"]
)
async def test_offline_sites_tell_neither_address_nor_account(task: Task, tmp_path: Path) -> None:
    async with simulated(tmp_path, *every_era("offline")) as running:
        report = await running.fleet.run(task)
    assert {(result.status, result.kind) for result in report.results} == {
        (Status.BLOCKED, "jetpack.offline")
    }


async def test_a_refusal_to_make_an_address_is_told(tmp_path: Path) -> None:
    spec = SiteSpec("shop", faults=(Fault("lie_applied", "/jetpack/v4/connection/url", ("GET",)),))
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(ConnectionUrl()))
    assert (result.status, result.kind, result.data) == (Status.FAILED, "jetpack.refused", {})


@pytest.mark.parametrize(
    ("users", "is_owner", "owner"),
    [
        pytest.param((ADMIN,), True, ADMIN.name, id="ours"),
        pytest.param(SECOND, False, "boss", id="another's"),
    ],
)
async def test_the_data_tell_whose_the_connection_is(
    users: tuple[SimUser, ...], is_owner: bool, owner: str, tmp_path: Path
) -> None:
    async with simulated(tmp_path, *every_era(users=users)) as running:
        report = await running.fleet.run(ConnectionData())
    assert "@" not in render_json(report)
    for era, result in zip(ERAS, report.results, strict=True):
        told = {name: result.data[name] for name in ("linked", "is_owner", "registered")}
        assert told == {"linked": True, "is_owner": is_owner, "registered": True}
        assert part(result, "permissions")["manage_options"] is True
        if era in ("4.3", "6.1") and not is_owner:
            assert "8.8" in str(part(result, "owner")["reason"])
        else:
            assert result.data["owner"] == owner


async def test_an_owner_called_by_an_address_is_not_named(tmp_path: Path) -> None:
    boss = SimUser("boss@site.example", "tall-lantern-9")
    async with simulated(tmp_path, SiteSpec("shop", users=(boss, ADMIN))) as running:
        report = await running.fleet.run(ConnectionData())
    assert "@" not in render_json(report)
    assert part(only(report), "owner")["value"] is None


async def test_nobody_is_linked_on_unconnected_sites(tmp_path: Path) -> None:
    async with simulated(tmp_path, *every_era("unconnected")) as running:
        report = await running.fleet.run(ConnectionData())
    for result in report.results:
        told = {name: result.data[name] for name in ("linked", "is_owner", "registered")}
        assert told == {"linked": False, "is_owner": False, "registered": False}
        assert part(result, "owner")["value"] is None


@pytest.mark.parametrize("era", EVERY_ERA)
async def test_a_site_is_disconnected_once(era: str, tmp_path: Path) -> None:
    spec = SiteSpec("shop", era=era, modules=("latex",))
    async with simulated(tmp_path, spec) as running:
        assert only(await running.fleet.run(Disconnect(), confirm=1)).status is Status.CHANGED
        again = only(await running.fleet.run(Disconnect(), confirm=1))
        assert (again.status, again.usage.writes) == (Status.UNCHANGED, 0)
        changes = [write.changes for write in running.site("shop").ledger]
        assert changes == [(("connection", "connected", "unconnected"),)]


@pytest.mark.parametrize("connection", APART)
async def test_disconnected_sites_are_sent_nothing(connection: str, tmp_path: Path) -> None:
    async with simulated(tmp_path, *every_era(connection)) as running:
        report = await running.fleet.run(Disconnect(), confirm=len(ERAS))
    assert report.totals[Status.UNCHANGED] == len(ERAS)
    assert report.usage.writes == 0


@pytest.mark.parametrize("era", EVERY_ERA)
async def test_a_user_is_unlinked_once_and_alone(era: str, tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("shop", era=era, users=SECOND)) as running:
        assert only(await running.fleet.run(UnlinkUser(), confirm=1)).status is Status.CHANGED
        again = only(await running.fleet.run(UnlinkUser(), confirm=1))
        assert (again.status, again.usage.writes) == (Status.UNCHANGED, 0)
        changes = [write.changes for write in running.site("shop").ledger]
        assert changes == [((f"users.{ADMIN.name}", True, False),)]


@pytest.mark.parametrize(
    ("connection", "status", "kind"),
    [
        pytest.param("connected", Status.BLOCKED, "jetpack.unsupported", id="the owner"),
        pytest.param("unconnected", Status.UNCHANGED, None, id="unconnected"),
        pytest.param("offline", Status.BLOCKED, "jetpack.offline", id="offline"),
    ],
)
async def test_nobody_is_unlinked_where_that_cannot_or_need_not_be(
    connection: str, status: Status, kind: str | None, tmp_path: Path
) -> None:
    async with simulated(tmp_path, *every_era(connection)) as running:
        report = await running.fleet.run(UnlinkUser(), confirm=len(ERAS))
    assert {(result.status, result.kind) for result in report.results} == {(status, kind)}
    assert report.usage.writes == 0


@pytest.mark.parametrize("connection", ["connected", *APART])
async def test_a_notice_is_dismissed_once_on_every_era(connection: str, tmp_path: Path) -> None:
    async with simulated(tmp_path, *every_era(connection)) as running:
        for notice in ("welcome", "feedback_dash_request"):
            first = await running.fleet.run(DismissNotice(notice))
            again = await running.fleet.run(DismissNotice(notice))
            assert first.totals[Status.CHANGED] == len(ERAS)
            assert (again.totals[Status.UNCHANGED], again.usage.writes) == (len(ERAS), 0)
        for site in running.world:
            assert site.state.notices == {"welcome": True, "feedback_dash_request": True}
            assert len(site.ledger) == 2


@pytest.mark.parametrize(
    ("ssl", "status", "kind", "writes"),
    [
        pytest.param("mended", Status.CHANGED, None, 1, id="works again"),
        pytest.param("failed", Status.FAILED, "jetpack.refused", 1, id="still fails"),
        pytest.param("passed", Status.BLOCKED, "jetpack.unsupported", 0, id="no notice"),
    ],
)
@pytest.mark.parametrize("connection", ["connected", "unconnected"])
async def test_ssl_is_tested_again_where_a_failure_is_shown(
    connection: str, ssl: str, status: Status, kind: str | None, writes: int, tmp_path: Path
) -> None:
    async with simulated(tmp_path, *every_era(connection, ssl=ssl)) as running:
        report = await running.fleet.run(RecheckSsl())
        failing = {site.state.ssl_failed for site in running.world}
    assert {(result.status, result.kind) for result in report.results} == {(status, kind)}
    assert {result.usage.writes for result in report.results} == {writes}
    assert failing == {ssl == "failed"}


async def test_offline_mode_hides_the_notice_in_new_versions_only(tmp_path: Path) -> None:
    async with simulated(tmp_path, *every_era("offline", ssl="mended")) as running:
        report = await running.fleet.run(RecheckSsl())
    statuses = {result.site: result.status for result in report.results}
    assert statuses.pop("site-16.1") is Status.BLOCKED
    assert set(statuses.values()) == {Status.CHANGED}


@pytest.mark.parametrize(
    "task", [DismissNotice("welcome"), RecheckSsl()], ids=["notices.dismiss", "recheck-ssl"]
)
async def test_application_passwords_cannot_do_what_needs_a_page(
    task: Task, tmp_path: Path
) -> None:
    async with simulated(
        tmp_path,
        SiteSpec("shop", ssl="mended"),
        method="application-password",
        password=ADMIN.application_passwords[0],
    ) as running:
        result = only(await running.fleet.run(task))
        assert (result.status, result.kind) == (Status.BLOCKED, "jetpack.unsupported")
        assert "only on Jetpack's page" in result.message
        assert running.site("shop").ledger == []


WRITES = [
    pytest.param(Disconnect(), "/jetpack/v4/connection", id="connection.disconnect"),
    pytest.param(UnlinkUser(), "/jetpack/v4/connection/user", id="users.unlink"),
    pytest.param(DismissNotice("welcome"), "/jetpack/v4/notice/welcome", id="notices.dismiss"),
    pytest.param(RecheckSsl(), "/wp-admin/admin-ajax.php", id="connection.recheck-ssl"),
]


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        pytest.param("lie_unchanged", (Status.FAILED, "verify.mismatch", 0), id="yes but no"),
        pytest.param("lie_applied", (Status.CHANGED, None, 1), id="no but yes"),
        pytest.param("reset_after", (Status.CHANGED, None, 1), id="answer lost"),
        pytest.param("reset_before", (Status.UNKNOWN, "write.unconfirmed", 0), id="request lost"),
    ],
)
@pytest.mark.parametrize(("task", "where"), WRITES)
async def test_each_write_is_sent_once_and_judged_by_reading(
    task: Task, where: str, fault: str, ending: tuple[Status, str | None, int], tmp_path: Path
) -> None:
    status, kind, applied = ending
    spec = SiteSpec("s", users=SECOND, ssl="mended", faults=(Fault(fault, where, ("POST",)),))
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(task, confirm=1))
        assert (result.status, result.kind) == (status, kind)
        assert (result.usage.writes, len(running.site("s").ledger)) == (1, applied)


@pytest.mark.parametrize(("task", "where"), WRITES)
async def test_what_a_dry_run_would_change_is_not_sent(
    task: Task, where: str, tmp_path: Path
) -> None:
    spec = SiteSpec("s", users=SECOND, ssl="mended")
    async with simulated(tmp_path, spec) as running:
        report = await running.fleet.run(task, dry_run=True)
        assert only(report).status is Status.DRIFT
        assert running.site("s").count("POST", where) == 0


async def test_a_page_that_is_not_jetpacks_is_no_answer(tmp_path: Path) -> None:
    spec = SiteSpec("s", faults=(Fault("html", "/wp-admin/admin.php"),))
    async with simulated(tmp_path, spec) as running:
        for task in (DismissNotice("welcome"), RecheckSsl()):
            result = only(await running.fleet.run(task))
            assert (result.status, result.kind) == (Status.FAILED, "proto.not_json")
        assert running.site("s").ledger == []


async def test_no_nonce_and_no_secret_reaches_the_report(tmp_path: Path) -> None:
    spec = SiteSpec("s", users=SECOND, ssl="failed")
    async with simulated(tmp_path, spec) as running:
        reports = [
            await running.fleet.run(task)
            for task in (RecheckSsl(), ConnectionUrl(), ConnectionData(), ShowCapabilities())
        ]
    text = json.dumps([json.loads(render_json(report)) for report in reports])
    assert "made-up" not in text
    assert "nonce" not in text.replace("registration_nonce", "").replace("has the nonce", "")
