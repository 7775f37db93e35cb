"""The two back ends of the journal, each test with a journal of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Any

import pytest

from fleet.journal.journal import Journal, open_journal
from tests.journal.made import Clock, Opens
from tests.journal.postgres import Postgres


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a journal in a file will be."""
    return tmp_path / "state" / "journal.db"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> str:
    """Where the journal of this test is, once in each back end."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("file"))
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(request.getfixturevalue("database"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opens(store: str, clock: Clock) -> Opens:
    """Opens the journal of this test."""

    def opened(**options: Any) -> AbstractAsyncContextManager[Journal]:
        return open_journal(store, **{"now": clock, **options})

    return opened


@pytest.fixture
def execute(store: str, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Runs a statement in the store, past the journal."""

    def in_file(statement: str) -> None:
        with closing(sqlite3.connect(store)) as connection, connection:
            connection.execute(statement)

    def in_server(statement: str) -> None:
        server: Postgres = request.getfixturevalue("postgres")
        with server.connected(request.getfixturevalue("database")) as connection:
            connection.execute(statement.encode())

    return in_server if "://" in store else in_file
