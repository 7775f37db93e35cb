"""Parts of a run are worked on by whoever claimed them last, and by nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fleet.errors import LeaseLost
from fleet.journal.journal import Journal
from fleet.journal.records import Intent
from fleet.results import KeyResult, SiteResult, Status, Verdict
from tests.journal.made import OWNER, Opens, start

INTENT = Intent("modules.protect", False, True)


@pytest.fixture
async def journal(opens: Opens) -> AsyncIterator[Journal]:
    async with opens() as journal:
        yield journal


def changed(site: str) -> SiteResult:
    keys = (KeyResult("modules.protect", Verdict.CHANGED, False, True, True),)
    return SiteResult(site, f"https://{site}.example/", Status.CHANGED, keys=keys)


async def begun(journal: Journal) -> str:
    run = start(sites=("shop", "cafe"))
    await journal.begin(run, owner=OWNER)
    return run.run_id


async def test_fault_67_the_last_claim_counts(journal: Journal) -> None:
    run_id = await begun(journal)
    first = await journal.claims.take(run_id, "1", OWNER)
    await first.intend("shop", [INTENT], None)
    second = await journal.claims.take(run_id, "1", OWNER)
    with pytest.raises(LeaseLost, match="another worker has taken part 1"):
        await first.intend("cafe", [INTENT], None)
    await second.intend("cafe", [INTENT], None)
    assert set(await second.unsettled(["shop", "cafe"])) == {"shop", "cafe"}


async def test_parts_are_claimed_apart(journal: Journal) -> None:
    run_id = await begun(journal)
    first = await journal.claims.take(run_id, "1", OWNER)
    await journal.claims.take(run_id, "2", OWNER)
    await first.intend("shop", [INTENT], None)


async def test_a_result_settles_what_was_meant(journal: Journal) -> None:
    run_id = await begun(journal)
    part = await journal.claims.take(run_id, "1", OWNER)
    await part.intend("shop", [INTENT], None)
    assert (await part.unsettled(["shop"]))["shop"][0].intent == INTENT
    await part.record(changed("shop"))
    await part.flush()
    assert not await part.unsettled(["shop", "cafe"])
    assert await part.ended(["shop", "cafe"]) == {"shop": changed("shop")}
    assert await journal.claims.outcomes(run_id, ["shop"]) == {"shop": changed("shop")}


async def test_fault_67_a_result_that_comes_too_late_is_not_written(opens: Opens) -> None:
    async with opens() as journal:
        run_id = await begun(journal)
        async with opens() as other:
            late = await other.claims.take(run_id, "1", OWNER)
            await journal.claims.take(run_id, "1", OWNER)
            await late.record(changed("shop"))
            with pytest.raises(LeaseLost, match="another worker"):
                await late.flush()
        assert await journal.claims.outcomes(run_id, ["shop"]) == {}


async def test_an_intent_waits_for_the_result_before_it(journal: Journal) -> None:
    run_id = await begun(journal)
    part = await journal.claims.take(run_id, "1", OWNER)
    await part.record(changed("shop"))
    await part.intend("shop", [INTENT], None)
    assert set(await part.unsettled(["shop"])) == {"shop"}
