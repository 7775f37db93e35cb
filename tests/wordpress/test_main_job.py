"""The main job on real WordPress: what the database and the access log say is what counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fleet.engine.fleet import Fleet
from fleet.operations.base import Task, WriteLog
from fleet.operations.carrying import SyncSettings
from fleet.operations.modules import ActivateModules, DeactivateModules, ModuleState
from fleet.operations.settings import SetSettings
from fleet.operations.stats import CollectStats
from fleet.results import Change, KeyResult, RunReport, SiteResult, Status, Verdict
from fleet.site.client import JetpackClient
from tests.wordpress.fleets import fleet_of
from tests.wordpress.site import WordPressSite
from tests.wordpress.stack import WordPressStack

PAIR = ("latex", "sitemaps")


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


def statuses(report: RunReport) -> set[Status]:
    return {result.status for result in report.results}


def only(report: RunReport) -> SiteResult:
    (result,) = report.results
    return result


class Disturbed(ActivateModules):
    """Activates modules after something has happened to the site behind our back."""

    def __init__(self, modules: tuple[str, ...], disturb: Callable[[], None]) -> None:
        super().__init__(modules)
        object.__setattr__(self, "disturb", disturb)

    disturb: Callable[[], None]

    async def enact(
        self,
        client: JetpackClient,
        state: ModuleState,
        changes: tuple[Change, ...],
        log: WriteLog,
    ) -> None:
        self.disturb()
        await super().enact(client, state, changes, log)


async def test_modules_are_activated_on_every_permalink_layout(
    fleet: Fleet, layouts: Mapping[str, WordPressSite]
) -> None:
    report = await fleet.run(ActivateModules(PAIR))
    assert statuses(report) == {Status.CHANGED}
    assert report.exit_code == 0
    for site in layouts.values():
        assert set(PAIR) <= set(site.active_modules())
        assert len(site.logins()) == 1
        assert len(site.writes()) == 1


async def test_a_second_run_is_unchanged_and_writes_nothing(
    fleet: Fleet, layouts: Mapping[str, WordPressSite]
) -> None:
    await fleet.run(ActivateModules(PAIR))
    for site in layouts.values():
        site.clear_log()
    report = await fleet.run(ActivateModules(PAIR))
    assert statuses(report) == {Status.UNCHANGED}
    for site in layouts.values():
        assert site.writes() == []


@pytest.mark.parametrize("layout", ["pretty", "plain", "subdirectory"])
async def test_an_expired_nonce_heals_without_a_login(
    layouts: Mapping[str, WordPressSite], tmp_path: Path, layout: str
) -> None:
    site = layouts[layout]
    task = Disturbed(PAIR, site.expire_nonces)
    result = only(await fleet_of(tmp_path, {layout: site}).run(task))
    assert result.status is Status.CHANGED
    assert set(PAIR) <= set(site.active_modules())
    assert len(site.logins()) == 1


@pytest.mark.parametrize("layout", ["pretty", "plain", "subdirectory"])
async def test_an_expired_session_heals_with_one_more_login(
    layouts: Mapping[str, WordPressSite], tmp_path: Path, layout: str
) -> None:
    site = layouts[layout]
    task = Disturbed(PAIR, site.expire_sessions)
    result = only(await fleet_of(tmp_path, {layout: site}).run(task))
    assert result.status is Status.CHANGED
    assert set(PAIR) <= set(site.active_modules())
    assert len(site.logins()) == 2


async def test_a_wrong_password_is_sent_once(
    layouts: Mapping[str, WordPressSite], tmp_path: Path
) -> None:
    report = await fleet_of(tmp_path, layouts, password="not it").run(ActivateModules(PAIR))
    assert {(r.status, r.kind) for r in report.results} == {
        (Status.BLOCKED, "auth.bad_credentials")
    }
    for site in layouts.values():
        assert len(site.logins()) == 1
        assert site.writes() == []


async def test_an_editor_is_stopped_before_any_write(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.pretty
    editor = fleet_of(
        tmp_path, {"pretty": site}, username=site.editor, password=site.editor_password
    )
    result = only(await editor.run(ActivateModules(PAIR)))
    assert (result.status, result.kind) == (Status.BLOCKED, "auth.forbidden")
    assert "editor" in result.message
    assert site.writes() == []


async def test_a_site_without_jetpack_is_named_as_such(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.without_jetpack
    result = only(await fleet_of(tmp_path, {"bare": site}).run(ActivateModules(PAIR)))
    assert (result.status, result.kind) == (Status.BLOCKED, "jetpack.missing")
    assert site.logins() == []


async def test_application_passwords_work_on_every_layout(
    layouts: Mapping[str, WordPressSite], tmp_path: Path
) -> None:
    fleet = fleet_of(tmp_path, layouts, method="application-password")
    assert statuses(await fleet.run(ActivateModules(PAIR))) == {Status.CHANGED}
    for site in layouts.values():
        assert site.logins() == []
        assert set(PAIR) <= set(site.active_modules())


async def test_a_wrong_application_password_writes_nothing(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.pretty
    fleet = fleet_of(
        tmp_path, {"pretty": site}, method="application-password", password="abcd efgh ijkl"
    )
    result = only(await fleet.run(ActivateModules(PAIR)))
    assert result.status is Status.BLOCKED
    assert result.kind in ("auth.bad_credentials", "auth.anonymous")
    assert site.writes() == []


@pytest.mark.parametrize("shape", ["encoded", "localized", "literal"])
async def test_without_rest_nonce_the_admin_page_gives_one(
    wordpress: WordPressStack, tmp_path: Path, shape: str
) -> None:
    """WordPress before 5.3 has no rest-nonce; Jetpack's page has had three shapes."""
    site = wordpress.pretty
    site.set_option("contract_fault", "no-rest-nonce")
    site.set_option("contract_state", shape)
    result = only(await fleet_of(tmp_path, {"pretty": site}).run(ActivateModules(PAIR)))
    assert result.status is Status.CHANGED
    assert len(site.requests_of("GET", "page=jetpack")) == 1
    assert len(site.logins()) == 1


async def test_a_site_that_says_yes_and_does_nothing_has_not_changed(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.pretty
    site.set_option("contract_fault", "lie")
    result = only(await fleet_of(tmp_path, {"pretty": site}).run(ActivateModules(PAIR)))
    assert (result.status, result.kind) == (Status.FAILED, "verify.mismatch")
    assert len(site.writes()) == 1


async def test_a_site_that_fails_after_the_write_has_changed(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.pretty
    site.set_option("contract_fault", "error-after-write")
    result = only(await fleet_of(tmp_path, {"pretty": site}).run(ActivateModules(PAIR)))
    assert result.status is Status.CHANGED
    assert set(PAIR) <= set(site.active_modules())
    assert len(site.writes()) == 1


async def test_what_cannot_be_activated_does_not_stop_the_rest(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.pretty
    task = ActivateModules(("latex", "monitor", "no-such-module"))
    result = only(await fleet_of(tmp_path, {"pretty": site}).run(task))
    assert result.status is Status.PARTIAL
    assert {key.key: (key.verdict, key.kind) for key in result.keys} == {
        "modules.latex": (Verdict.CHANGED, None),
        "modules.monitor": (Verdict.REJECTED, "jetpack.offline"),
        "modules.no-such-module": (Verdict.UNSUPPORTED, "jetpack.unsupported"),
    }
    assert "latex" in site.active_modules()


async def test_deactivation_switches_off_what_was_named_and_nothing_else(
    fleet: Fleet, layouts: Mapping[str, WordPressSite]
) -> None:
    await fleet.run(ActivateModules(PAIR))
    before = {name: set(site.active_modules()) for name, site in layouts.items()}
    report = await fleet.run(DeactivateModules(("latex",)))
    assert statuses(report) == {Status.CHANGED}
    for name, site in layouts.items():
        assert set(site.active_modules()) == before[name] - {"latex"}


async def test_a_dry_run_tells_and_sends_nothing(
    fleet: Fleet, layouts: Mapping[str, WordPressSite]
) -> None:
    report = await fleet.run(ActivateModules(PAIR), dry_run=True)
    assert statuses(report) == {Status.DRIFT}
    assert report.exit_code == 2
    for site in layouts.values():
        assert site.writes() == []


async def test_good_and_unknown_settings_are_told_apart(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.subdirectory
    task = SetSettings({"carousel_background_color": "white", "no_such_key": 1})
    result = only(await fleet_of(tmp_path, {"sub": site}).run(task))
    assert verdicts(result) == {
        "settings.carousel_background_color": Verdict.CHANGED,
        "settings.no_such_key": Verdict.UNSUPPORTED,
    }
    assert site.option("carousel_background_color") == "white"


async def test_a_value_the_site_does_not_take_is_reported_and_nothing_is_applied(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.pretty
    task = SetSettings({"carousel_background_color": "mauve", "carousel_display_exif": True})
    result = only(await fleet_of(tmp_path, {"pretty": site}).run(task))
    assert set(verdicts(result).values()) == {Verdict.REJECTED}
    reasons = {key.key: key.reason for key in result.keys}
    assert "another value" in reasons["settings.carousel_display_exif"]
    assert len(site.writes()) == 1


async def test_settings_are_carried_from_one_site_to_the_others(
    fleet: Fleet, layouts: Mapping[str, WordPressSite]
) -> None:
    source = fleet.inventory.select(sites=("pretty",))
    await fleet.run(SetSettings({"carousel_background_color": "white"}), source)
    report = await fleet.run(SyncSettings(source="pretty"))
    assert {r.site: r.status for r in report.results} == {
        "pretty": Status.UNCHANGED,
        "plain": Status.CHANGED,
        "subdirectory": Status.CHANGED,
    }
    for site in layouts.values():
        assert site.option("carousel_background_color") == "white"
    assert statuses(await fleet.run(SyncSettings(source="pretty"))) == {Status.UNCHANGED}


async def test_stats_are_collected_from_every_layout(fleet: Fleet) -> None:
    report = await fleet.run(CollectStats())
    assert statuses(report) == {Status.UNCHANGED}
    for result in report.results:
        assert result.data["connection"] == "offline"
        assert result.data["updates"] == {"value": 0, "unit": "plugins to update"}
        assert result.usage.writes == 0


@pytest.mark.parametrize("task", [CollectStats(), ActivateModules(PAIR)], ids=["query", "write"])
async def test_no_password_stands_in_any_result(
    layouts: Mapping[str, WordPressSite], tmp_path: Path, task: Task
) -> None:
    report = await fleet_of(tmp_path, layouts, password="c4nary-wr0ng").run(task)
    assert "c4nary-wr0ng" not in repr(report)


def verdicts(result: SiteResult) -> dict[str, Verdict]:
    keys: tuple[KeyResult, ...] = result.keys
    return {key.key: key.verdict for key in keys}
