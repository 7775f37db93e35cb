"""``fleet apply``, ``rollback``, ``resume`` and ``unlock``: changing sites by a plan."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fleet.engine.fleet import Fleet
from fleet.errors import InputError
from fleet.front.approving import Proof
from fleet.front.consent import agree, refuse_beyond_guard
from fleet.front.console import say, tell
from fleet.front.execute import check_outputs, conclude, run_async, watched, worst
from fleet.front.fleets import fleet_of
from fleet.front.options import Output, Pace, Selection
from fleet.front.plan import (
    PolicyFiles,
    load_policy,
    plan_exit_code,
    planned,
    show_plan,
    unfinished,
)
from fleet.journal.journal import Journal, open_journal
from fleet.journal.records import Owner, RunRow
from fleet.policy.apply import Applier, resume_run
from fleet.policy.plan import Limits, Plan, read_plan
from fleet.policy.rollback import plan_rollback
from fleet.report.layout import plural
from fleet.results import Halt, RunReport, Status

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


def apply(  # noqa: PLR0913 - its groups of flags
    file: Path | None = None,
    /,
    *,
    policy: PolicyFiles = (),
    go: Go | None = None,
    proof: Proof | None = None,
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
    pace, out, proof = pace or Pace(), out or Output(), proof or Proof()
    check_outputs(out)
    pace.settings()
    if (file is None) is (not policy):
        raise InputError("fleet apply takes a plan or -p POLICY (FLEET_POLICY), and not both")
    made = None
    if file is not None:
        _refuse_selection(selection, "a plan has its sites already: select them for fleet plan")
        made = read_plan(file)
    whole, selected = selection.load()
    document = load_policy(policy, whole) if policy else None
    if document is not None:
        proof.refuse_unplanned(wanted=document.rollout.approval)

    async def run() -> int:
        async with open_journal(out.store) as journal:
            if made is not None:
                if not made.changing:
                    tell("fleet: nothing is to be changed")
                    return 0
                fleet = fleet_of(whole, pace, out, journal)
                approved = await proof.shown(made, file, journal, fleet.now())
                return await _carry_out(fleet, made, go, pace, out, approved=approved)
            if document is None:
                raise InputError("fleet apply takes a plan or -p POLICY")
            sites = await selection.narrowed(selected, journal)
            fresh, looked, fleet = await planned(document, whole, sites, journal, pace, out)
            before = plan_exit_code(fresh, looked)
            if unfinished(looked):
                return before
            show_plan(fresh, out)
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
    check_outputs(out)
    whole, selected = selection.load()

    async def call() -> int:
        async with open_journal(out.store) as journal:
            fleet = fleet_of(whole, pace, out, journal)
            row = await _meant(journal, run, ("run", "apply"))
            sites = await selection.narrowed(pace.applied(selected), journal)
            with watched(out) as (listeners, stop):
                made, looked = await plan_rollback(
                    fleet, journal, row.run_id, sites, listeners=listeners, stop=stop
                )
            if not looked.interrupted:
                stop.heed()
            before = plan_exit_code(made, looked)
            if unfinished(looked):
                return before
            show_plan(made, out)
            if dry_run or not made.changing:
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
    check_outputs(out)
    _refuse_selection(selection, "a run has its sites already: all that are left are gone on with")
    whole, _ = selection.load()

    async def call() -> int:
        async with open_journal(out.store) as journal:
            row = await _meant(journal, run, ("apply", "rollback"))
            begun = await resume_run(journal, row.run_id, replan_stale=go.replan_stale)
            await _free_if_dead(journal, row.run_id)
            fleet = fleet_of(whole, pace, out, journal)
            applier = _applier(fleet, _limited(begun.plan, pace), go, out)
            with watched(out) as (listeners, stop):
                report = await applier.apply(
                    begun=begun, parent=begun.parent, listeners=listeners, stop=stop
                )
            return _told(report, out)

    return run_async(call)


def unlock(run: str, /, *, out: Output | None = None) -> int:
    """Free the sites of a run that died without letting go of them.

    A run that is gone for good lets go by itself after 75 s. One that is alive after all stops
    before its next change.

    Args:
        run: Its id, or the start of it.
    """

    async def call() -> int:
        async with open_journal((out or Output()).store) as journal:
            holders = [each.run_id for each in await journal.leases()]
            meant = [each for each in holders if each.startswith(run)]
            held = await journal.unlock(meant[0] if len(meant) == 1 else run)
            owner = held.owner
            say(
                f"{plural(held.sites, 'site')} of run {held.run_id} are free;"
                f" {owner.user}@{owner.host} (process {owner.pid}) held them,"
                f" last sign of life {held.heartbeat:%Y-%m-%d %H:%M:%S %Z}"
            )
        return 0

    return run_async(call)


async def _meant(journal: Journal, run: str, kinds: tuple[str, ...]) -> RunRow:
    """Return the run that is meant; the last one is the last of `kinds` that could change sites."""
    if run != "last":
        return await journal.run(run)
    for row in await journal.runs(_RECENT):
        if not row.read_only and row.kind in kinds:
            return row
    raise InputError(f"no run on record is an {' or '.join(kinds)} that could change sites")


async def _free_if_dead(journal: Journal, run_id: str) -> None:
    """Take its sites from a run whose process on this machine is gone; it cannot give them back.

    Were it alive after all, it would find its lease gone and send nothing more.
    """
    here = Owner.here()
    for held in await journal.leases():
        if held.run_id == run_id and held.owner.host == here.host and not _lives(held.owner.pid):
            await journal.unlock(run_id)
            tell(f"fleet: the process {held.owner.pid} of {run_id} is gone; going on from there")


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _refuse_selection(selection: Selection, reason: str) -> None:
    if selection.named or selection.exclude:
        raise InputError(reason)


async def _carry_out(  # noqa: PLR0913 - all that bounds an apply
    fleet: Fleet,
    plan: Plan,
    go: Go,
    pace: Pace,
    out: Output,
    *,
    ask: bool = False,
    parent: str | None = None,
    approved: str = "",
) -> int:
    plan.refuse_unless_usable(fleet.inventory, fleet.now())
    refuse_beyond_guard(plan.guard, len(plan.changing), go.allow_sites)
    if ask:
        agree(f"this changes {plural(len(plan.changing), 'site')}", yes=go.yes)
    applier = _applier(fleet, _limited(plan, pace), go, out, approved)
    with watched(out) as (listeners, stop):
        report = await applier.apply(parent=parent, listeners=listeners, stop=stop)
    return _told(report, out)


def _applier(fleet: Fleet, plan: Plan, go: Go, out: Output, approved: str = "") -> Applier:
    def say_so(text: str) -> None:
        if not out.quiet:
            tell(f"fleet: {text}")

    return Applier(
        fleet,
        plan,
        replan_stale=go.replan_stale,
        wait=not go.no_wait,
        approved=approved,
        tell=say_so,
    )


def _limited(plan: Plan, pace: Pace) -> Plan:
    """Return the plan with the limits of the flags, for the run and for each wave of it."""

    def limited(limits: Limits, sites: int) -> Limits:
        failures, unreachable = pace.limits(sites)
        return Limits(
            limits.max_failures if failures is None else failures,
            limits.max_unreachable if unreachable is None else unreachable,
        )

    waves = tuple(
        replace(wave, limits=limited(wave.limits, len(wave.sites)))
        if wave.limits != Limits()
        else wave
        for wave in plan.waves
    )
    return replace(plan, limits=limited(plan.limits, len(plan.changing)), waves=waves)


def _told(report: RunReport, out: Output) -> int:
    return conclude(report, out, _advice(report), report.exit_code)


def _advice(report: RunReport) -> str | None:
    """Return the command that helps now, or None where there is nothing left to do."""
    if report.halted and report.halted.by is Halt.BUDGET:
        return f"fleet resume {report.run_id} --max-failures N, once you know why they failed"
    if report.interrupted or report.halted or report.totals[Status.NOT_STARTED]:
        return f"fleet resume {report.run_id}"
    return None if report.operation == "rollback" else f"fleet rollback {report.run_id}"
