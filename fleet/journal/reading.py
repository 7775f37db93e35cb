"""Reads runs back: rows, events, outcomes."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Text, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from fleet.errors import InputError
from fleet.journal import tables
from fleet.journal.codec import damaged, decode_object, decode_result, decode_value
from fleet.journal.database import Database, unbroken
from fleet.journal.ledger import report_of
from fleet.journal.records import Outcome, Owner, RunRow
from fleet.journal.spool import SiteNames, Spool
from fleet.results import (
    Event,
    Halt,
    Halted,
    RunFinished,
    RunReport,
    RunStarted,
    SiteFinished,
    Status,
)

__all__ = [
    "named_run",
    "read_ended",
    "read_events",
    "read_facts",
    "read_notes",
    "read_outcomes",
    "read_report",
    "read_run",
    "read_runs",
    "read_runs_between",
]

_runs, _sites, _outcomes = tables.runs, tables.sites, tables.outcomes
_SAME = (_outcomes.c.run_id == _sites.c.run_id) & (_outcomes.c.site == _sites.c.name)
_PAGE = 500
"""Sites or outcomes read at once."""

_SUGGESTED_FROM = 1000
"""Newest runs among which a mistyped name is looked for."""


async def named_run(database: Database, run_id: str) -> str:
    """Return the whole name of the run that is meant.

    Raises:
        InputError: No run is meant, or more than one.
    """
    async with database.reading() as connection:
        if run_id == "last":
            return await _newest(connection)
        if await _names(connection, _runs.c.id == run_id):
            return run_id
        start = tables.escaped(run_id)
        same = func.substr(_runs.c.id, 1, len(start), type_=Text) == start
        found = await _names(connection, same, 4) if start else []
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")
            raise InputError(f"{run_id} is the start of several runs: {shown}")
        near = difflib.get_close_matches(run_id, await _names(connection, None, _SUGGESTED_FROM), 1)
    hint = f": did you mean {near[0]}?" if near else ": fleet runs list shows them"
    raise InputError(f"there is no run {run_id} in the journal{hint}")


async def read_run(database: Database, run_id: str) -> RunRow:
    """Return the run of exactly that name."""
    async with database.reading() as connection:
        return (await _rows(connection, _newest_first().where(_runs.c.id == run_id)))[0]


async def read_runs(
    database: Database, limit: int, kind: str | None, passed: int = 0
) -> list[RunRow]:
    """Return runs, newest first, behind some that are passed over."""
    wanted = _newest_first().limit(limit).offset(passed)
    if kind is not None:
        wanted = wanted.where(_runs.c.kind == kind)
    async with database.reading() as connection:
        return await _rows(connection, wanted)


async def read_runs_between(database: Database, since: datetime, until: datetime) -> list[RunRow]:
    """Return the runs that began from `since` on and before `until`, the oldest first."""
    wanted = select(_runs).where(_runs.c.started >= since, _runs.c.started < until)
    async with database.reading() as connection:
        return await _rows(connection, wanted.order_by(_runs.c.started, _runs.c.number))


async def read_notes(database: Database, run_id: str) -> dict[str, object]:
    """Return the named facts of a run."""
    notes = tables.notes
    async with database.reading() as connection:
        found = await connection.execute(
            select(notes.c.name, notes.c.value)
            .where(notes.c.run_id == run_id)
            .order_by(notes.c.name)
        )
        return {name: decode_value(value) for name, value in found}


async def read_facts(database: Database) -> dict[str, tuple[Mapping[str, object], datetime]]:
    """Return what is known of each site, and since when."""
    async with database.reading() as connection:
        found = await connection.execute(select(tables.facts).order_by(tables.facts.c.site))
        return {row.site: (decode_object(row.facts), row.at) for row in found}


async def read_outcomes(database: Database, run_id: str) -> AsyncIterator[Outcome]:
    """Yield how each site of a run ended, in the order of its sites."""
    async for row in _outcome_rows(database, run_id):
        yield Outcome(decode_result(row.result), row.at)


async def read_events(database: Database, run_id: str) -> AsyncIterator[Event]:
    """Yield the events of a run, oldest first."""
    start, end = await _ends(database, run_id)
    yield start
    async for row in _outcome_rows(database, run_id):
        yield SiteFinished(decode_result(row.result))
    if end is not None:
        yield end


async def read_ended(
    database: Database, run_id: str, statuses: Collection[Status]
) -> AsyncIterator[str]:
    """Yield the names of the sites of a run that ended in one of `statuses`, or of all."""
    wanted = _named_sites(run_id)
    if statuses:
        ended = func.coalesce(_outcomes.c.status, Status.NOT_STARTED.value, type_=Text)
        wanted = wanted.outerjoin_from(_sites, _outcomes, _SAME).where(
            ended.in_([status.value for status in statuses])
        )
    async for row in _pages(database, wanted):
        yield row.name


async def read_report(database: Database, run_id: str) -> RunReport:
    """Return the report of a run."""
    start, end = await _ends(database, run_id)
    results = Spool(start.sites)
    async for row in _outcome_rows(database, run_id):
        if not 0 <= row.position < len(results):
            raise damaged()
        results.put(row.position, decode_result(row.result), row.result)
    return report_of(start, end, results)


async def _ends(database: Database, run_id: str) -> tuple[RunStarted, RunFinished | None]:
    """Return how a run began and, where it has, how it ended."""
    run = await unbroken(read_run(database, run_id))
    sites = SiteNames(run.sites)
    async for row in _pages(database, _named_sites(run_id)):
        if len(sites) == run.sites:
            raise damaged()
        sites.add(row.name, row.url)
    start = RunStarted(run.run_id, run.operation, run.parameters, run.read_only, sites, run.started)
    if run.finished is None:
        return start, None
    return start, RunFinished(run.finished, run.interrupted, run.halted)


async def _pages(database: Database, wanted: Any) -> AsyncIterator[Row[Any]]:
    """Yield rows in the order of the sites of a run.

    They are read in pages, so that no connection is kept while the reader takes its time.
    """
    position, page = -1, wanted.order_by(_sites.c.position).limit(_PAGE)
    while True:
        rows = await unbroken(_rows_of(database, page.where(_sites.c.position > position)))
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        position = rows[-1].position


async def _rows_of(database: Database, wanted: Any) -> Sequence[Row[Any]]:
    async with database.reading() as connection:
        return (await connection.execute(wanted)).all()


def _outcome_rows(database: Database, run_id: str) -> AsyncIterator[Row[Any]]:
    return _pages(
        database,
        select(_sites.c.position, _outcomes.c.result, _outcomes.c.at)
        .join_from(_sites, _outcomes, _SAME)
        .where(_sites.c.run_id == run_id),
    )


def _named_sites(run_id: str) -> Any:
    return select(_sites.c.position, _sites.c.name, _sites.c.url).where(_sites.c.run_id == run_id)


def _newest_first() -> Any:
    return select(_runs).order_by(_runs.c.number.desc())


async def _newest(connection: AsyncConnection) -> str:
    found = (await connection.execute(_newest_first().limit(1))).first()
    if found is None:
        raise InputError("there is no run in the journal yet")
    return str(found.id)


async def _names(connection: AsyncConnection, condition: Any, limit: int = 1) -> list[str]:
    wanted = select(_runs.c.id).order_by(_runs.c.number.desc()).limit(limit)
    if condition is not None:
        wanted = wanted.where(condition)
    return [row.id for row in await connection.execute(wanted)]


async def _rows(connection: AsyncConnection, wanted: Any) -> list[RunRow]:
    found = (await connection.execute(wanted)).all()
    names = wanted.with_only_columns(_runs.c.id).subquery()
    counted = await connection.execute(
        select(_outcomes.c.run_id, _outcomes.c.status, func.count().label("sites"))
        .where(_outcomes.c.run_id.in_(select(names.c.id)))
        .group_by(_outcomes.c.run_id, _outcomes.c.status)
    )
    totals: dict[str, dict[Status, int]] = {row.id: dict.fromkeys(Status, 0) for row in found}
    try:
        for run_id, status, count in counted:
            totals[run_id][Status(status)] = count
        return [_row(row, totals[row.id]) for row in found]
    except ValueError as error:
        raise damaged() from error


def _row(row: Row[Any], totals: dict[Status, int]) -> RunRow:
    totals[Status.NOT_STARTED] += row.sites - sum(totals.values())
    return RunRow(
        run_id=row.id,
        kind=row.kind,
        operation=row.operation,
        parameters=decode_object(row.parameters),
        read_only=row.read_only,
        owner=Owner(row.user, row.host, row.pid),
        started=row.started,
        finished=row.finished,
        interrupted=row.interrupted,
        halted=Halted(Halt(row.halted_by), row.halted_reason) if row.halted_by else None,
        parent=row.parent,
        sites=row.sites,
        totals=totals,
        document=None if row.document is None else decode_object(row.document),
    )
