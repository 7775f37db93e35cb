"""Writes runs and how their sites ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from sqlalchemy import Table, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from fleet.errors import InputError, JournalError
from fleet.journal import tables
from fleet.journal.claims import check_claim
from fleet.journal.codec import encode_value
from fleet.journal.database import Database, upsert
from fleet.journal.history import keep_history
from fleet.journal.meant import spend_plan
from fleet.journal.records import Owner
from fleet.journal.standing import keep_standing
from fleet.journal.writer import IDENTITY, Row
from fleet.results import RunFinished, RunStarted

__all__ = ["add_note", "begin_run", "finish_run", "reopen_run", "write_rows"]

_runs = tables.runs
_TOLD = ("status", "result", "at", "trouble", "seconds")
"""Columns of an outcome that a later one of the same run replaces."""
_AT_ONCE = 1000
"""Sites of a run that are handed to the database at once."""


async def begin_run(  # noqa: PLR0913, PLR0917 - a run and what it follows from
    database: Database,
    start: RunStarted,
    kind: str,
    owner: Owner,
    parent: str | None,
    document: Mapping[str, object] | None,
    plan: str | None,
) -> None:
    """Add a run and its sites, and spend its plan.

    Raises:
        JournalError: There is a run of that name already.
        Refused: The plan was spent before.
    """
    row = {
        "id": start.run_id,
        "kind": kind,
        "operation": start.operation,
        "parameters": encode_value(start.parameters),
        "read_only": start.read_only,
        "user": owner.user,
        "host": owner.host,
        "pid": owner.pid,
        "started": start.at,
        "parent": parent,
        "sites": len(start.sites),
        "document": None if document is None else encode_value(document),
    }
    async with database.writing() as connection:
        adding = upsert(connection, _runs).values(row)
        added = await connection.execute(
            adding.on_conflict_do_nothing(index_elements=["id"]).returning(_runs.c.id)
        )
        if added.first() is None:
            raise JournalError(f"the journal has a run {start.run_id} already")
        for batch in _batches(start):
            await connection.execute(insert(tables.sites), batch)
        if plan is not None:
            await spend_plan(connection, plan, start.run_id, database.now())


def _batches(start: RunStarted) -> Iterator[list[dict[str, object]]]:
    """Yield the rows of the sites of a run, a part at a time."""
    numbered = enumerate(start.sites)
    while batch := [
        {"run_id": start.run_id, "position": position, "name": name, "url": url}
        for position, (name, url) in islice(numbered, _AT_ONCE)
    ]:
        yield batch


async def reopen_run(database: Database, run_id: str, owner: Owner) -> None:
    """Take the end of a run from it, and give it to `owner`.

    Raises:
        InputError: There is no such run.
    """
    await _change_run(
        database,
        run_id,
        {
            "finished": None,
            "interrupted": None,
            "halted_by": None,
            "halted_reason": None,
            "user": owner.user,
            "host": owner.host,
            "pid": owner.pid,
        },
    )


async def finish_run(database: Database, run_id: str, end: RunFinished) -> None:
    """Put the end of a run on record.

    Raises:
        InputError: There is no such run.
    """
    await _change_run(
        database,
        run_id,
        {
            "finished": end.at,
            "interrupted": end.interrupted,
            "halted_by": end.halted.by.value if end.halted else None,
            "halted_reason": end.halted.reason if end.halted else None,
        },
    )


async def _change_run(database: Database, run_id: str, values: Mapping[str, object]) -> None:
    async with database.writing() as connection:
        changed = await connection.execute(
            update(_runs).where(_runs.c.id == run_id).values(dict(values))
        )
        if not changed.rowcount:
            raise InputError(f"there is no run {run_id} in the journal")


async def add_note(database: Database, run_id: str, name: str, value: object) -> None:
    """Keep a named fact of a run, in place of an earlier one."""
    row = {"run_id": run_id, "name": name, "value": encode_value(value), "at": database.now()}
    async with database.writing() as connection:
        adding = upsert(connection, tables.notes).values(row)
        await connection.execute(
            adding.on_conflict_do_update(
                index_elements=["run_id", "name"],
                set_={"value": adding.excluded.value, "at": adding.excluded.at},
            )
        )


async def write_rows(database: Database, rows: Sequence[Row]) -> None:
    """Write results, facts and identities in one transaction; the last of a site stands.

    Raises:
        LeaseLost: A part that a row belongs to was taken over; nothing is written.
    """
    # In one order everywhere: two processes that write the same sites must not wait for each
    # other crosswise.
    found = sorted({(row.run_id, _sort(row), row.site): row for row in rows}.items())
    results = [row for (run_id, _, _), row in found if run_id]
    others = [row for (run_id, _, _), row in found if not run_id]
    async with database.writing() as connection:
        for claim in {row.claim for row in rows if row.claim}:
            await check_claim(connection, claim)
        known = {"facts": tables.facts, IDENTITY: tables.identities}
        for column, table in known.items():
            if chosen := [row for row in others if _sort(row) == column]:
                await _replace(connection, table, column, chosen)
        for run_id in sorted({row.run_id for row in results}):
            seen = [(row.result, row.at) for row in results if row.run_id == run_id and row.result]
            await keep_history(connection, run_id, seen)
        if results:
            await _add_results(connection, results)
            await keep_standing(connection, results)
        settling = [row for row in results if row.settles]
        for run_id in {row.run_id for row in settling}:
            await connection.execute(
                update(tables.intents)
                .where(
                    tables.intents.c.run_id == run_id,
                    tables.intents.c.site.in_(
                        [row.site for row in settling if row.run_id == run_id]
                    ),
                    tables.intents.c.settled.is_(False),
                )
                .values(settled=True)
            )


def _sort(row: Row) -> str:
    """Return what a row without a run is about."""
    return "" if row.run_id else row.status or "facts"


async def _replace(
    connection: AsyncConnection, table: Table, column: str, rows: Sequence[Row]
) -> None:
    adding = upsert(connection, table)
    await connection.execute(
        adding.on_conflict_do_update(
            index_elements=["site"],
            set_={column: adding.excluded[column], "at": adding.excluded.at},
        ),
        [{"site": row.site, column: row.text, "at": row.at} for row in rows],
    )


async def _add_results(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    adding = upsert(connection, tables.outcomes)
    await connection.execute(
        adding.on_conflict_do_update(
            index_elements=["run_id", "site"],
            set_={name: adding.excluded[name] for name in _TOLD},
        ),
        [
            {
                "run_id": row.run_id,
                "site": row.site,
                "status": row.status,
                "result": row.text,
                "at": row.at,
                "trouble": row.result.kind if row.result else None,
                "seconds": row.result.usage.seconds if row.result else None,
            }
            for row in rows
        ],
    )
