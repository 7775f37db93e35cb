"""Whatever the database does, the answer is a `JournalError`, and nothing more is written."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager

import anyio.lowlevel
import pytest

from fleet.errors import JournalError
from fleet.journal.journal import Journal
from fleet.journal.records import Intent, Lease
from fleet.results import RunFinished, Status
from tests.journal.made import AT, OWNER, Opens, result, start
from tests.journal.postgres import Postgres

LEASE = Lease("run-1", 1, OWNER, ("a",))
INTENTS = [Intent("key", 1, 2)]

Lock = Callable[[], AbstractContextManager[None]]

WRITES: list[Callable[[Journal], Awaitable[object]]] = [
    lambda journal: journal.begin(start("run-2"), owner=OWNER),
    lambda journal: journal.reopen("run-1", OWNER),
    lambda journal: journal.intend("run-1", "a", INTENTS),
    lambda journal: journal.intend("run-1", "a", INTENTS, LEASE),
    lambda journal: journal.record("run-1", result("a")),
    lambda journal: journal.note("run-1", "wave", 1),
    lambda journal: journal.flush(),
    lambda journal: journal.finish("run-1", RunFinished(AT)),
    lambda journal: journal.begin(start("run-3"), owner=OWNER, plan="plan-1"),
    lambda journal: journal.put_facts("a", {}),
    lambda journal: journal.acquire("run-1", ["a"], OWNER),
    lambda journal: journal.renew(LEASE),
    lambda journal: journal.release(LEASE),
    lambda journal: journal.unlock("run-1"),
]


@pytest.fixture
def lock(store: str, request: pytest.FixtureRequest) -> Lock:
    """Lets another process hold the journal's notes and results."""

    @contextmanager
    def in_file() -> Iterator[None]:
        with closing(sqlite3.connect(store, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def in_server() -> Iterator[None]:
        server: Postgres = request.getfixturevalue("postgres")
        with (
            server.connected(request.getfixturevalue("database")) as connection,
            connection.transaction(),
        ):
            connection.execute("LOCK TABLE journal_notes, journal_outcomes")
            yield

    return in_server if "://" in store else in_file


async def test_a_lock_is_waited_for_only_so_long(opens: Opens, lock: Lock) -> None:
    async with opens(patience=0.05) as journal:
        await journal.begin(start(), owner=OWNER)
        with lock(), pytest.raises(JournalError, match="another process has been writing"):
            await journal.note("run-1", "wave", 1)


async def test_after_a_failed_write_every_later_one_is_refused(opens: Opens, lock: Lock) -> None:
    async with opens(patience=0.05) as journal:
        await journal.begin(start(), owner=OWNER)
        with lock(), pytest.raises(JournalError):
            await journal.note("run-1", "wave", 1)
        for write in WRITES:
            with pytest.raises(JournalError, match="nothing more is written"):
                await write(journal)

        assert await journal.notes("run-1") == {}
        assert (await journal.run("run-1")).totals[Status.NOT_STARTED] == 3
        assert await journal.leases() == []
    async with opens() as journal:
        await journal.note("run-1", "wave", 1)


async def test_a_result_that_could_not_be_written_is_told_to_whoever_comes_next(
    opens: Opens, lock: Lock
) -> None:
    async with opens(patience=0.05) as journal:
        await journal.begin(start(), owner=OWNER)
        await journal.record("run-1", result("a"))
        with lock(), pytest.raises(JournalError, match="another process"):
            await journal.flush()
        with pytest.raises(JournalError):
            await journal.record("run-1", result("b"))
        with pytest.raises(JournalError):
            await journal.intend("run-1", "b", INTENTS)
        assert (await journal.run("run-1")).totals[Status.CHANGED] == 0


async def test_a_result_lost_at_the_end_is_told_there(opens: Opens, lock: Lock) -> None:
    async def lose() -> None:
        with ExitStack() as stack:
            async with opens(patience=0.05, flush_seconds=3600) as journal:
                await journal.begin(start(), owner=OWNER)
                await journal.record("run-1", result("a"))
                stack.enter_context(lock())

    with pytest.raises(JournalError, match="another process"):
        await lose()


async def test_whoever_has_more_results_than_fit_waits(opens: Opens, lock: Lock) -> None:
    sites = [f"s{number}" for number in range(20)]
    async with opens(flush_rows=1) as journal:
        await journal.begin(start(sites=sites), owner=OWNER)
        async with asyncio.TaskGroup() as group:
            with lock():
                tasks = [group.create_task(journal.record("run-1", result(s))) for s in sites]
                for _ in range(50):
                    await anyio.lowlevel.checkpoint()
                assert 0 < sum(task.done() for task in tasks) < len(tasks)
        assert (await journal.run("run-1")).totals[Status.CHANGED] == len(sites)


async def test_a_cancelled_record_leaves_no_trace(opens: Opens, lock: Lock) -> None:
    async with opens(flush_rows=1) as journal:
        await journal.begin(start(), owner=OWNER)
        with lock():
            tasks = [
                asyncio.create_task(journal.record("run-1", result(site))) for site in "abcabcabc"
            ]
            for _ in range(50):
                await anyio.lowlevel.checkpoint()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        await journal.record("run-1", result("a", Status.UNCHANGED))
        assert (await journal.run("run-1")).totals[Status.UNCHANGED] == 1


async def test_a_table_that_is_gone_is_a_failure_like_any_other(
    opens: Opens, execute: Callable[[str], None]
) -> None:
    async with opens() as journal:
        execute("DROP TABLE journal_facts")
        with pytest.raises(JournalError, match=r"SQLITE_ERROR|SQLSTATE 42P01"):
            await journal.facts()
        await journal.put_facts("a", {})
        with pytest.raises(JournalError, match=r"SQLITE_ERROR|SQLSTATE 42P01"):
            await journal.flush()


async def test_a_record_that_cannot_be_read_is_a_failure_like_any_other(
    opens: Opens, execute: Callable[[str], None]
) -> None:
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        await journal.record("run-1", result("a"))
        await journal.flush()
        for text in ("", "{", "[]", "{}", '{"status":"novel"}', '{"status":"failed","new":1}'):
            execute(f"UPDATE journal_outcomes SET result = '{text}'")  # noqa: S608
            with pytest.raises(JournalError, match="damaged, or a newer release"):
                await journal.report("run-1")
