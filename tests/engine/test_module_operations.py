"""Single modules, Jumpstart, resets and conflicts on simulated sites; ledgers are the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.operations.jumpstart import ActivateJumpstart, DismissJumpstart
from fleet.operations.module_options import SetModuleOptions, ShowModule
from fleet.operations.modules import ActivateModules
from fleet.operations.reset import ResetModules, ResetOptions
from fleet.results import RunReport, SiteResult, Status, Verdict
from fleet.simulator.eras import ERAS
from fleet.simulator.faults import Fault
from fleet.simulator.site import SimSite, SiteSpec
from tests.engine.simulated import simulated

LATER = [era for era in ERAS if era not in ("4.3", "6.1")]
STATES = ("offline", "unconnected", "connected")
SCROLL = "infinite-scroll"
BOTH = {"infinite_scroll": False, "infinite_scroll_google_analytics": True}


def only(report: RunReport) -> SiteResult:
    (result,) = report.results
    return result


def written(site: SimSite) -> dict[str, object]:
    return {key: after for write in site.ledger for key, _, after in write.changes}


def kinds(result: SiteResult) -> dict[str, tuple[Verdict, str | None]]:
    return {key.key: (key.verdict, key.kind) for key in result.keys}


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("connection", STATES)
async def test_a_module_is_shown_on_every_era(era: str, connection: str, tmp_path: Path) -> None:
    spec = SiteSpec("shop", era=era, connection=connection, modules=("carousel",))
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(ShowModule("carousel")))
        module, options = result.data["module"], result.data["options"]
        assert isinstance(module, dict)
        assert isinstance(options, dict)
        assert module["in_effect"] is (connection != "unconnected")
        hidden = (era, connection) == ("4.3", "unconnected")
        assert (module["stored"] == "active") is not hidden
        colour = options["carousel_background_color"]
        assert (colour["choices"], colour["value"]) == (["black", "white"], "black")
        assert (result.status, running.site("shop").ledger) == (Status.UNCHANGED, [])


async def test_what_keeps_a_module_off_is_told(tmp_path: Path) -> None:
    specs = [SiteSpec("alone", connection="unconnected"), SiteSpec("unowned", owner=False)]
    async with simulated(tmp_path, *specs) as running:
        report = await running.fleet.run(ShowModule("sso"))
        told = [str(result.data["module"]) for result in report.results]
        assert "disconnected" in told[0]
        assert "needs a user connected" in told[1]


async def test_a_module_that_a_site_does_not_have_is_unsupported(tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("shop")) as running:
        result = only(await running.fleet.run(ShowModule("minileven")))
        assert (result.status, result.kind) == (Status.BLOCKED, "jetpack.unsupported")


async def test_a_shown_module_keeps_its_secrets(tmp_path: Path) -> None:
    spec = SiteSpec("shop", options={"jetpack_protect_key": "c4nary"})
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(ShowModule("protect")))
        assert result.status is Status.UNCHANGED
        assert "c4nary" not in repr(result)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("connection", STATES)
async def test_options_are_set_once_on_every_era(era: str, connection: str, tmp_path: Path) -> None:
    spec = SiteSpec("shop", era=era, connection=connection, modules=(SCROLL,))
    async with simulated(tmp_path, spec) as running:
        order, shop = SetModuleOptions(SCROLL, dict(BOTH)), running.site("shop")
        assert only(await running.fleet.run(order)).status is Status.CHANGED
        assert written(shop) == {f"settings.{key}": value for key, value in BOTH.items()}
        again = only(await running.fleet.run(order))
        assert (again.status, again.usage.writes) == (Status.UNCHANGED, 0)


@pytest.mark.parametrize("era", ERAS)
async def test_options_of_others_are_never_sent(era: str, tmp_path: Path) -> None:
    spec = SiteSpec("shop", era=era, modules=(SCROLL, "carousel"))
    order = SetModuleOptions(SCROLL, {**BOTH, "carousel_display_exif": True, "nope": 1})
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(order))
        assert kinds(result)["settings.carousel_display_exif"][1] == "jetpack.unsupported"
        assert kinds(result)["settings.nope"][1] == "jetpack.unsupported"
        assert written(running.site("shop")).keys() == {f"settings.{key}" for key in BOTH}


@pytest.mark.parametrize("era", ERAS)
async def test_options_of_a_module_that_is_off_are_not_sent(era: str, tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("shop", era=era, modules=())) as running:
        result = only(await running.fleet.run(SetModuleOptions(SCROLL, dict(BOTH))))
        assert {kind for _, kind in kinds(result).values()} == {"jetpack.refused"}
        assert "modules.activate" in result.message
        assert result.usage.writes == 0


async def test_the_site_is_asked_where_nobody_can_tell_whether_a_module_is_on(
    tmp_path: Path,
) -> None:
    spec = SiteSpec("old", era="4.3", connection="unconnected", modules=())
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(SetModuleOptions(SCROLL, dict(BOTH))))
        assert (result.status, result.usage.writes) == (Status.FAILED, 1)
        assert "run modules.activate --modules infinite-scroll first" in result.message


@pytest.mark.parametrize("era", ERAS)
async def test_a_bad_value_keeps_the_good_ones_from_being_stored(era: str, tmp_path: Path) -> None:
    spec = SiteSpec("shop", era=era, modules=(SCROLL,))
    order = SetModuleOptions(SCROLL, {**BOTH, "infinite_scroll": "maybe"})
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(order))
        assert {verdict for verdict, _ in kinds(result).values()} == {Verdict.REJECTED}
        assert (result.usage.writes, running.site("shop").ledger) == (1, [])


async def test_a_default_that_jetpack_4_3_refuses_itself_is_named(tmp_path: Path) -> None:
    spec = SiteSpec("old", era="4.3", modules=("carousel",))
    async with simulated(tmp_path, spec) as running:
        order = SetModuleOptions("carousel", {"carousel_display_exif": True})
        result = only(await running.fleet.run(order))
        assert result.status is Status.FAILED
        assert "its own default of carousel_background_color" in result.message


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        pytest.param("lie_unchanged", Status.FAILED, "verify.mismatch", id="yes but no"),
        pytest.param("lie_applied", Status.CHANGED, None, id="no but yes"),
        pytest.param("reset_after", Status.CHANGED, None, id="answer lost"),
        pytest.param("reset_before", Status.UNKNOWN, "write.unconfirmed", id="request lost"),
    ],
)
async def test_options_are_judged_by_reading(
    fault: str, status: Status, kind: str | None, tmp_path: Path
) -> None:
    faults = (Fault(fault, where=f"/jetpack/v4/module/{SCROLL}", methods=("POST",)),)
    spec = SiteSpec("ill", modules=(SCROLL,), faults=faults)
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(SetModuleOptions(SCROLL, dict(BOTH))))
        assert (result.status, result.kind, result.usage.writes) == (status, kind, 1)


@pytest.mark.parametrize("era", ["4.3", "6.1"])
async def test_jumpstart_activates_what_it_recommends_once(era: str, tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("old", era=era, modules=("latex",))) as running:
        old = running.site("old")
        assert only(await running.fleet.run(ActivateJumpstart())).status is Status.CHANGED
        assert {"latex", "photon", "sso", "carousel"} <= old.active_modules
        again = only(await running.fleet.run(ActivateJumpstart()))
        assert (again.status, again.usage.writes, len(old.ledger)) == (Status.UNCHANGED, 0, 1)


@pytest.mark.parametrize("era", ["4.3", "6.1"])
async def test_jumpstart_offline_does_what_it_can_once(era: str, tmp_path: Path) -> None:
    spec = SiteSpec("old", era=era, connection="offline", modules=())
    async with simulated(tmp_path, spec) as running:
        first = only(await running.fleet.run(ActivateJumpstart()))
        assert first.status is Status.PARTIAL
        assert kinds(first)["modules.sso"] == (Verdict.REJECTED, "jetpack.offline")
        again = only(await running.fleet.run(ActivateJumpstart()))
        assert (again.status, again.kind) == (Status.BLOCKED, "jetpack.offline")
        assert again.usage.writes == 0


async def test_jumpstart_leaves_out_a_module_in_conflict(tmp_path: Path) -> None:
    spec = SiteSpec("old", era="6.1", modules=(), conflicts={"sharedaddy": "old/old.php"})
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(ActivateJumpstart()))
        assert result.status is Status.PARTIAL
        assert kinds(result)["modules.sharedaddy"] == (Verdict.REJECTED, "jetpack.refused")
        assert kinds(result)["jumpstart.status"] == (Verdict.CHANGED, None)


@pytest.mark.parametrize("connection", STATES)
async def test_dismissing_jumpstart_puts_its_prompt_away_and_switches_nothing(
    connection: str, tmp_path: Path
) -> None:
    async with simulated(tmp_path, SiteSpec("old", era="6.1", connection=connection)) as running:
        assert only(await running.fleet.run(DismissJumpstart())).status is Status.CHANGED
        assert written(running.site("old")) == {"settings.jumpstart": "jumpstart_dismissed"}
        again = only(await running.fleet.run(DismissJumpstart()))
        assert (again.status, again.usage.writes) == (Status.UNCHANGED, 0)


@pytest.mark.parametrize("era", ["4.3", *LATER])
@pytest.mark.parametrize("connection", STATES)
async def test_a_dismissal_that_cannot_be_is_not_sent(
    era: str, connection: str, tmp_path: Path
) -> None:
    async with simulated(tmp_path, SiteSpec("shop", era=era, connection=connection)) as running:
        result = only(await running.fleet.run(DismissJumpstart()))
        assert (result.kind, result.usage.writes) == ("jetpack.unsupported", 0)
        assert ("before 4.5" if era == "4.3" else "modules.activate") in result.message


@pytest.mark.parametrize("era", LATER)
async def test_jumpstart_is_gone_from_later_versions(era: str, tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("shop", era=era)) as running:
        result = only(await running.fleet.run(ActivateJumpstart()))
        assert (result.status, result.kind) == (Status.BLOCKED, "jetpack.unsupported")
        assert running.site("shop").ledger == []


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("connection", ["offline", "connected"])
@pytest.mark.parametrize("order", [ResetModules(), ResetOptions()], ids=lambda order: order.name)
async def test_a_reset_reports_every_key_that_it_changed(
    order: ResetModules | ResetOptions, era: str, connection: str, tmp_path: Path
) -> None:
    spec = SiteSpec(
        "shop",
        era=era,
        connection=connection,
        modules=("latex", "markdown"),
        options={"sharing_label": "Tell"},
    )
    async with simulated(tmp_path, spec) as running:
        report = await running.fleet.run(order, confirm=1)
        keys = {key.key: (key.verdict, key.before) for key in only(report).keys}
        (applied,) = running.site("shop").ledger
        seen = {key for key, _, _ in applied.changes}
        blind = {key for key in seen if era == "4.3" and connection == "offline"}
        assert seen - blind <= keys.keys() <= seen
        assert keys["modules.markdown"] == (Verdict.CHANGED, True)
        assert ("settings.sharing_label" in keys) is (order.name == "reset.options")


@pytest.mark.parametrize("era", ERAS)
async def test_a_disconnected_site_is_reset_only_where_that_can_be_read(
    era: str, tmp_path: Path
) -> None:
    spec = SiteSpec("shop", era=era, connection="unconnected", modules=("latex",))
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(ResetModules(), confirm=1))
        kind = "jetpack.unsupported" if era == "4.3" else None
        assert (result.kind, result.usage.writes) == (kind, 0 if kind else 1)
        left = {"latex"} if kind else set()
        assert running.site("shop").active_modules == left


async def test_a_second_reset_changes_nothing_and_says_so(tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("shop", modules=("latex",))) as running:
        await running.fleet.run(ResetModules(), confirm=1)
        again = only(await running.fleet.run(ResetModules(), confirm=1))
        assert (again.status, len(running.site("shop").ledger)) == (Status.UNCHANGED, 1)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("order", [ResetModules(), ResetOptions()], ids=lambda order: order.name)
async def test_a_reset_that_only_claims_to_have_run_is_seen_through(
    order: ResetModules | ResetOptions, era: str, tmp_path: Path
) -> None:
    faults = (Fault("lie_unchanged", where="/jetpack/v4/options/*"),)
    spec = SiteSpec("ill", era=era, modules=("tiled-gallery",), faults=faults)
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(order, confirm=1))
        assert (result.status, result.kind) == (Status.FAILED, "verify.mismatch")
        assert "tiled-gallery would be off after a reset" in result.message
        assert (running.site("ill").ledger, result.usage.writes) == ([], 1)


async def test_a_dry_run_of_a_reset_shows_what_is_there(tmp_path: Path) -> None:
    spec = SiteSpec("shop", options={"jetpack_protect_key": "c4nary"})
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(ResetOptions(), dry_run=True))
        shown = {key.key: key.before for key in result.keys}
        assert result.status is Status.DRIFT
        assert shown.keys() == {"modules", "settings"}
        assert "settings.sharing_label" in str(shown["settings"])
        assert "c4nary" not in repr(result)
        assert running.site("shop").ledger == []


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        pytest.param("lie_applied", Status.CHANGED, None, id="no but yes"),
        pytest.param("reset_after", Status.CHANGED, None, id="answer lost"),
        pytest.param("reset_before", Status.UNKNOWN, "write.unconfirmed", id="request lost"),
        pytest.param("server_error", Status.FAILED, "site.server_error", id="server error"),
    ],
)
async def test_a_reset_in_doubt_is_settled_by_reading(
    fault: str, status: Status, kind: str | None, tmp_path: Path
) -> None:
    faults = (Fault(fault, where="/jetpack/v4/options/*", methods=("POST",)),)
    spec = SiteSpec("ill", modules=("latex",), faults=faults)
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(ResetModules(), confirm=1))
        assert (result.status, result.kind, result.usage.writes) == (status, kind, 1)
        assert status is not Status.CHANGED or all(key.reason for key in result.keys)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    "conflicts",
    [
        pytest.param({"stats": "old-stats/stats.php"}, id="one"),
        pytest.param({"stats": "a/a.php", "contact-form": "b/b.php"}, id="two"),
        pytest.param({"stats": "a/a.php", "latex": "b/b.php", "notes": "c/c.php"}, id="three"),
    ],
)
async def test_plugins_in_conflict_make_way(
    era: str, conflicts: dict[str, str], tmp_path: Path
) -> None:
    """Jetpack answers 302 to itself, having switched the plugin off and the module not yet on.

    In bulk two requests see one conflict through. Behind a second one only those are asked for
    by themselves that are still off.
    """
    spec = SiteSpec("shop", era=era, modules=(), conflicts=conflicts)
    slugs, old = tuple(sorted({"sitemaps", *conflicts})), era == "4.3"
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(ActivateModules(slugs)))
        assert result.status is Status.CHANGED
        shop = running.site("shop")
        assert shop.active_modules == set(slugs)
        assert not any(shop.state.plugins[file] for file in conflicts.values())
        in_bulk = {1: 2, 2: 3, 3: 6}[len(conflicts)]
        assert result.usage.writes == (1 + len(slugs) + len(conflicts) if old else in_bulk)


@pytest.mark.parametrize("era", ["4.3", "8.9", "16.1"])
async def test_a_plugin_that_keeps_coming_back_costs_its_own_module_alone(
    era: str, tmp_path: Path
) -> None:
    files = {"contact-form": "a/a.php", "stats": "b/b.php"}
    spec = SiteSpec("shop", era=era, modules=(), conflicts=files, stubborn=tuple(files.values()))
    slugs = ("contact-form", "latex", "stats")
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(ActivateModules(slugs)))
        assert kinds(result) == {
            "modules.contact-form": (Verdict.REJECTED, "jetpack.refused"),
            "modules.latex": (Verdict.CHANGED, None),
            "modules.stats": (Verdict.REJECTED, "jetpack.refused"),
        }
        assert "keeps coming back" in result.message
        assert written(running.site("shop")) == {"modules.latex": True}
        assert result.usage.writes <= 2 + 2 * len(slugs)


@pytest.mark.parametrize("era", ["8.9", "16.1"])
async def test_one_stubborn_plugin_is_asked_to_go_twice(era: str, tmp_path: Path) -> None:
    files = {"stats": "b/b.php"}
    spec = SiteSpec("shop", era=era, modules=(), conflicts=files, stubborn=("b/b.php",))
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(ActivateModules(("stats",))))
        assert (result.status, result.usage.writes) == (Status.FAILED, 2)
        assert "keeps coming back" in result.message


@pytest.mark.parametrize("era", ["11.5", "13.9", "15.1", "16.1"])
async def test_a_module_that_needs_a_user_waits_for_one(era: str, tmp_path: Path) -> None:
    spec = SiteSpec("shop", era=era, owner=False, modules=())
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(ActivateModules(("sso", "likes"))))
        assert kinds(result) == {
            "modules.likes": (Verdict.CHANGED, None),
            "modules.sso": (Verdict.REJECTED, "jetpack.not_connected"),
        }
        assert written(running.site("shop")) == {"modules.likes": True}


async def test_a_plan_without_a_module_is_told_as_that(tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("shop", modules=())) as running:
        result = only(await running.fleet.run(ActivateModules(("search", "likes"))))
        assert kinds(result)["modules.search"] == (Verdict.REJECTED, "jetpack.plan")


async def test_a_lost_answer_on_the_way_round_bulk_is_told_apart(tmp_path: Path) -> None:
    """Jetpack 4.3 takes modules one by one only; those behind the lost one are not sent."""
    faults = (Fault("reset_before", where="/jetpack/v4/module/latex/active", methods=("POST",)),)
    spec = SiteSpec("old", era="4.3", modules=(), faults=faults)
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(ActivateModules(("carousel", "latex", "likes"))))
        assert kinds(result) == {
            "modules.carousel": (Verdict.CHANGED, None),
            "modules.latex": (Verdict.UNKNOWN, "write.unconfirmed"),
            "modules.likes": (Verdict.REJECTED, "net.reset"),
        }
