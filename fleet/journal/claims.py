"""Claims: of several processes that share a run, only one works on a part of it.

A part may be given to a second worker while the first is only thought to be dead. Whoever claims
it last has it; of the others no intent and no result is written any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Row, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from fleet.errors import LeaseLost
from fleet.journal import tables
from fleet.journal.codec import decode_object, decode_result, encode_value
from fleet.journal.database import Database, upsert
from fleet.journal.records import Claim, Owner
from fleet.results import SiteResult

__all__ = ["check_claim", "outcomes_of", "rows_about", "take_claim"]

_notes, _outcomes = tables.notes, tables.outcomes
_AT_ONCE = 500
"""Names in one question; a back end takes only so many values."""


def _name(part: str) -> str:
    return f"claim.{part}"


async def take_claim(database: Database, run_id: str, part: str, owner: Owner) -> Claim:
    """Claim a part of a run, whoever had it before."""
    name = _name(part)
    async with database.writing() as connection:
        where = (_notes.c.run_id == run_id, _notes.c.name == name)
        first = {"run_id": run_id, "name": name, "value": "{}", "at": database.now()}
        # Made before it is read, so that of two at once the second waits for the first.
        await connection.execute(upsert(connection, _notes).values(first).on_conflict_do_nothing())
        found = await connection.scalar(select(_notes.c.value).where(*where).with_for_update())
        last = decode_object(found or "{}").get("number", 0)
        number = last + 1 if isinstance(last, int) else 1
        value = encode_value({"number": number, "owner": str(owner)})
        await connection.execute(
            update(_notes).where(*where).values(value=value, at=database.now())
        )
    return Claim(run_id, part, number)


async def check_claim(connection: AsyncConnection, claim: Claim) -> None:
    """Return where a claim is the last one; nobody takes it before the transaction ends.

    Raises:
        LeaseLost: Another worker claimed the part since.
    """
    found = await connection.scalar(
        select(_notes.c.value)
        .where(_notes.c.run_id == claim.run_id, _notes.c.name == _name(claim.part))
        .with_for_update(read=True)
    )
    if found is None or decode_object(found).get("number") != claim.number:
        raise LeaseLost(f"another worker has taken part {claim.part} of run {claim.run_id} over")


async def outcomes_of(
    database: Database, run_id: str, sites: Sequence[str]
) -> dict[str, SiteResult]:
    """Return how those of `sites` ended that have ended in a run."""
    rows = await rows_about(
        database,
        lambda names: select(_outcomes.c.site, _outcomes.c.result).where(
            _outcomes.c.run_id == run_id, _outcomes.c.site.in_(names)
        ),
        sites,
    )
    return {row.site: decode_result(row.result) for row in rows}


async def rows_about(
    database: Database, question: Callable[[Sequence[str]], Select[Any]], sites: Sequence[str]
) -> list[Row[Any]]:
    """Return the rows that a question finds, asked about a part of the sites at a time."""
    rows: list[Row[Any]] = []
    async with database.reading() as connection:
        for start in range(0, len(sites), _AT_ONCE):
            found = await connection.execute(question(sites[start : start + _AT_ONCE]))
            rows.extend(found)
    return rows
