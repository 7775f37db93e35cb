"""Settings on real WordPress: its own escaping, casting and schema; the database is the oracle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fleet.operations.carrying import DiffSettings, SyncSettings
from fleet.operations.settings import GetSettings, SetSettings
from fleet.operations.values import MASK
from fleet.results import RunReport, SiteResult, Status, Verdict
from tests.wordpress.fleets import fleet_of
from tests.wordpress.site import WordPressSite
from tests.wordpress.stack import WordPressStack

SHADE = "carousel_background_color"


def only(report: RunReport) -> SiteResult:
    (result,) = report.results
    return result


def verdicts(result: SiteResult) -> dict[str, str]:
    return {key.key.removeprefix("settings."): str(key.verdict) for key in result.keys}


async def told(folder: Path, site: WordPressSite, **values: Any) -> SiteResult:
    return only(await fleet_of(folder, {"site": site}).run(SetSettings(values)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("infinite_scroll", False, id="false over a default of true"),
        pytest.param("carousel_display_exif", "1", id="digit for true"),
        pytest.param("show_headline", 0, id="zero in a shared row"),
        pytest.param("jetpack_portfolio_posts_per_page", "12", id="digits for a number"),
        pytest.param("sharing_label", "Tom & <b>Jerry</b> &amp; \"co\"", id="escaped"),
        pytest.param("highlander_comment_form_prompt", " Say  <i>it</i> 5 < 6 %41", id="stripped"),
        pytest.param("jetpack-twitter-cards-site-tag", "@harbour", id="at sign"),
        pytest.param("roles", ["editor", "administrator"], id="set"),
        pytest.param("google", "ab-12_X", id="code"),
        pytest.param("jetpack_protect_global_whitelist", "10.0.0.2,10.0.0.1", id="addresses"),
    ],
)  # fmt: skip
async def test_what_wordpress_makes_of_a_value_is_the_value_that_was_wanted(
    wordpress: WordPressStack, tmp_path: Path, key: str, value: object
) -> None:
    site = wordpress.pretty
    assert verdicts(await told(tmp_path, site, **{key: value})) == {key: "changed"}
    assert len(site.writes()) == 1
    site.clear_log()
    assert verdicts(await told(tmp_path, site, **{key: value})) == {key: "unchanged"}
    assert site.writes() == []


@pytest.mark.parametrize("layout", ["pretty", "plain", "subdirectory"])
async def test_a_bad_type_is_stopped_here_so_that_the_good_key_is_applied(
    wordpress: WordPressStack, tmp_path: Path, layout: str
) -> None:
    site = getattr(wordpress, layout)
    values: dict[str, Any] = {SHADE: "white", "no_such": 1, "carousel_display_exif": "yes"}
    result = await told(tmp_path, site, **values)
    assert verdicts(result) == {
        SHADE: "changed",
        "no_such": "unsupported",
        "carousel_display_exif": "rejected",
    }
    assert (site.option(SHADE), len(site.writes())) == ("white", 1)


async def test_a_value_the_site_refuses_keeps_the_good_key_from_being_applied(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.pretty
    result = await told(tmp_path, site, **{SHADE: "white", "no_such": 1, "google": "a b"})
    assert verdicts(result) == {SHADE: "rejected", "no_such": "unsupported", "google": "rejected"}
    assert site.option(SHADE) is None


@pytest.mark.parametrize(
    ("fault", "verdict", "kind", "stored"),
    [
        pytest.param("lie", Verdict.REJECTED, "verify.mismatch", None, id="yes but no"),
        pytest.param("error-after-write", Verdict.CHANGED, None, "white", id="no but yes"),
    ],
)
async def test_a_lie_costs_one_write_and_no_truth(
    wordpress: WordPressStack,
    tmp_path: Path,
    fault: str,
    verdict: Verdict,
    kind: str | None,
    stored: str | None,
) -> None:
    site = wordpress.pretty
    site.set_option("contract_fault", fault)
    (key,) = (await told(tmp_path, site, **{SHADE: "white"})).keys
    assert (key.verdict, key.kind) == (verdict, kind)
    assert (site.option(SHADE), len(site.writes())) == (stored, 1)


async def test_what_needs_wordpress_com_is_refused_without_a_write(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.pretty
    result = await told(tmp_path, site, monitor_receive_notifications=True)
    assert (result.status, result.kind) == (Status.BLOCKED, "jetpack.offline")
    assert site.writes() == []


async def test_secrets_are_masked_when_they_are_read(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    site = wordpress.pretty
    key = "jetpack_protect_global_whitelist"
    await told(tmp_path, site, **{key: "10.0.0.1"})
    report = await fleet_of(tmp_path, {"site": site}).run(GetSettings(keys=(key, SHADE)))
    assert only(report).data == {"settings": {key: MASK, SHADE: "black"}}


async def test_a_difference_is_told_without_a_write_and_gone_after_carrying(
    wordpress: WordPressStack, tmp_path: Path
) -> None:
    sites = {"golden": wordpress.pretty, "other": wordpress.plain}
    fleet = fleet_of(tmp_path, sites)
    values: dict[str, Any] = {SHADE: "white", "sharing_label": "a & b", "google": "code"}
    await told(tmp_path, wordpress.pretty, **values)
    diff = DiffSettings(source="golden")
    report = await fleet.run(diff)
    assert (report.exit_code, report.results[1].status) == (2, Status.DRIFT)
    assert verdicts(report.results[1])[SHADE] == "drift"
    assert "google" not in verdicts(report.results[1])
    assert wordpress.plain.writes() == []
    await fleet.run(SyncSettings(source="golden"))
    assert wordpress.plain.option(SHADE) == "white"
    assert (await fleet.run(diff)).exit_code == 0
