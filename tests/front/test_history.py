"""What the commands over policies and the history of runs say to odd words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fleet.front.app import run_command_line
from fleet.report.text import render_text
from fleet.results import Halt, Halted
from tests.report.made import run

INVENTORY = """
version: 1
defaults: {auth: {username: bot, password: "env:PW"}}
sites: {shop: https://shop.example, shed: https://shed.example}
"""
POLICY = """
version: 1
policies: [{name: base, modules: {active: [protect]}}]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    (tmp_path / "policy.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLEET_STORE", str(tmp_path / "state" / "journal.db"))
    monkeypatch.setenv("PW", "made-up")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("policy explain * modules.protect", "there is no site '*'"),
        ("policy explain shp modules.protect", "did you mean 'shop'?"),
        ("policy capture s*", "there is no site 's*'"),
        ("policy mine --share 0.5", "more than 0.5, and 1 at most"),
        ("runs list --limit 99999999999999999999", "--limit 99999999999999999999: from 1 to"),
        ("runs list --limit 0", "from 1 to 100,000"),
        ("runs list --kind aply", "aply"),
        ("runs prune --keep-days 9999999999", "from 1 to 100,000"),
        ("runs show nothing", "nothing"),
        ("runs diff", "there is no such run in the journal yet"),
        ("runs diff -o junit", "-o junit: write text, md, json or FORMAT=FILE"),
        ("runs diff -o md -o json", "only one format can go to standard output"),
        ("runs diff 2026 last", "there is no run 2026"),
        ("runs trend --runs 0", "from 1 to 100,000"),
        ("plan --deadline nan", "more than 0, and a day at most"),
        ("plan --timeout inf", "more than 0, and a day at most"),
        ("plan -o yaml", "write text, md, json, FORMAT=FILE or plan.json"),
        ("plan -o text -o md", "only one format can go to standard output"),
        ("run connection.status --status failed", "--status goes with --from-run RUN"),
        ("run connection.status --from-run last --status faild", "did you mean failed?"),
        ("run connection.status --max-failures many", "expected a number of sites or a percentage"),
        ("apply", "takes a plan or -p POLICY"),
        ("apply plan.json -p policy.yaml", "and not both"),
        ("apply plan.json -l env=prod", "a plan has its sites already"),
        ("apply missing.json", "cannot be read: no such file"),
        ("resume last --site shop", "a run has its sites already"),
        ("resume last", "no run on record"),
        ("rollback last", "no run on record"),
        ("unlock 2026", "holds no sites"),
    ],
)
def test_odd_words_are_answered_before_anything_is_contacted(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(words.split()) == 64
    assert said in capsys.readouterr().err


def test_a_file_that_is_no_plan_is_called_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["apply", "policy.yaml"]) == 5
    assert "policy.yaml is no plan of this release" in capsys.readouterr().err


def test_a_halted_run_says_why_in_its_report() -> None:
    report = replace(run([]), halted=Halted(Halt.BUDGET, "2 sites of the run ended badly"))
    text = render_text(report)
    assert "halted after 12.4 s" in text
    assert "Halted   2 sites of the run ended badly" in text
    assert report.exit_code == 4
