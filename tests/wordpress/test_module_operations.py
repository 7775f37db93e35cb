"""Single modules and resets on real WordPress: what the database says is what counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.operations.jumpstart import ActivateJumpstart
from fleet.operations.module_options import SetModuleOptions, ShowModule
from fleet.operations.modules import ActivateModules
from fleet.operations.reset import ResetModules, ResetOptions
from fleet.results import RunReport, SiteResult, Status, Verdict
from tests.wordpress.fleets import fleet_of
from tests.wordpress.stack import WordPressStack


def only(report: RunReport) -> SiteResult:
    (result,) = report.results
    return result


@pytest.mark.parametrize("layout", ["pretty", "plain", "subdirectory"])
async def test_a_module_is_shown_and_its_options_are_set(
    wordpress: WordPressStack, tmp_path: Path, layout: str
) -> None:
    site = getattr(wordpress, layout)
    fleet = fleet_of(tmp_path, {layout: site})
    await fleet.run(ActivateModules(("carousel",)))
    order = SetModuleOptions("carousel", {"carousel_background_color": "white", "admin_bar": True})
    result = only(await fleet.run(order))
    assert {key.key: key.verdict for key in result.keys} == {
        "settings.carousel_background_color": Verdict.CHANGED,
        "settings.admin_bar": Verdict.UNSUPPORTED,
    }
    assert site.option("carousel_background_color") == "white"
    shown = only(await fleet.run(ShowModule("carousel"))).data
    assert isinstance(shown["options"], dict)
    assert shown["options"]["carousel_background_color"]["value"] == "white"


async def test_options_of_a_module_that_is_off_are_not_sent(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.pretty
    order = SetModuleOptions("related-posts", {"show_headline": False})
    result = only(await fleet_of(tmp_path, {"pretty": site}).run(order))
    assert (result.status, result.kind) == (Status.BLOCKED, "jetpack.offline")
    assert site.writes() == []


async def test_a_reset_of_modules_names_what_it_changed(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.pretty
    fleet = fleet_of(tmp_path, {"pretty": site})
    await fleet.run(ActivateModules(("latex", "sitemaps")))
    before = set(site.active_modules())
    site.clear_log()
    result = only(await fleet.run(ResetModules(), confirm=1))
    after = set(site.active_modules())
    assert {key.key for key in result.keys} == {f"modules.{slug}" for slug in before ^ after}
    assert {"modules.latex", "modules.sitemaps"} <= {key.key for key in result.keys}
    assert (result.status, len(site.writes())) == (Status.CHANGED, 1)


async def test_a_reset_of_options_shows_what_was_there(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.pretty
    fleet = fleet_of(tmp_path, {"pretty": site})
    await fleet.run(ActivateModules(("carousel",)))
    await fleet.run(SetModuleOptions("carousel", {"carousel_background_color": "white"}))
    result = only(await fleet.run(ResetOptions(), confirm=1))
    keys = {key.key: (key.verdict, key.before, key.found) for key in result.keys}
    assert keys["settings.carousel_background_color"] == (Verdict.CHANGED, "white", "black")


async def test_a_reset_whose_answer_is_an_error_is_settled_by_reading(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.pretty
    fleet = fleet_of(tmp_path, {"pretty": site})
    await fleet.run(ActivateModules(("latex",)))
    site.set_option("contract_fault", "error-after-write")
    result = only(await fleet.run(ResetModules(), confirm=1))
    assert result.status is Status.CHANGED
    assert all(key.reason.startswith("changed, ") for key in result.keys)


async def test_jumpstart_is_gone(wordpress: WordPressStack, tmp_path: Path) -> None:
    site = wordpress.pretty
    result = only(await fleet_of(tmp_path, {"pretty": site}).run(ActivateJumpstart()))
    assert (result.status, result.kind) == (Status.BLOCKED, "jetpack.unsupported")
    assert site.writes() == []
