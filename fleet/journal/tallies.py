"""Counts runs for metrics: a bounded number of rows, however many sites and runs there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select

from fleet.journal import tables
from fleet.journal.database import Database, unbroken
from fleet.journal.reading import read_run
from fleet.journal.records import RunRow

__all__ = ["ENDS", "Tallies", "read_tallies"]

_runs = tables.runs
ENDS = ("finished", "halted", "interrupted", "unfinished")
"""What became of a run."""


@dataclass(frozen=True, slots=True)
class Tallies:
    """How many runs there are, and the last ones.

    Args:
        ends: Number of runs on record by kind and by what became of them, see `ENDS`.
        newest: The newest finished run of each kind and operation, the newest first.
    """

    ends: Mapping[tuple[str, str], int]
    newest: Sequence[RunRow]


async def read_tallies(database: Database, most: int) -> Tallies:
    """Return the tallies.

    Args:
        database: The journal.
        most: How many kinds and operations are told apart at most.
    """
    return await unbroken(_read(database, most))


async def _read(database: Database, most: int) -> Tallies:
    end = case(
        (_runs.c.interrupted.is_not(None), "interrupted"),
        (_runs.c.halted_by.is_not(None), "halted"),
        (_runs.c.finished.is_not(None), "finished"),
        else_="unfinished",
    )
    age = func.row_number().over(
        partition_by=(_runs.c.kind, _runs.c.operation),
        order_by=(_runs.c.started.desc(), _runs.c.number.desc()),
    )
    aged = (
        select(_runs.c.id, _runs.c.started, age.label("age"))
        .where(_runs.c.finished.is_not(None))
        .subquery()
    )
    newest = select(aged.c.id).where(aged.c.age == 1).order_by(aged.c.started.desc()).limit(most)
    async with database.reading() as connection:
        counted = await connection.execute(
            select(_runs.c.kind, end, func.count()).group_by(_runs.c.kind, end)
        )
        ends = {(kind, word): int(count) for kind, word, count in counted}
        ids = list((await connection.execute(newest)).scalars())
    return Tallies(ends, [await read_run(database, run_id) for run_id in ids])
