"""``fleet runs diff``, ``findings`` and ``trend`` on a journal of three audits."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleet.front.app import run_command_line
from fleet.journal.journal import open_journal
from fleet.results import RunStarted
from tests.journal.made import OWNER, Clock, audited, looked, lost

AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
HOSTILE = "::error::<!channel> \x1b[31m| `x`"


RUNS = {
    "r1": [
        looked("a", protect=False, stats=True),
        looked("b", protect=True),
        looked("c", protect=False),
    ],
    "r2": [
        looked("a", protect=False, stats=True),
        looked("b", protect=True),
        lost("c", message=HOSTILE),
    ],
    "r3": [
        looked("a", protect=True, stats=False),
        lost("b", message=HOSTILE),
        lost("c", message=HOSTILE),
    ],
}


@pytest.fixture(autouse=True)
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "state" / "journal.db"
    monkeypatch.setenv("FLEET_STORE", str(path))
    asyncio.run(_fill(path))
    return path


async def _fill(path: Path) -> None:
    clock = Clock(AT)
    async with open_journal(str(path), now=clock) as journal:
        for run_id, results in RUNS.items():
            await audited(journal, clock, run_id, *results)
            clock.pass_by(86_400)
        stray = RunStarted("other", "stats", {}, True, (("a", "https://a.example/"),), clock())
        await journal.begin(stray, kind="run", owner=OWNER)


def ran(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = run_command_line(words.split())
    return code, capsys.readouterr().out


def test_the_last_two_audits_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = ran("runs diff --kind audit", capsys)
    assert code == 2
    assert "Compared r2 with r3: 2 new, 1 fixed, 1 still open, 0 not seen" in text
    assert "a  modules.stats  false, wanted true" in text
    assert "first seen 2026-11-20" in text
    assert "\x1b[" not in text


def test_an_unreachable_site_is_not_seen_rather_than_fixed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, text = ran("runs diff r1 r2", capsys)
    assert code == 2
    assert "Not seen (1)" in text
    assert "the site ended unreachable (net.timeout)" in text


def test_programs_get_json_and_comments_markdown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = ran(f"runs diff last~2 last --kind audit -o json -o md={tmp_path}/d.md", capsys)
    found = json.loads(text)
    assert code == 2
    assert (found["format"], found["earlier"], found["later"]) == (1, "r1", "r3")
    assert [row["key"] for row in found["fixed"]] == ["modules.protect"]
    assert {row["site"] for row in found["new"]} == {"a", "b", "c"}
    markdown = (tmp_path / "d.md").read_text()
    assert "**Fixed (1)**" in markdown
    assert "<!channel>" not in markdown


def test_nothing_new_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = ran("runs diff r2 r1", capsys)
    assert (code, "1 new" in text) == (2, True)
    assert run_command_line(["runs", "diff", "r1", "r1"]) == 64


def test_runs_of_different_kinds_are_not_compared_unasked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command_line(["runs", "diff", "r1", "other"]) == 64
    assert "--any-kind compares them all the same" in capsys.readouterr().err
    assert run_command_line(["runs", "diff", "r1", "other", "--any-kind"]) == 0


def test_findings_tell_since_when(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = ran("runs findings", capsys)
    assert code == 0
    assert text.splitlines()[0].startswith("c  modules.protect")
    assert "first seen 2026-11-20" in text
    code, text = ran("runs findings --fixed", capsys)
    assert "gone since 2026-11-22" in text
    assert "mean time to fix: 2 days" in text


def test_the_trend_is_told_by_run_and_by_day(capsys: pytest.CaptureFixture[str]) -> None:
    _, text = ran("runs trend", capsys)
    assert [line.split("  ")[-1] for line in text.splitlines()] == [
        "1 of 3 sites",
        "1 of 2 sites",
        "0 of 1 site",
    ]
    _, text = ran("runs trend --by-day --key modules.protect --runs 1", capsys)
    assert text == "2026-11-22  modules.protect  100.0 %  1 of 1 site\n"
