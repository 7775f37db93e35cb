"""A file that is not what it was is told, and never begun anew."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from fleet.errors import FleetError, JournalError
from fleet.journal.journal import Journal, open_journal
from fleet.journal.records import Intent
from tests.journal.made import OWNER, result, start

NOTES = {f"note-{number}": "x" * 500 for number in range(50)}


def filled(file: Path) -> None:
    """Make a journal of some pages."""

    async def fill() -> None:
        async with open_journal(str(file)) as journal:
            await journal.begin(start(), owner=OWNER)
            await journal.acquire("run-1", ["a", "b"], OWNER)
            for name, text in NOTES.items():
                await journal.note("run-1", name, text)
            for site in "abc":
                await journal.intend("run-1", site, [Intent("key", 1, 2)])
                await journal.record("run-1", result(site))
                await journal.put_facts(site, {"php": "8.3"})

    asyncio.run(fill())


def read(file: Path) -> dict[str, object]:
    """Return the notes of a journal."""

    async def found() -> dict[str, object]:
        async with open_journal(str(file)) as journal:
            return dict(await journal.notes("run-1"))

    return asyncio.run(found())


def test_a_damaged_head_is_told(file: Path) -> None:
    filled(file)
    content = bytearray(file.read_bytes())
    content[:100] = random.Random(0).randbytes(100)  # noqa: S311 - the same each time
    file.write_bytes(content)
    with pytest.raises(JournalError, match="damaged or not a journal"):
        read(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize("seed", range(5))
def test_fault_62_damaged_pages_are_told(file: Path, seed: int) -> None:
    filled(file)
    content = bytearray(file.read_bytes())
    chance = random.Random(seed)  # noqa: S311 - the same each time
    for page in range(4096, len(content), 4096):
        content[page : page + 64] = chance.randbytes(64)
    file.write_bytes(content)
    with pytest.raises(JournalError, match="damaged"):
        read(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize("seed", range(12))
def test_a_few_wrong_bits_never_end_in_another_error(file: Path, seed: int) -> None:
    filled(file)
    content = bytearray(file.read_bytes())
    chance = random.Random(seed)  # noqa: S311 - the same each time
    for _ in range(300):
        content[chance.randrange(100, len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)
    asyncio.run(tried(file))


async def tried(file: Path) -> None:
    """Use everything; only errors of our own may come of it."""
    for use in USES:
        with contextlib.suppress(FleetError):
            async with open_journal(str(file)) as journal:
                await use(journal)


USES: list[Callable[[Journal], Awaitable[object]]] = [
    lambda journal: journal.runs(),
    lambda journal: journal.report("last"),
    lambda journal: journal.intents("last"),
    lambda journal: journal.notes("last"),
    lambda journal: journal.facts(),
    lambda journal: journal.leases(),
    lambda journal: journal.note("run-1", "more", 1),
    lambda journal: journal.intend("run-1", "a", [Intent("key", 1, 2)]),
    lambda journal: journal.acquire("run-2", ["a"], OWNER),
    lambda journal: journal.unlock("run-1"),
    lambda journal: journal.prune(keep_days=0, keep_runs=0),
]


@pytest.mark.parametrize("length", [100, 4096, 20_000])
def test_a_file_cut_short_is_told(file: Path, length: int) -> None:
    filled(file)
    content = file.read_bytes()[:length]
    file.write_bytes(content)
    with pytest.raises(JournalError, match="damaged"):
        read(file)


def test_a_file_of_something_else_is_no_journal(file: Path) -> None:
    file.parent.mkdir(mode=0o700)
    file.write_text("dear diary\n" * 200)
    file.chmod(0o600)
    with pytest.raises(JournalError, match="not a journal"):
        read(file)
    assert file.read_text() == "dear diary\n" * 200


def test_a_database_of_something_else_is_no_journal(file: Path) -> None:
    file.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    file.chmod(0o600)
    with pytest.raises(JournalError, match="not a journal"):
        read(file)


def test_an_empty_file_is_not_begun_anew(file: Path) -> None:
    file.parent.mkdir(mode=0o700)
    file.touch(0o600)
    with pytest.raises(JournalError, match="is empty, so its runs are lost"):
        read(file)


def test_a_journal_that_vanished_is_not_begun_anew(file: Path) -> None:
    async def use() -> list[object]:
        async with open_journal(str(file)) as journal:
            await journal.begin(start(), owner=OWNER)
            remove(file.parent)
            # More at once than there are connections, so that some are made anew.
            readers = [journal.runs() for _ in range(3)]
            return list(await asyncio.gather(*readers, return_exceptions=True))

    assert any(isinstance(each, JournalError) for each in asyncio.run(use()))
    assert not file.exists()


def remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
