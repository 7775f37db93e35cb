"""What is told of each key is what the site really did, whatever it answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.operations.carrying import DiffSettings, SyncSettings
from fleet.operations.settings import GetSettings, SetSettings
from fleet.results import RunReport, SiteResult, Status, Verdict
from fleet.simulator.eras import ERAS
from fleet.simulator.faults import Fault
from fleet.simulator.settings import options_of
from fleet.simulator.site import SiteSpec
from tests.engine.simulated import simulated

SETTINGS = "/jetpack/v4/settings"
FULL = [era for era in ERAS if era != "4.3"]
COLOUR = "carousel_background_color"


def only(report: RunReport) -> SiteResult:
    (result,) = report.results
    return result


def verdicts(result: SiteResult) -> dict[str, Verdict]:
    return {key.key.removeprefix("settings."): key.verdict for key in result.keys}


@pytest.mark.parametrize("era", FULL)
async def test_fault_52_a_good_an_unknown_and_a_badly_typed_key_are_told_apart(
    era: str, tmp_path: Path
) -> None:
    task = SetSettings({COLOUR: "white", "no_such_key": 1, "carousel_display_exif": "yes"})
    async with simulated(tmp_path, SiteSpec("s", era=era)) as running:
        ended = verdicts(only(await running.fleet.run(task)))
        stored = running.site("s").options.get(COLOUR) == "white"
        assert ended["no_such_key"] is Verdict.UNSUPPORTED
        assert ended["carousel_display_exif"] is Verdict.REJECTED
        assert (ended[COLOUR] is Verdict.CHANGED) == stored
        assert "carousel_display_exif" not in running.site("s").options


@pytest.mark.parametrize("era", FULL)
async def test_a_bad_choice_stops_the_good_key_and_both_say_so(era: str, tmp_path: Path) -> None:
    """``rest_invalid_param`` applies nothing; Jetpack's own schema does not always tell before."""
    task = SetSettings({COLOUR: "mauve", "carousel_display_exif": True})
    async with simulated(tmp_path, SiteSpec("s", era=era)) as running:
        ended = verdicts(only(await running.fleet.run(task)))
        stored = running.site("s").options.get("carousel_display_exif") is True
        assert ended[COLOUR] is Verdict.REJECTED
        assert (ended["carousel_display_exif"] is Verdict.CHANGED) == stored


@pytest.mark.parametrize(
    ("fault", "status", "kind", "applied"),
    [
        pytest.param("lie_unchanged", Status.FAILED, "verify.mismatch", 0, id="yes but no"),
        pytest.param("lie_applied", Status.CHANGED, None, 1, id="no but yes"),
        pytest.param("reset_after", Status.CHANGED, None, 1, id="answer lost"),
        pytest.param("reset_before", Status.UNKNOWN, "write.unconfirmed", 0, id="request lost"),
    ],
)
@pytest.mark.parametrize("era", FULL)
async def test_lies_and_lost_answers_are_seen_through(
    era: str, fault: str, status: Status, kind: str | None, applied: int, tmp_path: Path
) -> None:
    spec = SiteSpec("s", era=era, faults=(Fault(fault, where=SETTINGS, methods=("POST",)),))
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(SetSettings({COLOUR: "white"})))
        assert (result.status, result.kind) == (status, kind)
        assert len(running.site("s").ledger) == applied
        assert running.site("s").count("POST", SETTINGS) == 1


async def test_a_difference_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    golden = SiteSpec("golden", options={COLOUR: "white"})
    async with simulated(tmp_path, golden, SiteSpec("other")) as running:
        report = await running.fleet.run(DiffSettings(source="golden"))
        assert [r.status for r in report.results] == [Status.UNCHANGED, Status.DRIFT]
        assert verdicts(report.results[1])[COLOUR] is Verdict.DRIFT
        assert (report.exit_code, report.read_only, report.usage.writes) == (2, True, 0)


async def test_what_stays_at_home_is_said(tmp_path: Path) -> None:
    golden = SiteSpec("golden", options={"google": "abc", COLOUR: "white"})
    async with simulated(tmp_path, golden, SiteSpec("other")) as running:
        report = await running.fleet.run(SyncSettings(source="golden", leave=(COLOUR,)))
        notes = " ".join(report.results[1].notes)
        assert all(f"left out as {why}" in notes for why in ("secret", "per site", "module"))
        assert running.site("other").options.get(COLOUR) != "white"
        named = await running.fleet.run(SyncSettings(source="golden", only=("google",)))
        assert named.results[1].status is Status.CHANGED
        assert running.site("other").options["google"] == "abc"


@pytest.mark.parametrize("era", FULL)
async def test_no_secret_is_read_aloud(era: str, tmp_path: Path) -> None:
    secret = [key for key, option in options_of(ERAS[era]).items() if "secret" in option.traits]
    spec = SiteSpec("s", era=era, options=dict.fromkeys(secret, "c4nary"))
    async with simulated(tmp_path, spec) as running:
        result = only(await running.fleet.run(GetSettings()))
        assert result.status is Status.UNCHANGED
        assert "c4nary" not in repr(result)
