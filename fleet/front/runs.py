"""``fleet runs``: what was run, when, by whom, and how it ended."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar

from cyclopts import App, Parameter

from fleet.errors import InputError
from fleet.front.chosen import chosen_runs, view_targets, write_views
from fleet.front.console import columns_of, say
from fleet.front.diff_view import diff_json, diff_markdown, diff_text, findings_text, trend_text
from fleet.front.execute import run_async, write_report
from fleet.front.options import Output
from fleet.journal.findings import FindingName
from fleet.journal.journal import Journal, open_journal
from fleet.journal.records import RunRow
from fleet.policy.history import Comparison, compare, daily
from fleet.report.inert import inert
from fleet.report.layout import plural, table
from fleet.report.writer import parse_outputs
from fleet.results import Status

__all__ = ["app"]

T = TypeVar("T")
Kind = Literal["run", "audit", "plan", "apply", "rollback"]
_MANY = 100_000
app = App(name="runs", help="Show the history of runs.")
app.command(
    "fleet.front.merging:merge",
    name="merge",
    help="Make one run of several that shared its sites by --shard.",
)


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
def diff(
    earlier: str = "last~1",
    later: str = "last",
    /,
    *,
    kind: Kind | None = None,
    any_kind: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    out: Output | None = None,
) -> int:
    """Tell what is new, fixed and still open between two runs; exits with 2 for anything new.

    Formats of -o are text, md and json.

    Args:
        earlier: A run: its id, the start of it, last, or last~1 for the one before.
        later: The run to compare with it.
        kind: Which runs last and last~N count; those of the newest run or of the other one.
        any_kind: Compare runs of different kinds or operations all the same.
    """
    out = out or Output()
    targets = view_targets(out.output)

    async def read(journal: Journal) -> tuple[Comparison, dict[FindingName, datetime]]:
        a, b = await chosen_runs(journal, earlier, later, kind)
        if not any_kind and (a.kind, a.operation) != (b.kind, b.operation):
            raise InputError(
                f"{a.run_id} is a run of {a.operation} ({a.kind}) and {b.run_id} one of"
                f" {b.operation} ({b.kind}): --any-kind compares them all the same"
            )
        found = compare(await journal.report(a.run_id), await journal.report(b.run_id))
        known = await journal.history.findings(fixed=None)
        return found, {each.finding.name: each.first_seen for each in known}

    found, first = _with_journal(out, read)
    texts = {
        "text": lambda: diff_text(found, first, verbose=out.verbose, width=columns_of(sys.stdout)),
        "md": lambda: diff_markdown(found, first),
        "json": lambda: diff_json(found, first),
    }
    fault = write_views(targets, texts)
    return fault or found.exit_code


@app.command
def findings(
    *,
    site: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    key: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    fixed: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    out: Output | None = None,
) -> int:
    """List what audits and plans found and is still open, the oldest first.

    Args:
        site: Only of this site; may be repeated.
        key: Only about this key; may be repeated.
        fixed: List what is gone instead.
    """
    rows = _with_journal(
        out or Output(),
        lambda journal: journal.history.findings(sites=site or None, keys=key or None, fixed=fixed),
    )
    for line in findings_text(rows, datetime.now(UTC), width=columns_of(sys.stdout)):
        say(line)
    return 0


@app.command
def trend(
    *,
    key: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    runs: int = 30,
    by_day: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    kind: Literal["audit", "plan"] = "audit",
    out: Output | None = None,
) -> int:
    """Tell how many sites conformed, run by run.

    Args:
        key: Only about this key; may be repeated. Without it whole sites are counted.
        runs: How many of the newest runs.
        by_day: One line for each day (UTC), that of its last run.
        kind: audit or plan.
    """
    if not 1 <= runs <= _MANY:
        raise InputError(f"--runs {runs}: from 1 to {_MANY:,}")
    points = _with_journal(
        out or Output(), lambda journal: journal.history.trend(kind, runs=runs, keys=key or ("",))
    )
    labelled = [(f"{point.at:%Y-%m-%d %H:%M}", point) for point in points]
    if by_day:
        labelled = [(day.isoformat(), point) for day, point in daily(points, UTC)]
    for line in trend_text(labelled):
        say(line)
    return 0


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
    return table(cells, columns_of(sys.stdout))


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
