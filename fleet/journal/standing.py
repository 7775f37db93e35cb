"""Keeps how each site stands beside every result.

A page about a whole fleet must not read every run. What it needs is therefore kept by the same
transaction that writes the results, one row per site.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from fleet.journal import tables
from fleet.journal.database import upsert
from fleet.journal.writer import Row
from fleet.results import SiteResult, Status

__all__ = ["keep_standing"]

_runs, _states = tables.runs, tables.states
_LONGEST = 300
"""Characters kept of a message; the result has it whole."""

_Pair = tuple[Row, SiteResult]


async def keep_standing(connection: AsyncConnection, rows: Sequence[Row]) -> None:
    """Keep what `rows`, the results that are being written, say about sites now."""
    told = [
        (row, row.result)
        for row in sorted(rows, key=lambda row: (row.site, row.at))
        if row.result is not None and row.result.status is not Status.NOT_STARTED
    ]
    if not told:
        return
    found = await connection.execute(
        select(_runs.c.id, _runs.c.operation, _runs.c.kind).where(
            _runs.c.id.in_({row.run_id for row, _ in told})
        )
    )
    runs = {run_id: (operation, kind) for run_id, operation, kind in found}
    await _keep_states(connection, told, runs)


async def _keep_states(
    connection: AsyncConnection, told: Sequence[_Pair], runs: dict[str, tuple[str, str]]
) -> None:
    adding = upsert(connection, _states)
    columns = [column.name for column in _states.c if column.name != "site"]
    newer = adding.on_conflict_do_update(
        index_elements=["site"],
        set_={name: adding.excluded[name] for name in columns},
        where=adding.excluded.at >= _states.c.at,
    )
    rows = [
        {
            "site": row.site,
            "url": result.url,
            "run_id": row.run_id,
            "operation": runs[row.run_id][0],
            "kind": runs[row.run_id][1],
            "status": row.status,
            "trouble": result.kind,
            "message": result.message[:_LONGEST],
            "at": row.at,
        }
        for row, result in told
    ]
    await connection.execute(newer, rows)
