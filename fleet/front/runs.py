"""``fleet runs``: what was run, when, by whom, and how it ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, TypeVar

from cyclopts import App

from fleet.errors import InputError
from fleet.front.console import say
from fleet.front.execute import run_async, write_report
from fleet.front.options import Output
from fleet.journal.journal import Journal, open_journal
from fleet.journal.records import RunRow
from fleet.report.inert import inert
from fleet.report.layout import plural
from fleet.report.writer import parse_outputs
from fleet.results import Status

__all__ = ["app"]

T = TypeVar("T")
Kind = Literal["run", "audit", "plan", "apply", "rollback"]
_MANY = 100_000
app = App(name="runs", help="Show the history of runs.")


@app.command(name="list")
def list_runs(*, limit: int = 20, kind: Kind | None = None, out: Output | None = None) -> int:
    """List runs, newest first.

    Args:
        limit: How many at most.
        kind: Only runs of this kind: run, audit, plan, apply or rollback.
    """
    if not 1 <= limit <= _MANY:
        raise InputError(f"--limit {limit}: from 1 to {_MANY:,}")
    rows = _with_journal(out or Output(), lambda journal: journal.runs(limit, kind))
    for line in _table(rows) if rows else ["no run is on record"]:
        say(line)
    return 0


@app.command
def show(run: str, /, *, out: Output | None = None) -> int:
    """Show the report of a run again, in any format.

    Args:
        run: Its id, the start of it, or last.
    """
    out = out or Output()
    parse_outputs(out.output)

    async def read(journal: Journal) -> tuple[RunRow, int]:
        row = await journal.run(run)
        return row, write_report(await journal.report(row.run_id), out, None)

    return _with_journal(out, read)[1]


@app.command
def prune(*, keep_days: int = 400, keep_runs: int = 2000, out: Output | None = None) -> int:
    """Forget old runs, whole ones, the oldest first.

    Args:
        keep_days: Keep those of so many days.
        keep_runs: Keep so many of the newest, however old.
    """
    if not (1 <= keep_days <= _MANY and 1 <= keep_runs <= _MANY):
        raise InputError(f"--keep-days and --keep-runs: from 1 to {_MANY:,}")
    gone = _with_journal(
        out or Output(), lambda journal: journal.prune(keep_days=keep_days, keep_runs=keep_runs)
    )
    say(f"{plural(gone, 'run')} forgotten")
    return 0


def _with_journal(out: Output, call: Callable[[Journal], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_journal(out.store) as journal:
            return await call(journal)

    return run_async(run)


def _table(rows: Sequence[RunRow]) -> list[str]:
    cells = [
        (
            row.run_id,
            f"{row.started:%Y-%m-%d %H:%M}",
            row.kind,
            inert(row.operation, 32),
            _how(row),
            f"{row.owner.user}@{row.owner.host}",
        )
        for row in rows
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(6)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]


def _how(row: RunRow) -> str:
    counts = ", ".join(
        f"{row.totals[status]:,} {status.value.replace('_', ' ')}"
        for status in Status
        if row.totals.get(status)
    )
    if row.finished is None:
        return f"unfinished: {counts or plural(row.sites, 'site')}"
    ended = f" (interrupted by {row.interrupted})" if row.interrupted else ""
    ended = f" (halted: {row.halted.by.value})" if row.halted else ended
    return f"{counts or 'no site'}{ended}"
