"""The main job as a newcomer runs it, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from fleet.policy.plan import read_plan
from fleet.report.data import report_schema

FLEET = [sys.executable, "-m", "fleet"]


def run(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FLEET, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | {"TMPDIR": str(folder)} | environment,
    )


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        pytest.param([], 3, id="with troubles"),
        pytest.param(["--healthy"], 0, id="healthy"),
        pytest.param(["--sites", "40"], 3, id="forty sites"),
    ],
)
def test_the_demo_balances_and_exits_as_promised(
    flags: list[str], code: int, tmp_path: Path
) -> None:
    ended = run("demo", "-o", "json", *flags, folder=tmp_path)
    assert ended.returncode == code
    document = json.loads(ended.stdout)
    sites = int(flags[1]) if "--sites" in flags else 12
    assert document["sites"] == sites
    assert sum(n for name, n in document["totals"].items() if name != "sites") == sites
    assert [report["operation"] for report in document["runs"]] == ["audit", "apply", "audit"]
    for report in document["runs"]:
        Draft202012Validator(report_schema()).validate(report)
    before, apply, after = (report["totals"] for report in document["runs"])
    assert before["sites"] == after["sites"] == sites
    assert apply["changed"] == apply["sites"] > 0
    assert after["unchanged"] > before["unchanged"]


def test_the_demo_says_where_the_files_are_and_what_to_try_next(tmp_path: Path) -> None:
    ended = run("demo", folder=tmp_path)
    (folder,) = re.findall(r"reports are in (\S+)", ended.stderr)
    assert sorted(path.name for path in Path(folder).iterdir()) == [
        "apply.html",
        "apply.json",
        "audit-again.html",
        "audit-again.json",
        "audit.html",
        "audit.json",
        "inventory.yaml",
        "journal.db",
        "plan.json",
        "policy.yaml",
    ]
    assert read_plan(Path(folder) / "plan.json").origin == "policy"
    assert "fleet simulate" in ended.stderr.splitlines()[-1]
    assert f"in a browser: {folder}/audit-again.html" in ended.stderr
    assert "island-school" in (Path(folder) / "audit-again.html").read_text()
    assert ended.stdout.count("Total ") == 3
    assert ended.stdout.count("== ") == 4
    assert "\x1b" not in ended.stdout


def test_the_demo_leaves_nothing_running(tmp_path: Path) -> None:
    ended = run("demo", "--sites", "3", folder=tmp_path)
    (folder,) = re.findall(r"reports are in (\S+)", ended.stderr)
    (url, *_) = re.findall(r"http://\S+", (Path(folder) / "inventory.yaml").read_text())
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(url)  # noqa: S310 - loopback


def test_a_quiet_demo_says_nothing_beside_the_report(tmp_path: Path) -> None:
    assert run("demo", "-q", "--healthy", folder=tmp_path).stderr == ""


def test_every_command_can_be_tried_on_a_simulated_fleet(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*FLEET, "simulate", "--sites", "5", "--healthy", "--folder", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        exports = dict(re.findall(r"(FLEET_\w+)=(\S+)", server.stdout.readline()))
        server.stdout.readline()
        try:
            first = run("run", "modules.activate", "--modules", "latex", folder=tmp_path, **exports)
            again = run("run", "modules.activate", "--modules", "latex", folder=tmp_path, **exports)
            shown = run("run", "stats.collect", "-o", "json", folder=tmp_path, **exports)
            drift = run(
                "run",
                "modules.deactivate",
                *("--modules", "latex", "--dry-run", "--detailed-exitcode"),
                folder=tmp_path,
                **exports,
            )
        finally:
            server.send_signal(signal.SIGINT)
    assert (first.returncode, again.returncode, drift.returncode) == (0, 0, 2)
    assert "5 sites: 5 changed" in first.stdout
    assert "5 sites: 5 unchanged" in again.stdout
    assert json.loads(shown.stdout)["totals"]["unchanged"] == 5
    assert server.returncode == 0


def test_the_first_ctrl_c_lets_running_sites_finish(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*FLEET, "simulate", "--sites", "40", "--latency", "0.2", "--folder", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        exports = dict(re.findall(r"(FLEET_\w+)=(\S+)", server.stdout.readline()))
        with subprocess.Popen(
            [*FLEET, "run", "stats.collect", "-c", "4", "--per-host", "4", "-o", "json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | exports,
        ) as client:
            assert client.stderr is not None
            client.stderr.readline()
            client.send_signal(signal.SIGINT)
            out, _ = client.communicate(timeout=60)
        server.send_signal(signal.SIGINT)
    report = json.loads(out)
    assert (client.returncode, report["interrupted"]) == (130, "SIGINT")
    assert report["totals"]["not_started"] >= 30
    assert sum(n for name, n in report["totals"].items() if name != "sites") == 40
