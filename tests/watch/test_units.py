"""What ``fleet schedule print`` writes is read by those it is for."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from fleet.errors import InputError
from fleet.front.app import run_command_line
from fleet.front.watch.cron import check_cron, next_due
from fleet.front.watch.nouns import Schedule
from fleet.front.watch.units import PRINTERS, on_calendar

NIGHTLY = Schedule("nightly", "audit", "30 2 * * 1-5", tz="Europe/Vienna", jitter=300.0)
FILE = Path("/srv/fleet/fleet.yaml")
ANALYZE = shutil.which("systemd-analyze")


def test_systemd_takes_the_times() -> None:
    assert on_calendar(NIGHTLY) == ["Mon,Tue,Wed,Thu,Fri *-*-* 02:30:00 Europe/Vienna"]
    either = Schedule("x", "audit", "0 12 13 * 5")
    assert on_calendar(either) == ["*-*-13 12:00:00 UTC", "Fri *-*-* 12:00:00 UTC"]


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize(
    "cron",
    ["30 2 * * *", "*/15 * * * *", "0 5 * * 0", "0 0 1,15 * *", "5 4 31 12 *", "0 9-17 * * 1-5"],
)
def test_systemd_and_cron_mean_the_same_moment(cron: str) -> None:
    (calendar,) = on_calendar(Schedule("x", "audit", cron, tz="Europe/Vienna"))
    assert ANALYZE
    base = datetime.now(UTC)
    said = subprocess.run(
        [ANALYZE, "calendar", calendar], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"\(in UTC\): \w+ (\S+ \S+) UTC", said) or re.search(
        r"Next elapse: \w+ (\S+ \S+) UTC", said
    )
    assert found
    expected = next_due(cron, "Europe/Vienna", base)
    assert datetime.fromisoformat(found[1]).replace(tzinfo=UTC) == expected


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    text = PRINTERS["systemd"](NIGHTLY, FILE)
    service, timer = text.split("\n# fleet-nightly.timer")
    (tmp_path / "fleet-nightly.service").write_text(service + "\n")
    (tmp_path / "fleet-nightly.timer").write_text("#" + timer)
    assert ANALYZE
    done = subprocess.run(
        [ANALYZE, "verify", str(tmp_path / "fleet-nightly.timer")],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "fleet-nightly" in line]
    assert ours == []


def test_a_crontab_names_its_zone_and_escapes_percent_signs() -> None:
    text = PRINTERS["cron"](NIGHTLY, Path("/srv/100%/fleet.yaml"))
    zone, line = text.splitlines()[1:]
    assert zone == "CRON_TZ=Europe/Vienna"
    assert line.startswith("30 2 * * 1-5 cd /srv/100\\% && fleet watch --once nightly")
    check_cron(" ".join(line.split()[:5]))


def test_kubernetes_gets_one_job_at_a_time() -> None:
    job = yaml.safe_load(PRINTERS["kubernetes"](NIGHTLY, FILE))
    spec = job["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("30 2 * * 1-5", "Europe/Vienna")
    assert spec["concurrencyPolicy"] == "Forbid"
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["args"][:3] == ["watch", "--once", "nightly"]
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


def test_github_gets_utc_and_pinned_actions() -> None:
    text = PRINTERS["github"](NIGHTLY, FILE)
    workflow = yaml.safe_load(text)
    (entry,) = workflow[True]["schedule"]
    assert entry["cron"] == "30 1 * * 1-5"
    winter = datetime(2026, 12, 1, tzinfo=UTC)
    assert next_due(entry["cron"], "UTC", winter) == next_due(NIGHTLY.cron, NIGHTLY.tz, winter)
    assert workflow["permissions"] == {"contents": "read"}
    uses = re.findall(r"uses: (\S+)", text)
    assert uses
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", each) for each in uses)
    with pytest.raises(InputError, match="set tz: UTC"):
        PRINTERS["github"](Schedule("x", "audit", "30 0 * * 1", tz="Europe/Vienna"), FILE)


@pytest.mark.parametrize("system", sorted(PRINTERS))
def test_the_command_prints_the_schedules(
    system: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text("version: 1\nschedules: [{name: nightly, run: audit, cron: '0 1 * * *'}]\n")
    assert run_command_line(["schedule", "print", system, "--file", str(file)]) == 0
    assert "nightly" in capsys.readouterr().out
    assert run_command_line(["schedule", "print", system, "nightli", "--file", str(file)]) == 64
    assert "did you mean 'nightly'?" in capsys.readouterr().err


def test_the_check_says_that_nothing_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLEET_STORE", str(tmp_path / "state" / "journal.db"))
    file = tmp_path / "fleet.yaml"
    file.write_text("version: 1\nschedules: [{name: nightly, run: audit, cron: '0 1 * * *'}]\n")
    assert run_command_line(["watch", "--check", "--file", str(file)]) == 3
    assert "nightly: has never run here; next " in capsys.readouterr().out
