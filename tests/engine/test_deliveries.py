"""What becomes of the sites of a part that did not end well on its worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.config import Settings
from fleet.engine.deliveries import Deliveries
from fleet.engine.parts import Assignment, Part
from fleet.errors import LeaseLost
from fleet.journal.journal import Journal, open_journal
from fleet.journal.records import Intent
from fleet.results import SiteResult, Status
from tests.engine.sites import site
from tests.journal.made import OWNER, start

INTENT = Intent("modules.protect", False, True)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    async with open_journal(str(tmp_path / "journal.db")) as journal:
        yield journal


async def given(journal: Journal) -> tuple[Deliveries, Part, list[SiteResult]]:
    """Return the deliveries of a part of two sites, and what has ended."""
    run = start(sites=("shop", "cafe"))
    await journal.begin(run, owner=OWNER)
    told: list[SiteResult] = []

    async def ended(result: SiteResult) -> SiteResult:
        told.append(result)
        return result

    common = Assignment(run.run_id, "", dry_run=False, settings=Settings())
    part = Part("1", "", common, (site("shop"), site("cafe")), ())
    deliveries = Deliveries(journal, run.run_id, ended, lambda _: None)
    deliveries.expect(part)
    return deliveries, part, told


@pytest.mark.parametrize("trouble", [None, "the worker died"])
async def test_a_meant_change_without_an_outcome_is_never_told_as_not_started(
    journal: Journal, trouble: str | None
) -> None:
    deliveries, part, told = await given(journal)
    worker = await journal.claims.take(part.assignment.run_id, "1", OWNER)
    await worker.intend("shop", [INTENT], None)
    await deliveries.close(part, trouble)
    assert [(each.site, each.status) for each in told] == [("shop", Status.UNKNOWN)]


async def test_a_worker_that_was_given_up_changes_nothing_more(journal: Journal) -> None:
    deliveries, part, told = await given(journal)
    worker = await journal.claims.take(part.assignment.run_id, "1", OWNER)
    await deliveries.close(part, "the scheduler is gone")
    assert not told
    with pytest.raises(LeaseLost):
        await worker.intend("cafe", [INTENT], None)
