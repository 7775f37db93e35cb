"""The connections of a journal: one way to read, one way to write, over either back end.

A write is one transaction that is durable when it ends. SQLite knows a single writer, so writers
of this process take turns, and those of other processes are waited for a bounded time.
"""

from __future__ import annotations

import asyncio
import os
import urllib.parse
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import anyio
from sqlalchemy import URL, Connection, Engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql import TableClause

from fleet.errors import InputError, JournalError
from fleet.journal.codec import damaged
from fleet.journal.store import PostgresStore, SqliteStore, Store
from fleet.journal.troubles import explained

__all__ = ["Clock", "Database", "address", "connect_arguments", "dress", "unbroken", "upsert"]

_T = TypeVar("_T")
Clock = Callable[[], datetime]

_NONSENSE = (ValueError, TypeError, OverflowError)
"""What it looks like when a column holds what nobody wrote there; SQLite checks no types."""

_CONNECTIONS = 3
"""Kept open."""

_MORE_CONNECTIONS = 2
"""Opened for a moment where those are busy."""

_UNREACHABLE = 20
"""Seconds after which a server that does not answer at all counts as lost."""


async def unbroken(work: Coroutine[Any, Any, _T]) -> _T:
    """Return what `work` returns; a cancellation that arrives meanwhile waits for its end.

    The drivers do not survive a cancellation in the middle of a transaction: the connection stays
    behind with its locks. Transactions are short, and what they wait for is bounded, so each is
    let end, and it is never in doubt whether it took place.
    """
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # taken notice of, so that nobody warns of it
    raise cancelled


def address(store: Store, driver: str = "", *, read_only: bool = False) -> URL:
    """Return the address of a store for SQLAlchemy.

    Args:
        store: The store.
        driver: Name of the driver; the one of the standard library if empty.
        read_only: Open a file so that nothing can be written.
    """
    if isinstance(store, PostgresStore):
        return store.url
    # Opened in a mode that never makes a file: a journal that vanished is not begun anew.
    return URL.create(
        f"sqlite+{driver or 'pysqlite'}",
        database=f"file:{urllib.parse.quote(os.fsencode(store.path))}",
        query={"mode": "ro" if read_only else "rw", "uri": "true"},
    )


def connect_arguments(store: Store, patience: float) -> dict[str, Any]:
    """Return what the driver has to know to connect.

    Args:
        store: The store.
        patience: Seconds to wait for another process that writes.
    """
    if isinstance(store, SqliteStore):
        # Transactions are begun by `dress`, not by the driver's guesses.
        return {"timeout": patience, "isolation_level": None}
    return {
        "connect_timeout": 10,
        # Nothing of a session is kept between transactions, for poolers that share sessions.
        "prepare_threshold": None,
        "tcp_user_timeout": _UNREACHABLE * 1000,
        "keepalives_idle": _UNREACHABLE // 2,
        "keepalives_interval": _UNREACHABLE // 4,
        "keepalives_count": 2,
    }


def dress(engine: Engine, store: Store, patience: float, *, read_only: bool = False) -> None:
    """Let every connection and transaction of `engine` begin as a journal needs it.

    The execution option ``writes`` marks transactions that write.
    """
    if isinstance(store, SqliteStore):
        event.listen(engine, "connect", _only_read_sqlite if read_only else _set_up_sqlite)

        def begin(connection: Connection) -> None:
            # A transaction that begins by reading could not become a writer later.
            mode = "IMMEDIATE" if connection.get_execution_options().get("writes") else "DEFERRED"
            connection.exec_driver_sql(f"BEGIN {mode}")
    else:
        lock_timeout = max(1, round(patience * 1000))

        def begin(connection: Connection) -> None:
            if read_only:
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {lock_timeout}")
            if connection.get_execution_options().get("writes"):
                # Whatever the server's own habit: durable when the commit returns.
                connection.exec_driver_sql("SET LOCAL synchronous_commit = on")

    event.listen(engine, "begin", begin)


def _set_up_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # Synced at each commit. Results are written hundreds at a time, so they would gain nothing
    # from less, and an intent has to be on the disk before its change leaves.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA journal_size_limit = 67108864")
    cursor.close()


def _only_read_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only = ON")
    cursor.close()


def upsert(connection: AsyncConnection, table: TableClause) -> Any:
    """Return an INSERT with the back end's ON CONFLICT; both spell it alike."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    return insert(table)


@dataclass(slots=True)
class Database:
    """The open connections of one journal.

    Args:
        store: Where it is kept.
        engine: Its connections.
        now: The time, with time zone.
        turn: Held by the writer of this process; None where many may write at once.
        places: One for each connection. Whoever waits for one waits on this process alone, so
            that is no trouble of the journal's, however long a busy machine takes.
        failure: Why nothing may be written any more, once a write failed.
    """

    store: Store
    engine: AsyncEngine
    now: Clock
    turn: anyio.Lock | None = None
    places: anyio.Semaphore = field(
        default_factory=lambda: anyio.Semaphore(_CONNECTIONS + _MORE_CONNECTIONS)
    )
    failure: JournalError | None = None

    @classmethod
    def open(
        cls, store: Store, now: Clock, patience: float, *, read_only: bool = False
    ) -> Database:
        """Return the database of a store; nothing is connected yet.

        Args:
            store: Where it is kept.
            now: The time, with time zone.
            patience: Seconds to wait for another process that writes.
            read_only: Let the database itself refuse every write.

        Raises:
            InputError: A package for it is not installed.
        """
        options: dict[str, Any] = {}
        if isinstance(store, PostgresStore):
            # A pause between two waves may outlive what a firewall remembers.
            options = {"pool_pre_ping": True, "isolation_level": "READ COMMITTED"}
        try:
            engine = create_async_engine(
                address(store, "aiosqlite", read_only=read_only),
                connect_args=connect_arguments(store, patience),
                hide_parameters=True,
                pool_size=_CONNECTIONS,
                max_overflow=_MORE_CONNECTIONS,
                pool_timeout=max(patience, 1.0),
                **options,
            )
        except ModuleNotFoundError as error:
            raise InputError(
                f"a journal in PostgreSQL needs the package {error.name}:"
                " pip install 'jetfleet[postgres]'"
            ) from None
        dress(engine.sync_engine, store, patience, read_only=read_only)
        turn = anyio.Lock() if isinstance(store, SqliteStore) else None
        return cls(store, engine, now, turn)

    async def close(self) -> None:
        """Close every connection, also when the task is being cancelled."""
        # The driver's threads would keep the process alive.
        await unbroken(self.engine.dispose())

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection that sees one state of the journal.

        Raises:
            JournalError: The database failed.
        """
        try:
            async with self.places, self.engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise self._explained(error) from self._cause(error)
        except _NONSENSE as error:
            raise damaged() from error

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in a transaction that is durable when the context ends.

        Raises:
            JournalError: The database failed, now or at an earlier write.
        """
        self.check()
        async with self.turn or nullcontext():
            self.check()
            try:
                writer = self.engine.execution_options(writes=True)
                async with self.places, writer.begin() as connection:
                    yield connection
            except (SQLAlchemyError, OSError) as error:
                self.failure = self._explained(error)
                raise self.failure from self._cause(error)
            except _NONSENSE as error:
                self.failure = damaged()
                raise self.failure from error

    def check(self) -> None:
        """Refuse to go on after a failed write.

        Raises:
            JournalError: A write failed.
        """
        if self.failure is not None:
            raise JournalError(
                f"nothing more is written, since an earlier write failed: {self.failure}"
            )

    async def clock(self, connection: AsyncConnection) -> datetime:
        """Return the time by which leases live and die.

        Many hosts share a PostgreSQL server and their clocks differ, so there it is the
        server's, and not that of the transaction's beginning: it may have waited for a lock
        since. A file is shared by the processes of one machine, which have one clock.
        """
        if connection.dialect.name == "sqlite":
            return self.now()
        found: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
        return found

    def _explained(self, error: Exception) -> JournalError:
        return explained(error, self.store)

    def _cause(self, error: Exception) -> Exception | None:
        """Return the error to show as the cause; none where a password may stand in it."""
        return error if isinstance(self.store, SqliteStore) else None
