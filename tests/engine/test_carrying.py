"""Carrying settings to other sites, and telling where others differ, on simulated fleets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fleet.operations.carrying import DiffSettings, SyncSettings
from fleet.report.text import render_text
from fleet.results import RunReport, Status, Verdict
from fleet.simulator.eras import ERAS
from fleet.simulator.site import SiteSpec
from tests.engine.simulated import simulated

SHADE = "carousel_background_color"
AT_HOME: dict[str, object] = {
    "google": "c4nary-code",
    "wordpress_api_key": "c4nary1234",
    "post_by_email_address": "c4nary@post.example",
    "lang_id": "de_DE",
}
GOLDEN: dict[str, object] = {SHADE: "white", "sharing_label": "a &amp; b", "show": ["page"]}
ORDERS = [SyncSettings, DiffSettings]


def golden(era: str = "13.9", **more: Any) -> SiteSpec:
    options = {**GOLDEN, **AT_HOME}
    return SiteSpec("golden", era=era, options=options, modules=("sitemaps",), **more)


def others(**more: Any) -> list[SiteSpec]:
    return [SiteSpec(f"j{era}", era=era, modules=(), **more) for era in ERAS]


def statuses(report: RunReport) -> dict[str, Status]:
    return {result.site: result.status for result in report.results}


@pytest.mark.parametrize("connection", ["offline", "unconnected", "connected"])
@pytest.mark.parametrize("era", ["6.1", "13.9", "16.1"])
async def test_settings_are_carried_to_every_era_and_nothing_else_is(
    era: str, connection: str, tmp_path: Path
) -> None:
    specs = [golden(era), *others(connection=connection)]
    async with simulated(tmp_path, *specs) as running:
        report = await running.fleet.run(SyncSettings(source="golden"))
        wanted = {spec.name: Status.CHANGED for spec in specs}
        wanted |= {"golden": Status.UNCHANGED, "j4.3": Status.UNCHANGED}
        assert statuses(report) == wanted
        for spec in specs[2:]:
            options = running.site(spec.name).options
            assert GOLDEN.items() <= options.items()
            assert not AT_HOME.keys() & options.keys()
            assert running.site(spec.name).state.modules == set()
        again = await running.fleet.run(SyncSettings(source="golden"))
        assert set(statuses(again).values()) == {Status.UNCHANGED}
        assert again.usage.writes == 0


@pytest.mark.parametrize("order", ORDERS)
async def test_what_stays_at_home_is_said_with_its_reason(
    order: type[SyncSettings | DiffSettings], tmp_path: Path
) -> None:
    async with simulated(tmp_path, golden("16.1"), SiteSpec("other", modules=())) as running:
        report = await running.fleet.run(order(source="golden"))
        for result in report.results:
            reasons = [note.split(":")[0].removeprefix("left out as ") for note in result.notes]
            assert reasons == ["module", "read-only", "command", "secret", "per user", "per site"]
        notes = report.results[0].notes
        assert "left out as read-only: akismet, categories, newsletter_has_active_plan" in notes
        assert any(" and " in note and note.endswith(" more") for note in notes)
        assert "left out as module: " in render_text(report)
        assert "c4nary" not in repr(report)


async def test_differences_are_told_and_nothing_is_written(tmp_path: Path) -> None:
    async with simulated(tmp_path, golden(), *others()) as running:
        report = await running.fleet.run(DiffSettings(source="golden"))
        wanted = {f"j{era}": Status.DRIFT for era in ERAS}
        assert statuses(report) == wanted | {"golden": Status.UNCHANGED, "j4.3": Status.UNCHANGED}
        assert (report.exit_code, report.read_only, report.usage.writes) == (2, True, 0)
        assert all(site.ledger == [] for site in running.world)
        drift = {
            key.key: (key.before, key.wanted)
            for key in report.results[-1].keys
            if key.verdict is Verdict.DRIFT
        }
        assert drift["settings.carousel_background_color"] == ("black", "white")
        assert "settings.google" not in drift


async def test_sites_that_do_not_differ_end_well(tmp_path: Path) -> None:
    async with simulated(tmp_path, golden(), SiteSpec("twin", era="13.9", options=GOLDEN)) as run:
        report = await run.fleet.run(DiffSettings(source="golden"))
        assert set(statuses(report).values()) == {Status.UNCHANGED}
        assert report.exit_code == 0


async def test_a_key_that_is_named_is_carried_although_it_belongs_to_one_site(
    tmp_path: Path,
) -> None:
    async with simulated(tmp_path, golden(), *others()) as running:
        running.site("j16.1").state.plugins["akismet/akismet.php"] = True
        order = SyncSettings(source="golden", only=("google", "wordpress_api_key"))
        report = await running.fleet.run(order)
        assert running.site("j16.1").options["google"] == "c4nary-code"
        assert running.site("j16.1").options["wordpress_api_key"] == "c4nary1234"
        ended = {result.site: result for result in report.results}
        assert (ended["j16.1"].status, ended["j16.1"].notes) == (Status.CHANGED, ())
        assert (ended["j8.9"].status, ended["j8.9"].kind) == (Status.PARTIAL, "write.partial")
        assert (ended["j4.3"].status, ended["j4.3"].kind) == (
            Status.BLOCKED,
            "jetpack.unsupported",
        )
        assert "c4nary1234" not in repr(report)


@pytest.mark.parametrize(
    ("key", "why"),
    [("akismet", "read-only"), ("custom", "command"), ("sitemaps", "module")],
)
@pytest.mark.parametrize("order", ORDERS)
async def test_what_no_other_site_can_take_is_refused_before_anything_is_written(
    order: type[SyncSettings | DiffSettings], key: str, why: str, tmp_path: Path
) -> None:
    async with simulated(tmp_path, golden(), SiteSpec("other")) as running:
        report = await running.fleet.run(order(source="golden", only=(SHADE, key)))
        assert statuses(report) == {"golden": Status.BLOCKED, "other": Status.NOT_STARTED}
        assert f"{key} ({why})" in report.results[0].message
        assert report.usage.writes == 0


async def test_excepted_keys_are_left_alone(tmp_path: Path) -> None:
    async with simulated(tmp_path, golden(), SiteSpec("other")) as running:
        order = SyncSettings(source="golden", leave=(SHADE, "not_there"))
        report = await running.fleet.run(order)
        assert SHADE not in running.site("other").options
        assert running.site("other").options["show"] == ["page"]
        assert report.parameters == {"from": "golden", "except": [SHADE, "not_there"]}
        note = "named to be left out, but not on golden: not_there"
        assert note in report.results[0].notes


async def test_only_the_named_keys_that_are_not_excepted_are_carried(tmp_path: Path) -> None:
    async with simulated(tmp_path, golden(), SiteSpec("other")) as running:
        order = SyncSettings(source="golden", only=(SHADE, "show"), leave=("show",))
        await running.fleet.run(order)
        assert running.site("other").options == {SHADE: "white"}


async def test_a_value_an_older_release_refuses_stops_no_other(tmp_path: Path) -> None:
    source = golden("16.1")
    async with simulated(tmp_path, source, SiteSpec("older", era="13.9", modules=())) as running:
        running.site("golden").options["button_style"] = "of-a-later-day"
        report = await running.fleet.run(SyncSettings(source="golden"))
        older = {key.key: key.verdict for key in report.results[-1].keys}
        assert older["settings.button_style"] is Verdict.REJECTED
        assert older[f"settings.{SHADE}"] is Verdict.CHANGED
