"""What only a server can do to a journal."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime

import pytest

from fleet.errors import JournalError
from fleet.journal.database import Database
from fleet.journal.journal import open_journal
from fleet.journal.store import parse_store
from tests.journal.made import OWNER, start
from tests.journal.postgres import PASSWORD, Postgres
from tests.wordpress.processes import HOST, reserved_port

pytestmark = pytest.mark.postgres

WRONG = "wr0ng-canary"


async def refused(url: str) -> JournalError:
    with pytest.raises(JournalError) as caught:
        async with open_journal(url):
            pytest.fail("it was opened")
    return caught.value


async def test_a_wrong_password_is_never_repeated(postgres: Postgres, database: str) -> None:
    error = await refused(postgres.url(database, WRONG))

    assert "refused the login" in str(error)
    assert WRONG not in "".join(traceback.format_exception(error))


async def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    with reserved_port() as port:
        error = await refused(f"postgresql://ann:{WRONG}@{HOST}:{port}/fleet")

    assert f"postgresql://ann@{HOST}:{port}/fleet" in str(error)
    assert "cannot be reached" in str(error)
    assert WRONG not in "".join(traceback.format_exception(error))


async def test_a_database_that_is_not_there_is_told(postgres: Postgres) -> None:
    assert "that the database is there" in str(await refused(postgres.url("nowhere")))


async def test_an_option_nobody_knows_is_told_without_the_password(
    postgres: Postgres, database: str
) -> None:
    error = await refused(f"{postgres.url(database, WRONG)}?colour=red")

    assert WRONG not in "".join(traceback.format_exception(error))


async def test_no_password_is_in_what_a_journal_is_printed_as(
    postgres: Postgres, database: str
) -> None:
    opened = Database.open(parse_store(postgres.url(database)), lambda: datetime.now(UTC), 1.0)
    shown = repr(opened)
    await opened.close()

    assert PASSWORD not in shown
    assert "w%C3%B6rd" not in shown


async def test_tables_of_others_are_left_alone(postgres: Postgres, database: str) -> None:
    with postgres.connected(database) as connection:
        connection.execute("CREATE TABLE runs (id int)")
        connection.execute("CREATE TABLE alembic_version (version_num text)")
    async with open_journal(postgres.url(database)) as journal:
        await journal.begin(start(), owner=OWNER)

    with postgres.connected(database) as connection:
        connection.execute("DROP TABLE journal_version")
    assert "is not a journal" in str(await refused(postgres.url(database)))


async def test_a_connection_that_was_cut_while_idle_is_made_anew(
    postgres: Postgres, database: str
) -> None:
    async with open_journal(postgres.url(database)) as journal:
        await journal.begin(start(), owner=OWNER)
        with postgres.connected("postgres") as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [database],
            )
        await journal.note("run-1", "wave", 1)
        assert await journal.notes("run-1") == {"wave": 1}


async def test_commits_are_durable_whatever_the_server_is_set_to(
    postgres: Postgres, database: str
) -> None:
    with postgres.connected(database) as connection:
        connection.execute(f"ALTER DATABASE {database} SET synchronous_commit = off".encode())
        connection.execute(
            f"ALTER DATABASE {database} SET default_transaction_isolation = serializable".encode()
        )
    store = parse_store(postgres.url(database))
    opened = Database.open(store, lambda: datetime.now(UTC), 1.0)
    async with opened.writing() as session:
        found = [
            (await session.exec_driver_sql(f"SHOW {name}")).scalar_one()
            for name in ("synchronous_commit", "transaction_isolation", "lock_timeout")
        ]
    await opened.close()

    assert found == ["on", "read committed", "1s"]
