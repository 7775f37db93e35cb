"""Policy on real WordPress: plan, apply, plan again, roll back; the database is the oracle."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from fleet.engine.fleet import Fleet
from fleet.journal.journal import open_journal
from fleet.policy.apply import Applier
from fleet.policy.document import PolicyDocument
from fleet.policy.plan import Plan
from fleet.policy.planning import make_plan
from fleet.policy.rollback import plan_rollback
from fleet.results import RunReport, Status
from tests.wordpress.fleets import fleet_of
from tests.wordpress.site import WordPressSite
from tests.wordpress.stack import WordPressStack

POLICY = """
version: 1
policies:
  - name: baseline
    modules: {active: [latex, sitemaps], inactive: [markdown]}
    options:
      carousel.carousel_background_color: white
      sharedaddy.sharing_label: "Tell others & <b>more</b>"
      verification-tools.google: code-of-policy
"""
MODULES = "jetpack_active_modules"
VOLATILE = ("_transient", "_site_transient", "cron", "rewrite_rules", "recently_activated")


@pytest.fixture
def layouts(wordpress: WordPressStack) -> dict[str, WordPressSite]:
    """Return the three permalink layouts, each with something stored that policy changes."""
    found = {
        "pretty": wordpress.pretty,
        "plain": wordpress.plain,
        "subdirectory": wordpress.subdirectory,
    }
    for site in found.values():
        site.set_option(MODULES, ["markdown", "notes"])
        site.set_option("carousel_background_color", "black")
    return found


@pytest.fixture
async def fleet(layouts: Mapping[str, WordPressSite], tmp_path: Path) -> AsyncIterator[Fleet]:
    plain = fleet_of(tmp_path, layouts)
    async with open_journal(str(tmp_path / "state" / "journal.db")) as journal:
        plain.journal = journal
        yield plain


@pytest.fixture
def document(tmp_path: Path) -> PolicyDocument:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return PolicyDocument.load([path])


def rows(site: WordPressSite) -> dict[bytes, bytes]:
    """Return the options as the database has them, but for what WordPress itself keeps busy."""
    found = site.database.execute("SELECT HEX(option_name), HEX(option_value) FROM wp_options")
    named = {bytes.fromhex(row[0].decode()): row[1] for row in found}
    busy = tuple(name.encode() for name in VOLATILE)
    return {name: value for name, value in named.items() if not name.startswith(busy)}


def differing(before: Mapping[bytes, bytes], after: Mapping[bytes, bytes]) -> set[str]:
    return {
        name.decode()
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }


def statuses(report: RunReport) -> set[Status]:
    return {result.status for result in report.results}


async def plan_of(fleet: Fleet, document: PolicyDocument) -> Plan:
    plan, _ = await make_plan(fleet, document, fleet.inventory)
    return plan


async def test_after_apply_the_plan_is_empty_and_a_second_apply_writes_nothing(
    fleet: Fleet, document: PolicyDocument, layouts: Mapping[str, WordPressSite]
) -> None:
    plan = await plan_of(fleet, document)
    assert [len(site.changes) for site in plan.changing] == [6, 6, 6]
    for site in layouts.values():
        assert site.writes() == []
        site.clear_log()
    assert statuses(await Applier(fleet, plan).apply()) == {Status.CHANGED}
    for site in layouts.values():
        assert site.active_modules() == ["latex", "notes", "sitemaps"]
        assert site.option("carousel_background_color") == "white"
        assert len(site.writes()) == 3
        site.clear_log()
    again = await plan_of(fleet, document)
    assert again.changing == ()
    report = await Applier(fleet, again).apply()
    assert report.results == ()
    for site in layouts.values():
        assert site.writes() == []


async def test_rollback_restores_the_rows_that_apply_changed_and_only_those(
    fleet: Fleet, document: PolicyDocument, layouts: Mapping[str, WordPressSite]
) -> None:
    # Once there and back: Jetpack stores defaults that were never stored before.
    await there_and_back(fleet, document)
    before = {name: rows(site) for name, site in layouts.items()}
    run = await Applier(fleet, await plan_of(fleet, document)).apply()
    for name, site in layouts.items():
        assert {MODULES, "carousel_background_color"} <= differing(before[name], rows(site))
    await roll_back(fleet, run.run_id)
    for name, site in layouts.items():
        # PHP keeps the list of modules in the order in which they came.
        assert differing(before[name], rows(site)) <= {MODULES}
        assert site.active_modules() == ["markdown", "notes"]


async def test_a_site_changed_by_hand_since_the_plan_is_left_alone(
    fleet: Fleet, document: PolicyDocument, layouts: Mapping[str, WordPressSite]
) -> None:
    plan = await plan_of(fleet, document)
    layouts["plain"].set_option("carousel_background_color", "white-by-hand")
    layouts["plain"].clear_log()
    report = await Applier(fleet, plan).apply()
    found = {result.site: (result.status, result.kind) for result in report.results}
    assert found == {
        "pretty": (Status.CHANGED, None),
        "plain": (Status.SKIPPED, "plan.stale"),
        "subdirectory": (Status.CHANGED, None),
    }
    assert layouts["plain"].writes() == []


async def there_and_back(fleet: Fleet, document: PolicyDocument) -> None:
    run = await Applier(fleet, await plan_of(fleet, document)).apply()
    await roll_back(fleet, run.run_id)


async def roll_back(fleet: Fleet, run_id: str) -> None:
    if fleet.journal is None:
        raise AssertionError("a rollback needs a journal")
    plan, _ = await plan_rollback(fleet, fleet.journal, run_id, fleet.inventory)
    assert statuses(await Applier(fleet, plan).apply()) == {Status.CHANGED}
