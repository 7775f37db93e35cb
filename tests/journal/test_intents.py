"""What a run is about to change is on record before it does so: the contract of both back ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from fleet.errors import JournalError, LeaseLost, LockHeld, Refused
from fleet.journal.journal import open_journal
from fleet.journal.records import Intent, StoredIntent
from fleet.results import KeyResult, SiteResult, Status, Verdict
from tests.journal.made import AT, OWNER, Clock, Opens, result, start

PROTECT = Intent("modules.protect", False, True)
TITLE = Intent("settings.title", "old", {"text": None})


async def test_an_intent_is_there_when_intend_returns(opens: Opens) -> None:
    async with opens() as journal, opens() as other:
        await journal.begin(start(), owner=OWNER)
        await journal.intend("run-1", "b", [TITLE, PROTECT])

        assert await other.intents("run-1") == [
            StoredIntent("b", TITLE, AT, settled=False),
            StoredIntent("b", PROTECT, AT, settled=False),
        ]


async def test_an_outcome_settles_what_was_meant_before(opens: Opens, clock: Clock) -> None:
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        await journal.intend("run-1", "a", [PROTECT])
        await journal.intend("run-1", "b", [PROTECT])
        await journal.record("run-1", result("a"))

        assert [each.settled for each in await journal.intents("run-1")] == [True, False]


async def test_a_key_meant_again_keeps_its_first_value_and_is_unsettled(
    opens: Opens, clock: Clock
) -> None:
    """A rollback brings back what was there before the run, not what an earlier try left."""
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        await journal.intend("run-1", "a", [Intent("key", "first", "second")])
        await journal.record("run-1", result("a"))
        clock.pass_by(60)
        await journal.intend("run-1", "a", [Intent("key", "second", "third")])
        await journal.flush()

        (found,) = await journal.intents("run-1")
    assert found == StoredIntent(
        "a", Intent("key", "first", "third"), AT + timedelta(seconds=60), settled=False
    )


async def test_sealed_values_are_not_kept(opens: Opens) -> None:
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        await journal.intend("run-1", "a", [Intent("key", "old", "new", sealed=True)])
        await journal.intend("run-1", "b", [Intent("key", "old", "new")])
        await journal.intend("run-1", "a", [Intent("key", "other", "new")])
        await journal.intend("run-1", "b", [Intent("key", None, None, sealed=True)])

        assert [each.intent for each in await journal.intents("run-1")] == [
            Intent("key", None, None, sealed=True),
            Intent("key", None, None, sealed=True),
        ]


async def test_no_sealed_value_is_in_the_files(file: Path) -> None:
    canary = "canary-7f3a"
    async with open_journal(str(file)) as journal:
        await journal.begin(start(), owner=OWNER)
        await journal.intend("run-1", "a", [Intent("key", canary, canary, sealed=True)])
        found = {path.name: path.read_bytes() for path in file.parent.iterdir()}

    assert set(found) == {"journal.db", "journal.db-wal", "journal.db-shm"}
    assert b"modules.activate" in found["journal.db-wal"]
    assert not [name for name, content in found.items() if canary.encode() in content]


async def test_an_intent_under_a_lease_needs_the_lease(opens: Opens) -> None:
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        lease = await journal.acquire("run-1", ["https://a.example/"], OWNER)
        await journal.intend("run-1", "a", [PROTECT], lease)

        await journal.unlock("run-1")
        await journal.acquire("run-2", ["https://a.example/"], OWNER)
        with pytest.raises(LeaseLost, match=r"run-1 no longer holds .* nothing was sent"):
            await journal.intend("run-1", "a", [TITLE], lease)
        assert [each.intent for each in await journal.intents("run-1")] == [PROTECT]


async def test_an_intent_renews_a_lease_that_ran_out_untaken(
    opens: Opens, clock: Clock, execute: Callable[[str], None]
) -> None:
    """A machine that slept goes on where nobody took over meanwhile."""
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        lease = await journal.acquire("run-1", ["a"], OWNER, ttl=30)
        clock.pass_by(31)
        execute("UPDATE journal_leases SET expires = since")
        await journal.intend("run-1", "a", [PROTECT], lease)
        (held,) = await journal.leases()

        assert held.expires - held.heartbeat == timedelta(seconds=30)
        with pytest.raises(LockHeld):
            await journal.acquire("run-2", ["a"], OWNER)


async def test_an_intent_of_an_unknown_run_is_refused(opens: Opens) -> None:
    async with opens() as journal:
        with pytest.raises(JournalError, match="no such run"):
            await journal.intend("run-9", "a", [PROTECT])


async def test_a_plan_is_used_once(opens: Opens) -> None:
    async with opens() as journal:
        await journal.begin(start("run-1"), owner=OWNER, plan="plan-1")
        await journal.begin(start("run-2"), owner=OWNER, plan="plan-2")
        with pytest.raises(Refused, match="applied by run run-1 on 2026-11-23 03:00 UTC"):
            await journal.begin(start("run-3"), owner=OWNER, plan="plan-1")
        # A run that could not have its plan never was.
        assert [row.run_id for row in await journal.runs()] == ["run-2", "run-1"]


async def test_of_two_that_use_a_plan_at_once_one_is_refused(opens: Opens) -> None:
    async with opens() as one, opens() as two:
        found = await asyncio.gather(
            one.begin(start("run-1"), owner=OWNER, plan="plan-1"),
            two.begin(start("run-2"), owner=OWNER, plan="plan-1"),
            return_exceptions=True,
        )

    assert [type(each) for each in found if each is not None] == [Refused]


async def test_a_used_plan_outlives_its_run(opens: Opens, clock: Clock) -> None:
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER, plan="plan-1")
        clock.pass_by(86400)
        assert await journal.prune(keep_days=0, keep_runs=0) == 1
        with pytest.raises(Refused):
            await journal.begin(start("run-2"), owner=OWNER, plan="plan-1")


async def test_a_result_without_keys_settles_nothing(opens: Opens) -> None:
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        await journal.intend("run-1", "a", [PROTECT])
        await journal.record("run-1", SiteResult("a", "https://a.example/", Status.UNREACHABLE))
        assert [each.settled for each in await journal.intents("run-1")] == [False]
        key = KeyResult(PROTECT.key, Verdict.CHANGED, PROTECT.before, PROTECT.wanted)
        await journal.record(
            "run-1", SiteResult("a", "https://a.example/", Status.CHANGED, keys=(key,))
        )
        assert [each.settled for each in await journal.intents("run-1")] == [True]


async def test_the_last_run_that_meant_a_key_is_told(opens: Opens, clock: Clock) -> None:
    async with opens() as journal:
        for number, kind in enumerate(("apply", "run", "rollback"), 1):
            await journal.begin(start(f"run-{number}"), owner=OWNER, kind=kind)
        await journal.intend("run-1", "a", [PROTECT, TITLE])
        await journal.intend("run-1", "b", [PROTECT])
        clock.pass_by(60)
        await journal.intend("run-2", "a", [PROTECT])
        clock.pass_by(60)
        await journal.intend("run-3", "b", [PROTECT])
        first, second = await journal.last_writers("run-1"), await journal.last_writers("run-2")

    assert first == {
        ("a", PROTECT.key): ("run-2", "run"),
        ("a", TITLE.key): ("run-1", "apply"),
        ("b", PROTECT.key): ("run-3", "rollback"),
    }
    assert second == {("a", PROTECT.key): ("run-2", "run")}


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8, 13, 40])
async def test_a_cancelled_intend_leaves_a_usable_journal(opens: Opens, steps: int) -> None:
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        task = asyncio.create_task(journal.intend("run-1", "a", [PROTECT, TITLE]))
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        task.cancel()
        await asyncio.wait([task])
        await journal.intend("run-1", "b", [PROTECT, TITLE])
        found = [each.site for each in await journal.intents("run-1")]

    assert found in (["b", "b"], ["a", "a", "b", "b"])


async def test_a_cancelled_scope_lets_an_intend_end_first(opens: Opens) -> None:
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        ended = False
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:

                async def intend() -> None:
                    nonlocal ended
                    await journal.intend("run-1", "a", [PROTECT])
                    ended = True

                group.start_soon(intend)
                await anyio.lowlevel.checkpoint()
                scope.cancel()
        found = await journal.intents("run-1")
        await journal.intend("run-1", "b", [PROTECT])

    assert ended <= bool(found)
