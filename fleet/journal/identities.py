"""What each site was when it was met first, and the credentials that sites have rejected.

Both outlive the runs that found them, and are forgotten only where somebody accepts the site anew.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, select

from fleet.errors import JournalError
from fleet.journal import tables
from fleet.journal.codec import decode_object
from fleet.journal.database import Database, address, upsert
from fleet.journal.store import SqliteStore

__all__ = ["Rejections", "forget_site", "read_identities", "reject_credential"]

_AT_ONCE = 500
"""Names in one question; a back end takes only so many values."""

# Made once: what is made of five hundred names for each question stays until Python looks for
# cycles of garbage.
_MET = select(tables.identities.c.site, tables.identities.c.identity).where(
    tables.identities.c.site.in_(bindparam("names", expanding=True))
)
_GLANCE = "SELECT 1 FROM journal_rejections WHERE site = ? AND fingerprint = ?"


async def read_identities(
    database: Database, sites: Sequence[str]
) -> dict[str, Mapping[str, object]]:
    """Return what is on record of each of `sites` that was met before."""
    found: dict[str, Mapping[str, object]] = {}
    async with database.reading() as connection:
        for start in range(0, len(sites), _AT_ONCE):
            names = sites[start : start + _AT_ONCE]
            rows = await connection.execute(_MET, {"names": names})
            found.update({row.site: decode_object(row.identity) for row in rows})
    return found


class Rejections:
    """Tells which credentials were rejected, to all who ask meanwhile by one look at the record.

    Every visit asks once; a look for each would cost more than the rest of its record. In a file
    it takes some microseconds to see that nothing was rejected, so that is done on the spot.

    Args:
        database: The connections of the journal.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._glance: sqlite3.Connection | None = None
        self._asked: list[tuple[str, str, asyncio.Future[datetime | None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def at(self, site: str, fingerprint: str) -> datetime | None:
        """Return when a site rejected a credential, or None where it has not.

        Raises:
            JournalError: The record cannot be read.
        """
        if self._surely_not(site, fingerprint):
            return None
        told: asyncio.Future[datetime | None] = asyncio.get_running_loop().create_future()
        self._asked.append((site, fingerprint, told))
        if self._task is None:
            self._task = asyncio.create_task(self._tell(), name="journal rejections")
        return await told

    async def close(self) -> None:
        """Return when nothing is being read any more."""
        if self._task is not None:
            await asyncio.wait([self._task])
        if self._glance is not None:
            self._glance.close()

    def _surely_not(self, site: str, fingerprint: str) -> bool:
        """Return whether the file says at this moment that a credential was not rejected."""
        store = self._database.store
        if not isinstance(store, SqliteStore):
            return False
        try:
            if self._glance is None:
                where = address(store, read_only=True)
                self._glance = sqlite3.connect(
                    f"{where.database}?mode=ro", uri=True, timeout=0, isolation_level=None
                )
            row = (tables.escaped(site), fingerprint)
            return self._glance.execute(_GLANCE, row).fetchone() is None
        except (sqlite3.Error, ValueError):
            # Whoever asks the usual way waits where it is busy, and says what is the matter.
            return False

    async def _tell(self) -> None:
        while self._asked:
            asked, self._asked = self._asked[:_AT_ONCE], self._asked[_AT_ONCE:]
            await self._answer([each for each in asked if not each[2].done()])
        self._task = None

    async def _answer(self, asked: list[tuple[str, str, asyncio.Future[datetime | None]]]) -> None:
        found: dict[tuple[str, str], datetime] = {}
        failed: Exception | None = None
        try:
            found = await _read_rejections(self._database, [site for site, _, _ in asked])
        except Exception as error:  # noqa: BLE001 - raised to everybody who asked
            failed = error
        for site, fingerprint, told in asked:
            if told.done():
                continue
            if failed is None:
                told.set_result(found.get((site, fingerprint)))
            elif isinstance(failed, JournalError):
                told.set_exception(JournalError(str(failed)))
            else:
                told.set_exception(failed)


async def _read_rejections(
    database: Database, sites: Sequence[str]
) -> dict[tuple[str, str], datetime]:
    table = tables.rejections
    async with database.reading() as connection:
        rows = await connection.execute(select(table).where(table.c.site.in_(sites)))
        return {(row.site, row.fingerprint): row.at for row in rows}


async def reject_credential(database: Database, site: str, fingerprint: str) -> None:
    """Put on record that a site rejected a credential; the first time stands."""
    row = {"site": site, "fingerprint": fingerprint, "at": database.now()}
    async with database.writing() as connection:
        adding = upsert(connection, tables.rejections).values(row)
        await connection.execute(
            adding.on_conflict_do_nothing(index_elements=["site", "fingerprint"])
        )


async def forget_site(database: Database, site: str) -> None:
    """Forget what a site was, and what it has rejected."""
    async with database.writing() as connection:
        for table in (tables.identities, tables.rejections):
            await connection.execute(delete(table).where(table.c.site == site))
