"""What each site was when it was met first, and the credentials that sites have rejected.

Both outlive the runs that found them, and are forgotten only where somebody accepts the site anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select

from fleet.journal import tables
from fleet.journal.codec import decode_object
from fleet.journal.database import Database, upsert

__all__ = ["forget_site", "read_identities", "read_rejection", "reject_credential"]

_AT_ONCE = 500
"""Names in one question; a back end takes only so many values."""


async def read_identities(
    database: Database, sites: Sequence[str]
) -> dict[str, Mapping[str, object]]:
    """Return what is on record of each of `sites` that was met before."""
    found: dict[str, Mapping[str, object]] = {}
    table = tables.identities
    async with database.reading() as connection:
        for start in range(0, len(sites), _AT_ONCE):
            names = sites[start : start + _AT_ONCE]
            rows = await connection.execute(
                select(table.c.site, table.c.identity).where(table.c.site.in_(names))
            )
            found.update({row.site: decode_object(row.identity) for row in rows})
    return found


async def read_rejection(database: Database, site: str, fingerprint: str) -> datetime | None:
    """Return when a site rejected a credential, or None where it has not."""
    table = tables.rejections
    async with database.reading() as connection:
        found = await connection.execute(
            select(table.c.at).where(table.c.site == site, table.c.fingerprint == fingerprint)
        )
        at: datetime | None = found.scalar_one_or_none()
        return at


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
