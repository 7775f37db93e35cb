"""Capabilities, notices and the connection on real WordPress with the contract plugin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fleet.operations.base import Task
from fleet.operations.capabilities import ShowCapabilities
from fleet.operations.connection import ConnectionData, ConnectionUrl, Disconnect, RecheckSsl
from fleet.operations.notices import DismissNotice
from fleet.operations.users import UnlinkUser
from fleet.results import RunReport, SiteResult, Status
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


def only(report: RunReport) -> SiteResult:
    (result,) = report.results
    return result


async def test_every_layout_tells_its_capabilities(
    layouts: Mapping[str, WordPressSite], tmp_path: Path
) -> None:
    report = await fleet_of(tmp_path, layouts).run(ShowCapabilities())
    assert report.totals[Status.UNCHANGED] == len(layouts)
    for result in report.results:
        routes, settings = result.data["routes"], result.data["settings"]
        assert isinstance(routes, Mapping)
        assert isinstance(settings, Mapping)
        assert "POST" in routes["/module/{slug}/active"]
        assert settings["carousel_background_color"]["choices"] == ["black", "white"]


@pytest.mark.parametrize("shape", ["encoded", "localized", "literal"])
async def test_notices_are_dismissed_once_whatever_the_page_looks_like(
    layouts: Mapping[str, WordPressSite], tmp_path: Path, shape: str
) -> None:
    for site in layouts.values():
        site.set_option("contract_state", shape)
    fleet = fleet_of(tmp_path, layouts)
    first = await fleet.run(DismissNotice("welcome"))
    again = await fleet.run(DismissNotice("welcome"))
    other = await fleet.run(DismissNotice("feedback_dash_request"))
    assert first.totals[Status.CHANGED] == other.totals[Status.CHANGED] == len(layouts)
    assert (again.totals[Status.UNCHANGED], again.usage.writes) == (len(layouts), 0)
    for site in layouts.values():
        dismissed = site.option("jetpack_dismissed_notices")
        assert isinstance(dismissed, dict)
        assert dismissed.keys() == {"welcome", "feedback_dash_request"}
        assert len(site.writes()) == 2


@pytest.mark.parametrize(
    "task", [DismissNotice("welcome"), RecheckSsl()], ids=["notices.dismiss", "recheck-ssl"]
)
async def test_application_passwords_open_no_page_to_read_back_from(
    wordpress: WordPressStack, tmp_path: Path, task: Task
) -> None:
    site = wordpress.pretty
    fleet = fleet_of(tmp_path, {"pretty": site}, method="application-password")
    result = only(await fleet.run(task))
    assert (result.status, result.kind) == (Status.BLOCKED, "jetpack.unsupported")
    assert site.writes() == []


async def test_without_a_notice_ssl_cannot_be_tested_again(
    layouts: Mapping[str, WordPressSite], tmp_path: Path
) -> None:
    report = await fleet_of(tmp_path, layouts).run(RecheckSsl())
    assert {result.kind for result in report.results} == {"jetpack.unsupported"}
    assert all(site.writes() == [] for site in layouts.values())


@pytest.mark.parametrize("mode", ["offline", "unconnected"])
async def test_a_disconnected_site_is_left_alone(
    layouts: Mapping[str, WordPressSite], tmp_path: Path, mode: str
) -> None:
    for site in layouts.values():
        site.set_option("contract_mode", mode)
    report = await fleet_of(tmp_path, layouts).run(Disconnect(), confirm=len(layouts))
    assert report.totals[Status.UNCHANGED] == len(layouts)
    assert all(site.writes() == [] for site in layouts.values())


@pytest.mark.parametrize(
    "task", [ConnectionData(), ConnectionUrl(), UnlinkUser()], ids=["data", "url", "unlink"]
)
@pytest.mark.parametrize(
    ("mode", "kind"), [("offline", "jetpack.offline"), ("unconnected", "jetpack.unsupported")]
)
async def test_offline_mode_is_told_from_a_missing_route(
    wordpress: WordPressStack, tmp_path: Path, task: Task, mode: str, kind: str
) -> None:
    """The contract has none of their routes."""
    site = wordpress.pretty
    site.set_option("contract_mode", mode)
    result = only(await fleet_of(tmp_path, {"pretty": site}).run(task, confirm=1))
    assert (result.status, result.kind) == (Status.BLOCKED, kind)
    assert site.writes() == []
