"""Keeps the history of findings with every batch of results, and reads it back.

It is written in the transaction that records the results, so that a crash loses neither or both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from fleet.journal import tables
from fleet.journal.codec import decode_value, encode_value
from fleet.journal.database import Database, unbroken, upsert
from fleet.journal.findings import (
    Finding,
    FindingName,
    Sighting,
    StoredFinding,
    TrendPoint,
    after,
    is_tracked,
    sighting_of,
)
from fleet.journal.past import read_outcomes_of
from fleet.journal.reading import read_runs_between
from fleet.journal.records import Outcome, RunRow
from fleet.results import SiteResult

__all__ = ["History", "Seen", "forget_findings", "keep_history", "stored_finding"]

_findings, _trend, _runs, _outcomes = tables.findings, tables.trend, tables.runs, tables.outcomes
_PRIMARY = ["site", "url", "key", "error"]
_LONGEST = 4000
"""Characters kept of a value; the outcome of the run has the whole of it."""

Seen = tuple[SiteResult, datetime]
"""A result, and when it was recorded."""


async def keep_history(connection: AsyncConnection, run_id: str, seen: Sequence[Seen]) -> None:
    """Bring findings and trend up to date with results that are not in the outcomes yet.

    Args:
        connection: In the transaction that records the results.
        run_id: The run.
        seen: Its results, one for each site, sorted by site.
    """
    run = (await connection.execute(select(_runs).where(_runs.c.id == run_id))).first()
    if run is None or not (is_tracked(run.kind, run.operation) or run.kind == "apply"):
        return
    sightings = [(sighting_of(result), at) for result, at in seen]
    opens = run.kind != "apply"
    known = await _known(connection, [sighting.site for sighting, _ in sightings])
    changed = after(known, sightings, run_id, opens=opens)
    if changed:
        adding = upsert(connection, _findings)
        columns = [column.name for column in _findings.c if column.name not in _PRIMARY]
        rows = [_row_of(changed[name]) for name in sorted(changed)]
        await connection.execute(
            adding.on_conflict_do_update(
                index_elements=_PRIMARY,
                set_={column: adding.excluded[column] for column in columns},
            ),
            rows,
        )
    if opens:
        await _count(connection, run, [sighting for sighting, _ in sightings])


async def _known(
    connection: AsyncConnection, sites: Sequence[str]
) -> dict[FindingName, StoredFinding]:
    # Locked in one order, so that two runs over the same sites wait and do not lose a spell.
    found = await connection.execute(
        select(_findings)
        .where(_findings.c.site.in_(sites))
        .order_by(*(_findings.c[name] for name in _PRIMARY))
        .with_for_update()
    )
    stored = (stored_finding(row) for row in found)
    return {each.finding.name: each for each in stored}


async def _count(connection: AsyncConnection, run: Row[Any], seen: Iterable[Sighting]) -> None:
    """Add sites to the trend; one whose result was recorded before counts as it was then."""
    by_site = {sighting.site: sighting for sighting in seen}
    recorded = await connection.execute(
        select(_outcomes.c.site).where(
            _outcomes.c.run_id == run.id, _outcomes.c.site.in_(list(by_site))
        )
    )
    for site in recorded.scalars():
        del by_site[site]
    good, bad = Counter[str](), Counter[str]()
    for sighting in by_site.values():
        good.update(sighting.good)
        bad.update(finding.name.key for finding in sighting.findings if finding.name.key)
        if sighting.looked:
            (bad if sighting.findings else good)[""] += 1
    keys = sorted(good.keys() | bad.keys())
    if not keys:
        return
    adding = upsert(connection, _trend)
    await connection.execute(
        adding.on_conflict_do_update(
            index_elements=["run_id", "key"],
            set_={name: _trend.c[name] + adding.excluded[name] for name in ("good", "bad")},
        ),
        [
            {
                "run_id": run.id,
                "key": key,
                "kind": run.kind,
                "at": run.started,
                "good": good[key],
                "bad": bad[key],
            }
            for key in keys
        ],
    )


class History:
    """Reads what audits and plans found over time; it survives the pruning of runs.

    Args:
        database: Where it is.
        catch_up: Called first, so that a reader sees what was recorded before it asked.
    """

    def __init__(self, database: Database, catch_up: Callable[[], Awaitable[None]]) -> None:
        self._database = database
        self._catch_up = catch_up

    async def runs(self, since: datetime, until: datetime) -> list[RunRow]:
        """Return the runs that began from `since` on and before `until`, the oldest first.

        Raises:
            JournalError: The database failed.
        """
        await self._catch_up()
        return await unbroken(read_runs_between(self._database, since, until))

    async def outcomes(self, run_id: str, sites: Sequence[str]) -> AsyncIterator[Outcome]:
        """Yield how some sites ended in a run, without keeping them.

        Args:
            run_id: Its whole name.
            sites: Names; those that are not in the run are passed over.

        Raises:
            JournalError: The database failed.
        """
        await self._catch_up()
        async for outcome in read_outcomes_of(self._database, run_id, sites):
            yield outcome

    async def findings(
        self,
        *,
        sites: Sequence[str] | None = None,
        keys: Sequence[str] | None = None,
        fixed: bool | None = False,
        limit: int | None = None,
    ) -> list[StoredFinding]:
        """Return findings, those that were seen first first.

        Args:
            sites: Only those of these sites; None for all.
            keys: Only those of these keys; the empty one stands for sites that failed as a whole.
            fixed: False for what is open, True for what was mended, None for both.
            limit: How many at most; None for all.

        Raises:
            JournalError: The database failed.
        """
        order = (_findings.c.first_seen, *(_findings.c[name] for name in _PRIMARY))
        wanted = select(_findings).order_by(*order)
        if sites is not None:
            wanted = wanted.where(_findings.c.site.in_(sites))
        if keys is not None:
            wanted = wanted.where(_findings.c.key.in_(keys))
        if fixed is not None:
            still = _findings.c.fixed.is_(None)
            wanted = wanted.where(~still if fixed else still)
        await self._catch_up()
        return [stored_finding(row) for row in await unbroken(self._rows(wanted.limit(limit)))]

    async def trend(
        self, kind: str = "audit", *, runs: int = 30, keys: Sequence[str] | None = None
    ) -> list[TrendPoint]:
        """Return how sites stood in the newest runs of a kind, oldest run first.

        Args:
            kind: ``audit`` or ``plan``.
            runs: How many runs at most.
            keys: Only these keys; ``("",)`` for sites as a whole. None for all.

        Raises:
            JournalError: The database failed.
        """
        newest = (
            select(_trend.c.run_id)
            .where(_trend.c.kind == kind)
            .group_by(_trend.c.run_id)
            .order_by(func.max(_trend.c.at).desc(), _trend.c.run_id.desc())
            .limit(runs)
            .subquery()
        )
        wanted = select(_trend).where(_trend.c.run_id.in_(select(newest.c.run_id)))
        if keys is not None:
            wanted = wanted.where(_trend.c.key.in_(keys))
        await self._catch_up()
        ordered = wanted.order_by(_trend.c.at, _trend.c.run_id, _trend.c.key)
        return [
            TrendPoint(row.run_id, row.at, row.kind, row.key, row.good, row.bad)
            for row in await unbroken(self._rows(ordered))
        ]

    async def _rows(self, wanted: Any) -> Sequence[Row[Any]]:
        async with self._database.reading() as connection:
            return (await connection.execute(wanted)).all()


async def forget_findings(connection: AsyncConnection, before: datetime) -> None:
    """Forget what nobody has seen since `before`, once the run that saw it last is gone too."""
    await connection.execute(
        delete(_findings).where(
            _findings.c.last_seen < before,
            _findings.c.last_run.not_in(select(_runs.c.id)),
        )
    )


def _row_of(stored: StoredFinding) -> Mapping[str, object]:
    finding = stored.finding
    return {
        **finding.name._asdict(),
        "kind": finding.kind,
        "wanted": _kept(finding.wanted),
        "found": _kept(finding.found),
        "reason": finding.reason[:_LONGEST],
        "first_seen": stored.first_seen,
        "opened": stored.opened,
        "last_seen": stored.last_seen,
        "last_run": stored.last_run,
        "fixed": stored.fixed,
        "recurrences": stored.recurrences,
        "fixes": stored.fixes,
        "fixing": stored.fixing,
    }


def _kept(value: object) -> str:
    text = encode_value(value)
    return text if len(text) <= _LONGEST else encode_value(f"{text[: _LONGEST // 2]}...")


def stored_finding(row: Row[Any]) -> StoredFinding:
    """Return the finding of a whole row of its table."""
    name = FindingName(row.site, row.url, row.key, row.error)
    return StoredFinding(
        Finding(name, decode_value(row.wanted), decode_value(row.found), row.kind, row.reason),
        first_seen=row.first_seen,
        opened=row.opened,
        last_seen=row.last_seen,
        last_run=row.last_run,
        fixed=row.fixed,
        recurrences=row.recurrences,
        fixes=row.fixes,
        fixing=row.fixing,
    )
