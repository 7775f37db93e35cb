"""``fleet apply``, ``rollback``, ``resume`` and ``unlock``: changing sites by a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fleet.engine.fleet import Fleet
from fleet.errors import InputError
from fleet.front.consent import agree, refuse_beyond_guard
from fleet.front.console import say, tell
from fleet.front.execute import run_async, watched, worst, write_report
from fleet.front.options import Output, Pace, Selection
from fleet.front.plan import PolicyFiles, load_policy, plan_exit_code, planned, show_plan
from fleet.journal.journal import Journal, open_journal
from fleet.journal.records import RunRow
from fleet.policy.apply import Applier, resume_run
from fleet.policy.plan import Limits, Plan, read_plan
from fleet.policy.rollback import plan_rollback
from fleet.report.layout import plural
from fleet.report.writer import parse_outputs
from fleet.results import RunReport, Status

__all__ = ["apply", "resume", "rollback", "unlock"]

_RECENT = 1000


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Go:
    """How far an apply may go.

    Args:
        yes: Do not ask.
        allow_sites: Number of sites that a plan beyond its guard may change.
        replan_stale: Change sites that have moved since the plan, too.
        no_wait: Leave sites whose change window is closed, instead of waiting for it.
    """

    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative="", show_default=False)] = False
    allow_sites: int | None = None
    replan_stale: Annotated[bool, Parameter(negative="", show_default=False)] = False
    no_wait: Annotated[bool, Parameter(negative="", show_default=False)] = False


def apply(
    file: Path | None = None,
    /,
    *,
    policy: PolicyFiles = (),
    go: Go | None = None,
    selection: Selection | None = None,
    pace: Pace | None = None,
    out: Output | None = None,
) -> int:
    """Change sites as a plan says, in waves, inside its failure budget.

    Takes the file that fleet plan wrote, or makes a plan of -p first and asks.

    Args:
        file: A plan.
        policy: Policy file to plan and apply in one go; may be repeated.
    """
    go, selection = go or Go(), selection or Selection()
    pace, out = pace or Pace(), out or Output()
    parse_outputs(out.output)
    pace.settings()
    if (file is None) is (not policy):
        raise InputError("fleet apply takes a plan or -p POLICY, and not both")
    made = None
    if file is not None:
        if selection.named or selection.exclude:
            raise InputError("a plan has its sites already: select them for fleet plan")
        made = read_plan(file)
    whole, selected = selection.load()
    document = load_policy(policy, whole) if policy else None

    async def run() -> int:
        async with open_journal(out.store) as journal:
            if made is not None:
                fleet = Fleet(pace.applied(whole), pace.settings(), journal=journal)
                return await _carry_out(fleet, made, go, pace, out)
            if document is None:
                raise InputError("fleet apply takes a plan or -p POLICY")
            sites = await selection.narrowed(selected, journal)
            fresh, looked, fleet = await planned(document, whole, sites, journal, pace, out)
            show_plan(fresh, out)
            before = plan_exit_code(fresh, looked)
            if looked.interrupted:
                return before
            if not fresh.changing:
                tell("fleet: nothing is to be changed")
                return before
            return worst((before, await _carry_out(fleet, fresh, go, pace, out, ask=True)))

    return run_async(run)


def rollback(
    run: str,
    /,
    *,
    dry_run: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    go: Go | None = None,
    selection: Selection | None = None,
    pace: Pace | None = None,
    out: Output | None = None,
) -> int:
    """Put back what a run changed, except what was changed again since.

    Args:
        run: Its id, the start of it, or last.
        dry_run: Only say what would be put back.
    """
    go, selection = go or Go(), selection or Selection()
    pace, out = pace or Pace(), out or Output()
    parse_outputs(out.output)
    whole, selected = selection.load()

    async def call() -> int:
        async with open_journal(out.store) as journal:
            fleet = Fleet(pace.applied(whole), pace.settings(), journal=journal)
            row = await _meant(journal, run)
            sites = await selection.narrowed(pace.applied(selected), journal)
            with watched(out) as (listeners, stop):
                made, looked = await plan_rollback(
                    fleet, journal, row.run_id, sites, listeners=listeners, stop=stop
                )
            if not looked.interrupted:
                stop.heed()
            show_plan(made, out)
            before = plan_exit_code(made, looked)
            if looked.interrupted or dry_run or not made.changing:
                tell("fleet: nothing was changed")
                return before
            code = await _carry_out(fleet, made, go, pace, out, ask=True, parent=row.run_id)
            return worst((before, code))

    return run_async(call)


def resume(
    run: str,
    /,
    *,
    go: Go | None = None,
    selection: Selection | None = None,
    pace: Pace | None = None,
    out: Output | None = None,
) -> int:
    """Go on with an apply or a rollback that was ended early; sites that are done are left alone.

    Args:
        run: Its id, the start of it, or last.
    """
    go, selection = go or Go(), selection or Selection()
    pace, out = pace or Pace(), out or Output()
    parse_outputs(out.output)
    whole, _ = selection.load()

    async def call() -> int:
        async with open_journal(out.store) as journal:
            row = await _meant(journal, run)
            plan, begun, parent = await resume_run(journal, row.run_id)
            fleet = Fleet(pace.applied(whole), pace.settings(), journal=journal)
            applier = _applier(fleet, _limited(plan, pace), go, out)
            with watched(out) as (listeners, stop):
                report = await applier.apply(
                    begun=begun, parent=parent, listeners=listeners, stop=stop
                )
            return _told(report, out)

    return run_async(call)


def unlock(run: str, /, *, out: Output | None = None) -> int:
    """Free the sites of a run that died without letting go of them.

    A run that is gone for good lets go by itself after 75 s. One that is alive after all stops
    before its next change.

    Args:
        run: Its whole id, as the refusal names it.
    """

    async def call() -> int:
        async with open_journal((out or Output()).store) as journal:
            held = await journal.unlock(run)
            owner = held.owner
            say(
                f"{plural(held.sites, 'site')} of run {held.run_id} are free;"
                f" {owner.user}@{owner.host} (process {owner.pid}) held them,"
                f" last sign of life {held.heartbeat:%Y-%m-%d %H:%M:%S %Z}"
            )
        return 0

    return run_async(call)


async def _meant(journal: Journal, run: str) -> RunRow:
    """Return the run that is meant; the last one is the last that could change anything."""
    if run != "last":
        return await journal.run(run)
    for row in await journal.runs(_RECENT):
        if not row.read_only:
            return row
    raise InputError("no run on record has changed anything")


async def _carry_out(  # noqa: PLR0913 - all that bounds an apply
    fleet: Fleet,
    plan: Plan,
    go: Go,
    pace: Pace,
    out: Output,
    *,
    ask: bool = False,
    parent: str | None = None,
) -> int:
    plan.refuse_unless_usable(fleet.inventory, fleet.now())
    refuse_beyond_guard(plan.guard, len(plan.changing), go.allow_sites)
    if ask:
        agree(f"this changes {plural(len(plan.changing), 'site')}", yes=go.yes)
    applier = _applier(fleet, _limited(plan, pace), go, out)
    with watched(out) as (listeners, stop):
        report = await applier.apply(parent=parent, listeners=listeners, stop=stop)
    return _told(report, out)


def _applier(fleet: Fleet, plan: Plan, go: Go, out: Output) -> Applier:
    def say_so(text: str) -> None:
        if not out.quiet:
            tell(f"fleet: {text}")

    return Applier(fleet, plan, replan_stale=go.replan_stale, wait=not go.no_wait, tell=say_so)


def _limited(plan: Plan, pace: Pace) -> Plan:
    """Return the plan with the limits of the flags, where there are any."""
    failures, unreachable = pace.limits(len(plan.changing))
    limits = Limits(
        plan.limits.max_failures if failures is None else failures,
        plan.limits.max_unreachable if unreachable is None else unreachable,
    )
    return replace(plan, limits=limits)


def _told(report: RunReport, out: Output) -> int:
    unfinished = report.interrupted or report.halted or report.totals[Status.NOT_STARTED]
    advice = f"fleet resume {report.run_id}" if unfinished else f"fleet rollback {report.run_id}"
    fault = write_report(report, out, advice)
    return report.exit_code or fault
