"""`Overview`: reads what pages about a whole fleet show, a page at a time, and never writes.

Pages follow each other by the last row of the one before, so that the thousandth costs what the
first costs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from fleet.journal import tables
from fleet.journal.choosing import beyond, chosen, open_keys, ordering
from fleet.journal.codec import decode_result
from fleet.journal.database import Database, unbroken
from fleet.journal.findings import StoredFinding
from fleet.journal.history import stored_finding
from fleet.journal.looking import KeyFindings, Order, Past, SiteState, Wanted
from fleet.journal.reading import named_run, read_report, read_run, read_runs
from fleet.journal.records import RunRow
from fleet.journal.schema import prepare, prepare_file
from fleet.journal.store import SqliteStore, parse_store
from fleet.results import RunReport, SiteResult, Status

__all__ = ["Overview", "open_overview"]

_runs, _outcomes = tables.runs, tables.outcomes
_states, _findings = tables.states, tables.findings
_OPEN = open_keys()
_TROUBLED = [
    status.value
    for status in Status
    if not status.good and status not in (Status.DRIFT, Status.NOT_STARTED)
]


@asynccontextmanager
async def open_overview(
    store: str | None = None, patience: float = 10.0
) -> AsyncIterator[Overview]:
    """Yield what may be seen of the journal kept in `store`, over connections that cannot write.

    A journal that is not there yet is made, and an older one brought up to date, before.

    Args:
        store: As for `open_journal`.
        patience: Seconds to wait for another process that writes.

    Raises:
        InputError: `store` names no journal.
        JournalError: It cannot be opened; the message says what to do.
    """
    where = parse_store(store)
    if isinstance(where, SqliteStore):
        prepare_file(where, patience)
    # The first reader of a file may have to write what its last writer left behind.
    async with _opened(Database.open(where, _now, patience)) as database:
        await unbroken(prepare(database, patience))
        async with _opened(Database.open(where, _now, patience, read_only=True)) as reading:
            yield Overview(reading)


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def _opened(database: Database) -> AsyncIterator[Database]:
    try:
        yield database
    finally:
        await database.close()


@dataclass(frozen=True, slots=True)
class Overview:
    """What pages show. Every method raises `JournalError` when the database fails.

    Args:
        database: Connections that cannot write.
    """

    database: Database

    async def states(
        self, wanted: Wanted, order: Order, after: tuple[str, str] | None, limit: int
    ) -> list[SiteState]:
        """Return how sites stand, a page of them.

        Args:
            wanted: Which sites.
            order: In which order.
            after: `SiteState.mark` of the last one of the page before.
            limit: How many at most.
        """
        return await unbroken(self._states(wanted, order, after, limit))

    async def _states(
        self, wanted: Wanted, order: Order, after: tuple[str, str] | None, limit: int
    ) -> list[SiteState]:
        column = ordering(order)
        async with self.database.reading() as connection:
            query = select(_states).where(*chosen(connection, wanted)).limit(limit)
            if after is not None:
                query = query.where(beyond(order, column, after))
            ways = [column.desc() if order.falling else column.asc()]
            if order.by != "site":
                ways.append(_states.c.site.desc() if order.falling else _states.c.site.asc())
            rows = (await connection.execute(query.order_by(*ways))).all()
            open_ = await _counted(connection, [row.site for row in rows])
        return [_state(row, open_.get(row.site, 0)) for row in rows]

    async def state(self, site: str) -> SiteState | None:
        """Return how one site stands, or None where nothing is on record."""
        found = await unbroken(self._states(Wanted(names=(site,)), Order(), None, 1))
        return found[0] if found else None

    async def matching(self, wanted: Wanted, most: int) -> int:
        """Return how many sites are meant; `most` where there are as many or more."""
        return await unbroken(self._matching(wanted, most))

    async def _matching(self, wanted: Wanted, most: int) -> int:
        async with self.database.reading() as connection:
            some = select(_states.c.site).where(*chosen(connection, wanted)).limit(most).subquery()
            return int((await connection.execute(select(func.count(some.c.site)))).scalar_one())

    async def totals(self) -> Mapping[Status, int]:
        """Return how many sites stand how; every status is there."""
        return await unbroken(self._totals())

    async def _totals(self) -> Mapping[Status, int]:
        async with self.database.reading() as connection:
            found = await connection.execute(
                select(_states.c.status, func.count()).group_by(_states.c.status)
            )
            return {**dict.fromkeys(Status, 0), **{Status(word): count for word, count in found}}

    async def drift(self) -> tuple[int, int]:
        """Return how many findings are open, and on how many sites."""
        return await unbroken(self._drift())

    async def _drift(self) -> tuple[int, int]:
        async with self.database.reading() as connection:
            sites = func.count(func.distinct(_findings.c.site))
            row = (await connection.execute(select(func.count(), sites).where(_OPEN))).one()
            return int(row[0]), int(row[1])

    async def past(self, site: str, limit: int) -> list[Past]:
        """Return how a site ended in its runs, newest first."""
        return await unbroken(self._past(site, limit))

    async def _past(self, site: str, limit: int) -> list[Past]:
        query = _past_of(site).order_by(_outcomes.c.at.desc(), _runs.c.number.desc()).limit(limit)
        async with self.database.reading() as connection:
            return [Past(*row) for row in await connection.execute(query)]

    async def latest(self, site: str, limit: int) -> list[tuple[Past, SiteResult]]:
        """Return the last result of each operation on a site, newest first."""
        return await unbroken(self._latest(site, limit))

    async def _latest(self, site: str, limit: int) -> list[tuple[Past, SiteResult]]:
        newest = (
            func.row_number()
            .over(
                partition_by=_runs.c.operation,
                order_by=(_outcomes.c.at.desc(), _runs.c.number.desc()),
            )
            .label("age")
        )
        ranked = _past_of(site).add_columns(newest).subquery()
        query = (
            select(ranked, _outcomes.c.result)
            .join(
                _outcomes,
                and_(_outcomes.c.run_id == ranked.c.run_id, _outcomes.c.site == site),
            )
            .where(ranked.c.age == 1)
            .order_by(ranked.c.at.desc())
            .limit(limit)
        )
        async with self.database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [(Past(*row[:7]), decode_result(row.result)) for row in rows]

    async def result(self, run_id: str, site: str) -> SiteResult | None:
        """Return how a site ended in a run, or None where it did not."""
        return await unbroken(self._result(run_id, site))

    async def _result(self, run_id: str, site: str) -> SiteResult | None:
        query = select(_outcomes.c.result).where(
            _outcomes.c.run_id == run_id, _outcomes.c.site == site
        )
        async with self.database.reading() as connection:
            found = (await connection.execute(query)).scalar_one_or_none()
        return None if found is None else decode_result(found)

    async def findings(
        self, key: str | None, site: str | None, after: tuple[str, str] | None, limit: int
    ) -> list[StoredFinding]:
        """Return open findings by site and key, a page of them.

        Args:
            key: Only those of this key.
            site: Only those of this site.
            after: (site, key) of the last one of the page before.
            limit: How many at most.
        """
        return await unbroken(self._found(key, site, after, limit))

    async def _found(
        self, key: str | None, site: str | None, after: tuple[str, str] | None, limit: int
    ) -> list[StoredFinding]:
        table = _findings.c
        query = select(_findings).where(_OPEN).order_by(table.site, table.key).limit(limit)
        if key is not None:
            query = query.where(table.key == key)
        if site is not None:
            query = query.where(table.site == site)
        if after is not None:
            query = query.where(
                or_(table.site > after[0], and_(table.site == after[0], table.key > after[1]))
            )
        async with self.database.reading() as connection:
            return [stored_finding(row) for row in await connection.execute(query)]

    async def keys(self, limit: int) -> list[KeyFindings]:
        """Return the keys with open findings, those on most sites first."""
        return await unbroken(self._keys(limit))

    async def _keys(self, limit: int) -> list[KeyFindings]:
        many = func.count().label("sites")
        query = (
            select(_findings.c.key, many, func.min(_findings.c.opened, type_=tables.Moment()))
            .where(_OPEN)
            .group_by(_findings.c.key)
            .order_by(many.desc(), _findings.c.key)
            .limit(limit)
        )
        async with self.database.reading() as connection:
            return [KeyFindings(*row) for row in await connection.execute(query)]

    async def runs(self, limit: int, passed: int = 0) -> list[RunRow]:
        """Return runs, newest first.

        Args:
            limit: How many at most.
            passed: How many newer ones are passed over.
        """
        return await unbroken(read_runs(self.database, limit, None, passed))

    async def run(self, run_id: str) -> RunRow:
        """Return one run, by its name, the start of it, or ``last``.

        Raises:
            InputError: No run is meant, or more than one.
        """

        async def read() -> RunRow:
            return await read_run(self.database, await named_run(self.database, run_id))

        return await unbroken(read())

    async def report(self, run_id: str) -> RunReport:
        """Return the whole report of a run of exactly that name."""
        return await read_report(self.database, run_id)

    async def outcomes(
        self, run_id: str, status: Status, after: str, limit: int
    ) -> list[SiteResult]:
        """Return the sites of a run that ended so, by name, a page of them.

        Args:
            run_id: The run.
            status: How they ended.
            after: The last one of the page before, or empty.
            limit: How many at most.
        """
        return await unbroken(
            self._results(
                _outcomes.c.run_id == run_id,
                _outcomes.c.status == status.value,
                _outcomes.c.site > after,
                order=_outcomes.c.site,
                limit=limit,
            )
        )

    async def slowest(self, run_id: str, limit: int) -> list[SiteResult]:
        """Return the sites of a run that took longest, the slowest first."""
        return await unbroken(
            self._results(
                _outcomes.c.run_id == run_id,
                _outcomes.c.seconds > 0,
                order=_outcomes.c.seconds.desc(),
                limit=limit,
            )
        )

    async def _results(
        self, *conditions: ColumnElement[bool], order: Any, limit: int
    ) -> list[SiteResult]:
        query = select(_outcomes.c.result).where(*conditions).order_by(order).limit(limit)
        async with self.database.reading() as connection:
            found = (await connection.execute(query)).scalars().all()
        return [decode_result(text) for text in found]

    async def troubles(self, run_id: str) -> list[tuple[str, int]]:
        """Return the error kinds of a run with how many sites each, the most frequent first."""
        return await unbroken(self._troubles(run_id))

    async def _troubles(self, run_id: str) -> list[tuple[str, int]]:
        many = func.count().label("sites")
        query = (
            select(_outcomes.c.trouble, many)
            .where(
                _outcomes.c.run_id == run_id,
                # Named one by one, they are found by the index, and no other is looked at.
                _outcomes.c.status.in_(_TROUBLED),
                _outcomes.c.trouble.is_not(None),
            )
            .group_by(_outcomes.c.trouble)
            .order_by(many.desc(), _outcomes.c.trouble)
            .limit(20)
        )
        async with self.database.reading() as connection:
            return [(str(kind), int(count)) for kind, count in await connection.execute(query)]


def _past_of(site: str) -> Any:
    return (
        select(
            _outcomes.c.run_id,
            _runs.c.operation,
            _runs.c.kind,
            _outcomes.c.status,
            _outcomes.c.trouble,
            _outcomes.c.seconds,
            _outcomes.c.at,
        )
        .join(_runs, _runs.c.id == _outcomes.c.run_id)
        .where(_outcomes.c.site == site)
    )


async def _counted(connection: AsyncConnection, sites: Sequence[str]) -> dict[str, int]:
    """Return the number of open findings of each site that has any."""
    found = await connection.execute(
        select(_findings.c.site, func.count())
        .where(_OPEN, _findings.c.site.in_(sites))
        .group_by(_findings.c.site)
    )
    return {str(site): int(count) for site, count in found}


def _state(row: Any, findings: int) -> SiteState:
    return SiteState(
        row.site,
        row.url,
        row.run_id,
        row.operation,
        row.kind,
        Status(row.status),
        row.trouble,
        row.message,
        row.at,
        findings,
    )
