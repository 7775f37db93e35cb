"""One run from flags to exit code: load, select, run with progress, write the report."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import anyio

from fleet.engine.budget import Budget
from fleet.engine.fleet import Fleet
from fleet.engine.run import Listener
from fleet.engine.stop import Stop, deferred_signals, stop_on_signals
from fleet.errors import Interrupted, Refused
from fleet.front.ci.job import complain, job_of
from fleet.front.ci.news import RunNews
from fleet.front.console import announce, console_on, silence, tell
from fleet.front.fleets import fleet_of
from fleet.front.guard import quiet_loop
from fleet.front.options import Output, Pace, Selection
from fleet.inventory.model import Inventory
from fleet.journal.journal import open_journal
from fleet.operations.base import Task
from fleet.report.progress import ProgressListener
from fleet.report.sink import Sink
from fleet.report.text import print_text
from fleet.report.writer import RENDERERS, Renderer, parse_outputs, write_outputs
from fleet.report.writer import Output as ReportOutput
from fleet.results import RunReport

__all__ = [
    "Consent",
    "check_outputs",
    "conclude",
    "execute",
    "run_async",
    "run_watched",
    "watched",
    "worst",
    "write_report",
]

T = TypeVar("T")
_GRAVEST = (1, 74, 64, 6, 5, 130, 143, 4, 3, 2, 0)
_GRAVER = _GRAVEST[: _GRAVEST.index(130)]
DRIFT = 2
BUG = 1


@dataclass(frozen=True, slots=True)
class Consent:
    """How far a run may go.

    Args:
        dry_run: Only say what would change.
        detailed: Let a dry run exit with 2 where something would change.
        confirm: Number of sites that something irreversible may reach.
    """

    dry_run: bool = False
    detailed: bool = False
    confirm: int | None = None


def execute(
    task: Task, selection: Selection, pace: Pace, out: Output, consent: Consent | None = None
) -> int:
    """Run `task` on the selected sites, write the reports, and return the exit code.

    Args:
        task: The operation.
        selection: Which sites.
        pace: How fast.
        out: What is written where.
        consent: How far it may go.

    Raises:
        InputErrors: Mistakes in files, flags or secrets; nothing was contacted.
        Refused: Something irreversible without its confirmation, or on sites nobody named.
    """
    consent = consent or Consent()
    check_outputs(out)
    if task.irreversible and not selection.named:
        raise Refused(f"{task.name} cannot be undone: name the sites with -l or --site")
    pace.settings()
    whole, selected = selection.load()

    async def run() -> RunReport:
        async with open_journal(out.store) as journal:
            fleet = fleet_of(whole, pace, out, journal)
            sites = await selection.narrowed(pace.applied(selected), journal)
            budget = pace.budget(len(sites.sites))
            return await run_watched(fleet, task, sites, out, consent, budget)

    report = run_async(run)
    tolerated = report.exit_code == DRIFT and consent.dry_run and not consent.detailed
    return conclude(report, out, _next(report, consent), 0 if tolerated else report.exit_code)


async def run_watched(
    fleet: Fleet,
    task: Task,
    selected: Inventory,
    out: Output,
    consent: Consent,
    budget: Budget | None = None,
) -> RunReport:
    """Return the report of a run that shows its progress and heeds Ctrl-C."""
    with watched(out) as (listeners, stop):
        return await fleet.run(
            task,
            selected,
            dry_run=consent.dry_run,
            confirm=consent.confirm,
            budget=budget,
            listeners=listeners,
            stop=stop,
        )


@contextmanager
def watched(out: Output) -> Iterator[tuple[tuple[Listener, ...], Stop]]:
    """Yield listeners that show the progress of a run, and the stop that Ctrl-C asks for."""
    console = console_on(sys.stderr, colour=not out.no_color)
    logging.getLogger("fleet").setLevel(logging.INFO if out.verbose else logging.WARNING)
    with stop_on_signals() as stop, ProgressListener(console, quiet=out.quiet) as progress:
        yield ((progress,) if out.quiet else (announce, progress)), stop


def check_outputs(out: Output) -> None:
    """Find mistakes in where reports are to go, before anything is contacted.

    Raises:
        InputErrors: Every mistake in ``-o``.
        InputError: The mark has no usable name.
    """
    parse_outputs(out.output)
    _ = out.mark


def conclude(report: RunReport, out: Output, next_command: str | None, code: int) -> int:
    """Write the report of a run that has just ended, tell the CI job, and return the exit code.

    Args:
        report: The run.
        out: What is written where.
        next_command: What to run next.
        code: The exit code that the run has earned.

    Raises:
        Interrupted: As of `write_report`.
    """
    code = worst((code, write_report(report, out, next_command)))
    return worst((code, complain(job_of(out.ci).tell(RunNews(report, code)))))


def write_report(report: RunReport, out: Output, next_command: str | None) -> int:
    """Write the report wherever it was asked for; return 1 where it could not be written.

    Files come first: whoever reads standard output may be slow, or gone.

    Raises:
        Interrupted: A signal came meanwhile; everything is written all the same.
    """
    outputs = parse_outputs(out.output, checked=True)
    with deferred_signals() as heard:
        files = [each for each in outputs if each.path]
        faults = list(write_outputs(report, files, sys.stdout, _renderers(out)))
        for output in outputs:
            if output.path is None:
                faults += _print_report(report, output.format, out, next_command)
        for fault in faults:
            tell(f"fleet: {fault}")
    if heard and report.exit_code not in _GRAVER:
        raise Interrupted(heard[0])
    return BUG if faults else 0


def _print_report(
    report: RunReport, format_name: str, out: Output, next_command: str | None
) -> tuple[str, ...]:
    """Write a report to standard output and return what was wrong with that."""
    if format_name != "text":
        return write_outputs(report, [ReportOutput(format_name)], sys.stdout, _renderers(out))
    try:
        console = console_on(sys.stdout, colour=not out.no_color)
        print_text(console, report, verbose=out.verbose, next_command=next_command)
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        return (f"the text report could not be written to stdout: {error.strerror}",)
    return ()


def _renderers(out: Output) -> Mapping[str, Renderer]:
    """Return how reports are written, with the mark of the flags."""

    def marked(report: RunReport, sink: Sink) -> None:
        sink.write(out.mark)
        RENDERERS["md"](report, sink)

    return {**RENDERERS, "md": marked}


def _next(report: RunReport, consent: Consent) -> str | None:
    """Return the command that helps now; None leaves it to the report, which knows the causes."""
    if report.interrupted or report.halted:
        return "the same command again: it reads first, and sends only what is still missing"
    if report.exit_code == DRIFT:
        done = "without --dry-run" if consent.dry_run else "with settings.sync and --dry-run"
        return f"the same command {done}"
    return None if report.exit_code else "fleet operations"


def worst(codes: Iterable[int]) -> int:
    """Return the exit code of several that counts: the first of them in `_GRAVEST`."""
    return min(codes, key=_GRAVEST.index, default=0)


def run_async(call: Callable[[], Awaitable[T]]) -> T:
    """Return what `call` returns; what a task group wraps is raised as itself."""

    async def guarded() -> T:
        quiet_loop(asyncio.get_running_loop())
        return await call()

    try:
        # Never on uvloop: bytes are counted at the sockets, which it does not use.
        return anyio.run(guarded)
    except BaseExceptionGroup as group:
        raise _first(group) from None


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
