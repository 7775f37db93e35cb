"""Sessions kept between runs, on real WordPress: its own access log says what a run took."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fleet.engine.fleet import Fleet
from fleet.engine.sessions import SessionCache
from fleet.operations.base import Task
from fleet.operations.module_list import ListModules
from fleet.operations.modules import ActivateModules
from fleet.operations.raw import CallApi
from fleet.policy.document import PolicyDocument
from fleet.policy.examine import audit
from fleet.results import Status
from tests.wordpress.fleets import fleet_of
from tests.wordpress.site import WordPressSite
from tests.wordpress.stack import WordPressStack

POLICY = """
version: 1
policies:
  - name: baseline
    modules: {active: [latex, sitemaps], inactive: [markdown]}
    options:
      carousel.carousel_background_color: white
"""
LIST = ListModules(("latex", "sitemaps"))


@pytest.fixture
def layouts(wordpress: WordPressStack) -> dict[str, WordPressSite]:
    """Return the three permalink layouts."""
    return {
        "pretty": wordpress.pretty,
        "plain": wordpress.plain,
        "subdirectory": wordpress.subdirectory,
    }


@pytest.fixture
def kept(tmp_path: Path) -> SessionCache:
    return SessionCache(tmp_path / "cache" / "sessions.db", tmp_path / "key")


def cleared(layouts: Mapping[str, WordPressSite]) -> None:
    for site in layouts.values():
        site.clear_log()


async def audited(fleet: Fleet, folder: Path) -> set[Status]:
    path = folder / "policy.yaml"
    path.write_text(POLICY)
    report = await audit(fleet, PolicyDocument.load([path]), fleet.inventory)
    return {result.status for result in report.results}


async def listed(fleet: Fleet, task: Task) -> set[Status]:
    return {result.status for result in (await fleet.run(task)).results}


def as_wanted(layouts: Mapping[str, WordPressSite]) -> None:
    for site in layouts.values():
        site.set_option("jetpack_active_modules", ["latex", "sitemaps"])
        site.set_option("carousel_background_color", "white")


@pytest.mark.parametrize(
    ("drifting", "most"),
    [pytest.param(False, 2, id="as wanted"), pytest.param(True, 3, id="drift")],
)
async def test_a_second_audit_takes_no_login_and_two_requests_or_one_more_to_tell_why(
    layouts: Mapping[str, WordPressSite],
    kept: SessionCache,
    tmp_path: Path,
    drifting: bool,
    most: int,
) -> None:
    """Whether a module that is off could be switched on is for the connection to tell."""
    if not drifting:
        as_wanted(layouts)
    wanted = {Status.DRIFT if drifting else Status.UNCHANGED}
    fleet = fleet_of(tmp_path, layouts, sessions=kept)
    first = await audited(fleet, tmp_path)
    assert [len(site.logins()) for site in layouts.values()] == [1, 1, 1]
    cleared(layouts)
    assert await audited(fleet, tmp_path) == first == wanted
    for site in layouts.values():
        assert site.logins() == []
        assert len(site.access_log()) <= most


async def test_a_second_list_takes_two_requests_and_no_login(
    layouts: Mapping[str, WordPressSite], kept: SessionCache, tmp_path: Path
) -> None:
    fleet = fleet_of(tmp_path, layouts, sessions=kept)
    await listed(fleet, LIST)
    cleared(layouts)
    assert await listed(fleet, LIST) == {Status.UNCHANGED}
    for site in layouts.values():
        assert site.logins() == []
        assert len(site.access_log()) <= 2


@pytest.mark.parametrize(
    "disturb",
    [WordPressSite.expire_sessions, lambda site: site.change_password(site.password)],
    ids=["sessions destroyed", "password set again"],
)
async def test_a_session_that_ended_heals_with_one_login(
    layouts: Mapping[str, WordPressSite],
    kept: SessionCache,
    tmp_path: Path,
    disturb: Callable[[WordPressSite], None],
) -> None:
    fleet = fleet_of(tmp_path, layouts, sessions=kept)
    await audited(fleet, tmp_path)
    for site in layouts.values():
        disturb(site)
    cleared(layouts)
    assert await audited(fleet, tmp_path) == {Status.DRIFT}
    assert [len(site.logins()) for site in layouts.values()] == [1, 1, 1]
    cleared(layouts)
    assert await audited(fleet, tmp_path) == {Status.DRIFT}
    assert [len(site.logins()) for site in layouts.values()] == [0, 0, 0]


async def test_a_new_password_takes_one_login_and_the_old_one_is_sent_once(
    layouts: Mapping[str, WordPressSite], kept: SessionCache, tmp_path: Path
) -> None:
    old = fleet_of(tmp_path, layouts, sessions=kept)
    await audited(old, tmp_path)
    for site in layouts.values():
        site.change_password("another one, and a long one")
    cleared(layouts)
    assert await audited(old, tmp_path) == {Status.BLOCKED}
    assert [len(site.logins()) for site in layouts.values()] == [1, 1, 1]
    new = fleet_of(tmp_path, layouts, password="another one, and a long one", sessions=kept)
    cleared(layouts)
    assert await audited(new, tmp_path) == {Status.DRIFT}
    assert await audited(new, tmp_path) == {Status.DRIFT}
    assert [len(site.logins()) for site in layouts.values()] == [1, 1, 1]


async def test_a_nonce_that_ended_costs_no_login(
    layouts: Mapping[str, WordPressSite], kept: SessionCache, tmp_path: Path
) -> None:
    as_wanted(layouts)
    fleet = fleet_of(tmp_path, layouts, sessions=kept)
    await audited(fleet, tmp_path)
    for site in layouts.values():
        site.expire_nonces()
    cleared(layouts)
    assert await audited(fleet, tmp_path) == {Status.UNCHANGED}
    for site in layouts.values():
        assert site.logins() == []
        assert len(site.access_log()) <= 4


async def test_a_write_in_a_session_of_an_earlier_run_is_seen_in_the_database(
    layouts: Mapping[str, WordPressSite], kept: SessionCache, tmp_path: Path
) -> None:
    fleet = fleet_of(tmp_path, layouts, sessions=kept)
    await audited(fleet, tmp_path)
    cleared(layouts)
    assert await listed(fleet, ActivateModules(("latex",))) == {Status.CHANGED}
    for site in layouts.values():
        assert site.logins() == []
        assert len(site.writes()) == 1
        assert "latex" in site.active_modules()


async def test_application_passwords_take_the_index_and_what_is_read(
    layouts: Mapping[str, WordPressSite], kept: SessionCache, tmp_path: Path
) -> None:
    as_wanted(layouts)
    fleet = fleet_of(tmp_path, layouts, method="application-password", sessions=kept)
    assert await audited(fleet, tmp_path) == {Status.UNCHANGED}
    cleared(layouts)
    assert await audited(fleet, tmp_path) == {Status.UNCHANGED}
    for site in layouts.values():
        first, *read = site.access_log()
        assert "namespaces" in first.path
        assert len(read) == 2
        assert all("jetpack/v4" in request.path for request in read)


async def test_an_application_password_that_was_revoked_is_told_and_writes_nothing(
    layouts: Mapping[str, WordPressSite], kept: SessionCache, tmp_path: Path
) -> None:
    fleet = fleet_of(tmp_path, layouts, method="application-password", sessions=kept)
    await audited(fleet, tmp_path)
    for site in layouts.values():
        site.database.execute("DELETE FROM wp_usermeta WHERE meta_key = '_application_passwords'")
    for task in (LIST, CallApi("wp/v2/types"), ActivateModules(("latex",))):
        assert await listed(fleet, task) == {Status.BLOCKED}
    for site in layouts.values():
        assert site.writes() == []
