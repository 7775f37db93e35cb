"""Forgets old runs."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select

from fleet.journal import tables
from fleet.journal.database import Database, unbroken
from fleet.journal.history import forget_findings

__all__ = ["prune_runs"]

_runs = tables.runs


async def prune_runs(database: Database, keep_days: int, keep_runs: int) -> int:
    """Forget runs that neither their age nor their rank keeps, nor a lease.

    Each goes whole, in a transaction of its own, so that other writers need not wait long.
    """
    before = database.now() - timedelta(days=keep_days)
    newest = (
        select(_runs.c.number)
        .order_by(_runs.c.started.desc(), _runs.c.number.desc())
        .limit(keep_runs)
    )
    unkept = (
        _runs.c.started < before,
        _runs.c.number.not_in(newest.subquery().select()),
        _runs.c.id.not_in(select(tables.leases.c.run_id)),
    )
    gone = 0
    for number in await unbroken(_found(database, *unkept)):
        # Asked again: a resume may have taken a lease meanwhile.
        gone += await unbroken(_forget(database, _runs.c.number == number, *unkept))
    await unbroken(_forget_findings(database, before))
    return gone


async def _found(database: Database, *conditions: ColumnElement[bool]) -> list[int]:
    async with database.reading() as connection:
        found = await connection.execute(
            select(_runs.c.number).where(*conditions).order_by(_runs.c.started, _runs.c.number)
        )
        return list(found.scalars())


async def _forget(database: Database, *conditions: ColumnElement[bool]) -> int:
    async with database.writing() as connection:
        return (await connection.execute(delete(_runs).where(*conditions))).rowcount


async def _forget_findings(database: Database, before: datetime) -> None:
    async with database.writing() as connection:
        await forget_findings(connection, before)
