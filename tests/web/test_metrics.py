"""Metrics can be parsed, have bounded labels, and the rules only speak of metrics that exist."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from fleet.front.app import run_command_line
from fleet.results import Status
from tests.web.conftest import Serves
from tests.web.made import HOSTILE, audited, site

RULES = files("fleet.front.web").joinpath("prometheus-rules.yml").read_text("utf-8")


async def scraped(serves: Serves) -> tuple[str, dict[tuple[str, ...], float]]:
    """Return the text, and the values by name and labels."""
    async with serves() as client, client.get("/metrics") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        text = await answer.text()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))] = (
                sample.value
            )
    return text, found


async def test_metrics_say_what_the_journal_says(serves: Serves, journal_file: Path) -> None:
    lost = site("bravo", status=Status.UNREACHABLE, kind="net.timeout")
    await audited(journal_file, "run-1", site("alpha", "modules.a", "modules.b"), lost)
    await audited(journal_file, "run-2", site("charlie"), kind="apply", finished=False)
    _, found = await scraped(serves)
    assert found["fleet_sites", "status=unreachable"] == 1
    assert found["fleet_sites", "status=drift"] == 1
    assert found["fleet_sites", "status=failed"] == 0
    assert found["fleet_drift_findings",] == 2
    assert found["fleet_drift_sites",] == 1
    assert found["fleet_runs", "end=finished", "kind=audit"] == 1
    assert found["fleet_runs", "end=unfinished", "kind=apply"] == 1
    last = ("kind=audit", "operation=audit")
    assert found["fleet_last_run_complete", *last] == 1
    assert found["fleet_last_run_sites", *last, "status=unreachable"] == 1
    assert 0 <= found["fleet_last_run_duration_seconds", *last] < 60
    assert ("fleet_last_run_complete", "kind=apply", "operation=apply") not in found


async def test_no_label_names_a_site_and_their_number_does_not_grow_with_the_fleet(
    serves: Serves, journal_file: Path
) -> None:
    await audited(journal_file, "run-1", site("alpha", HOSTILE, message=HOSTILE))
    few, before = await scraped(serves)
    many = [site(f"alpha-{number}", HOSTILE) for number in range(300)]
    await audited(journal_file, "run-2", *many)
    text, after = await scraped(serves)
    assert before.keys() == after.keys()
    for word in ("alpha", "script", "example"):
        assert word not in text
        assert word not in few


async def test_metrics_of_an_empty_journal_have_every_status(serves: Serves) -> None:
    _, found = await scraped(serves)
    assert {("fleet_sites", f"status={status.value}") for status in Status} <= found.keys()
    assert ("fleet_runs", "end=finished", "kind=audit") in found


async def test_every_rule_speaks_of_metrics_that_exist(serves: Serves, journal_file: Path) -> None:
    await audited(journal_file, "run-1", site("alpha", "modules.a"))
    _, found = await scraped(serves)
    names = {key[0] for key in found}
    labels = {part.partition("=")[0] for key in found for part in key[1:]}
    rules = [rule for group in yaml.safe_load(RULES)["groups"] for rule in group["rules"]]
    assert len(rules) >= 6
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        used = set(re.findall(r"\bfleet_\w+", rule["expr"]))
        assert used <= names, rule["alert"]
        assert used or rule["alert"] == "FleetDashboardDown"
        inside = re.findall(r"(\w+)=\"", rule["expr"])
        assert set(inside) <= labels | {"job"}
        said = re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))
        assert set(said) <= labels
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert {"summary", "description"} <= rule["annotations"].keys()


def test_the_rules_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["serve", "--print-rules"]) == 0
    printed: Any = yaml.safe_load(capsys.readouterr().out)
    assert printed == yaml.safe_load(RULES)


async def test_the_page_about_metrics_names_every_metric(
    serves: Serves, journal_file: Path
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "dashboard.md").read_text(encoding="utf-8")
    await audited(journal_file, "run-1", site("alpha"))
    _, found = await scraped(serves)
    assert {key[0] for key in found} == set(re.findall(r"`(fleet_\w+)`", page))
