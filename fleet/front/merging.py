"""``fleet runs merge``: one run out of those that shared its sites by ``--shard``."""

from __future__ import annotations

from pathlib import Path

from anyio import to_thread

from fleet.engine.fleet import new_run_id
from fleet.errors import InputError
from fleet.front.execute import run_async, worst, write_report
from fleet.front.options import Output, Selection
from fleet.journal.journal import Journal, open_journal
from fleet.journal.records import Owner
from fleet.report.data import load_report
from fleet.report.inert import inert
from fleet.report.merging import merged
from fleet.report.writer import parse_outputs
from fleet.results import RunFinished, RunReport, RunStarted

__all__ = ["merge"]

_LARGEST = 1024**3


def merge(
    parts: tuple[str, ...],
    /,
    *,
    selection: Selection | None = None,
    out: Output | None = None,
) -> int:
    """Make one run of several that shared its sites, and show its report.

    Select the sites as for the parts, without --shard: a site that is in no part is then told
    as not started. The whole is kept like any run.

    Args:
        parts: Runs of the journal, or files of the format json.
    """
    selection, out = selection or Selection(), out or Output()
    parse_outputs(out.output)
    if selection.shard is not None:
        raise InputError("fleet runs merge makes the whole: leave out --shard (FLEET_SHARD)")
    _, selected = selection.load()

    async def call() -> int:
        async with open_journal(out.store) as journal:
            reports = [await _part(journal, part) for part in parts]
            sites = await selection.narrowed(selected, journal)
            pairs = [(site.name, str(site.url)) for site in sites.sites.values()]
            started = min(report.started for report in reports)
            whole = merged(reports, pairs, new_run_id(started))
            await _keep(journal, whole, [report.run_id for report in reports])
            return worst((whole.exit_code, write_report(whole, out, None)))

    return run_async(call)


async def _part(journal: Journal, name: str) -> RunReport:
    if not name.endswith(".json"):
        return await journal.report(name)
    return await to_thread.run_sync(_read, Path(name))


def _read(path: Path) -> RunReport:
    name = inert(str(path))
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{name}: larger than 1 GiB")
        return load_report(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(f"{name} cannot be read: {reason}") from error


async def _keep(journal: Journal, whole: RunReport, parts: list[str]) -> None:
    """Put the whole on record."""
    start = RunStarted(
        run_id=whole.run_id,
        operation=whole.operation,
        parameters=whole.parameters,
        read_only=whole.read_only,
        sites=tuple((result.site, result.url) for result in whole.results),
        at=whole.started,
    )
    await journal.begin(start, kind="run", owner=Owner.here(), document={"merged": parts})
    for result in whole.results:
        await journal.record(whole.run_id, result)
    if whole.finished is not None:
        end = RunFinished(whole.finished, whole.interrupted, whole.halted)
        await journal.finish(whole.run_id, end)
