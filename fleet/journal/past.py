"""Reads back how some sites ended in a run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import select

from fleet.journal import tables
from fleet.journal.codec import decode_result
from fleet.journal.database import Database, unbroken
from fleet.journal.records import Outcome

__all__ = ["read_outcomes_of"]

_outcomes = tables.outcomes
_NAMES = 500
"""Sites asked for at once; SQLite takes 32,766 parameters."""


async def read_outcomes_of(
    database: Database, run_id: str, sites: Sequence[str]
) -> AsyncIterator[Outcome]:
    """Yield how some sites ended in a run, without keeping them."""
    for at in range(0, len(sites), _NAMES):
        for outcome in await unbroken(_page(database, run_id, sites[at : at + _NAMES])):
            yield outcome


async def _page(database: Database, run_id: str, sites: Sequence[str]) -> list[Outcome]:
    wanted = (
        select(_outcomes.c.result, _outcomes.c.at)
        .where(_outcomes.c.run_id == run_id, _outcomes.c.site.in_(sites))
        .order_by(_outcomes.c.site)
    )
    async with database.reading() as connection:
        found = await connection.execute(wanted)
        return [Outcome(decode_result(row.result), row.at) for row in found]
