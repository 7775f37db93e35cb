"""Migrations and tables agree, and an old journal is copied before it is changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from fleet.errors import JournalError
from fleet.journal.database import Database
from fleet.journal.journal import open_journal
from fleet.journal.schema import RELEASE, Schema, prepare
from fleet.journal.store import parse_store
from fleet.journal.tables import VERSION_TABLE, metadata
from tests.journal.made import OWNER, Opens, start

NEXT = '''
"""A step that a later release might take."""

import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "%s"


def upgrade() -> None:
    with op.batch_alter_table("journal_runs") as batch:
        batch.add_column(sa.Column("colour", sa.Text, nullable=False, server_default="red"))
'''


@pytest.fixture
def later(tmp_path: Path) -> Schema:
    """The schema of a later release."""
    scripts = tmp_path / "migrations"
    shutil.copytree(RELEASE.scripts, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "later.py").write_text(NEXT % RELEASE.head)
    return Schema((*RELEASE.revisions, "9000"), scripts)


def opened(store: str) -> Database:
    return Database.open(parse_store(store), lambda: datetime.now(UTC), 1.0)


def test_the_revisions_known_by_hand_are_those_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(RELEASE.scripts))
    found = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]

    assert tuple(reversed(found)) == RELEASE.revisions


async def test_the_migrated_schema_is_that_of_the_tables(store: str, opens: Opens) -> None:
    def differences(connection: Connection) -> object:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    async with opens():
        pass
    database = opened(store)
    async with database.reading() as connection:
        found = await connection.run_sync(differences)
    await database.close()

    assert found == []


async def test_a_journal_of_a_newer_release_is_refused(
    opens: Opens, execute: Callable[[str], None]
) -> None:
    async with opens():
        pass
    execute("UPDATE journal_version SET version_num = '9999'")
    with pytest.raises(JournalError, match="a newer release of fleet wrote"):
        async with opens():
            pytest.fail("it was opened")


async def test_a_journal_of_an_older_release_is_brought_up_to_date(
    store: str, opens: Opens, later: Schema
) -> None:
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
    database = opened(store)
    await prepare(database, 1.0, later)
    async with database.reading() as connection:
        found = await connection.exec_driver_sql("SELECT id, colour FROM journal_runs")
        assert [tuple(row) for row in found] == [("run-1", "red")]
        sites = await connection.exec_driver_sql("SELECT count(*) FROM journal_sites")
        assert sites.scalar_one() == 3
    await prepare(database, 1.0, later)
    await database.close()
    with pytest.raises(JournalError, match="a newer release"):
        async with opens():
            pytest.fail("it was opened")


@pytest.fixture
def careless() -> Iterator[None]:
    """A umask that takes no rights away."""
    before = os.umask(0)
    yield
    os.umask(before)


async def test_a_file_is_copied_before_it_is_migrated(
    file: Path, later: Schema, careless: None
) -> None:
    async with open_journal(str(file)) as journal:
        await journal.begin(start(), owner=OWNER)
        database = opened(str(file))
        await prepare(database, 1.0, later)
        await database.close()
    copy = file.with_name(f"journal.db.schema-{RELEASE.head}")

    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM journal_version").fetchall() == [
            (RELEASE.head,)
        ]
        assert connection.execute("SELECT id FROM journal_runs").fetchall() == [("run-1",)]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM journal_version").fetchall() == [
            ("9000",)
        ]


def broken(later: Schema) -> None:
    """Let the last step of the later schema fail at its end."""
    script = later.scripts / "versions" / "later.py"
    script.write_text(f"{NEXT % RELEASE.head}    op.drop_table('nowhere')\n")


async def test_a_migration_that_fails_changes_nothing(
    store: str, opens: Opens, later: Schema
) -> None:
    broken(later)
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
    database = opened(store)
    with pytest.raises(JournalError):
        await prepare(database, 1.0, later)
    await database.close()

    async with opens() as journal:
        assert (await journal.run("last")).run_id == "run-1"


def test_small_types_are_cheap_and_current_journals_need_no_alembic(file: Path) -> None:
    program = f"""
import asyncio, sys
import fleet.journal.records
assert not {{"sqlalchemy", "alembic", "aiosqlite"}} & set(sys.modules), "records"
from fleet.journal.journal import open_journal

async def main():
    async with open_journal({str(file)!r}):
        pass

asyncio.run(main())
print("alembic" in sys.modules)
"""
    said = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert said == ["True\n", "False\n"]
