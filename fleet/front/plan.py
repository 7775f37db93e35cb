"""``fleet plan``: what apply would change; it only reads."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fleet.engine.fleet import Fleet
from fleet.errors import InputError
from fleet.front.ci.job import complain, job_of
from fleet.front.ci.news import PlanNews
from fleet.front.console import columns_of, put, tell
from fleet.front.execute import run_async, watched, worst
from fleet.front.fleets import fleet_of
from fleet.front.options import Output, Pace, Selection
from fleet.front.plan_view import plan_headline, plan_markdown, plan_text
from fleet.inventory.model import Inventory
from fleet.journal.journal import Journal, open_journal
from fleet.policy.document import PolicyDocument
from fleet.policy.plan import Plan, render_plan
from fleet.policy.planning import make_plan
from fleet.report.writer import write_file
from fleet.results import RunReport

__all__ = [
    "PlanTarget",
    "load_policy",
    "plan",
    "plan_exit_code",
    "show_plan",
    "unfinished",
    "write_plan",
]

_FORMATS = ("text", "json", "md")
DRIFT = 2
BUG = 1

_SAVED = "the same command with -o plan.json, then fleet apply plan.json"

PolicyFiles = Annotated[tuple[Path, ...], Parameter(name=["--policy", "-p"], negative="")]


@dataclass(frozen=True, slots=True)
class PlanTarget:
    """One place a plan goes to.

    Args:
        format: ``text``, ``json`` (the plan file) or ``md``.
        path: The file, or None for standard output.
    """

    format: str
    path: Path | None = None


def plan(
    *,
    policy: PolicyFiles = (Path("policy.yaml"),),
    detailed_exitcode: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    selection: Selection | None = None,
    pace: Pace | None = None,
    out: Output | None = None,
) -> int:
    """Tell what apply would change, per site and key; nothing is changed.

    With -o plan.json the plan is kept in a file that fleet apply takes. Other formats are text
    and md.

    Args:
        policy: Policy file; may be repeated.
        detailed_exitcode: Exit with 2 where something would change.
    """
    selection, pace, out = selection or Selection(), pace or Pace(), out or Output()
    targets = plan_targets(out.output)
    _ = out.mark
    pace.settings()
    whole, selected = selection.load()
    document = load_policy(policy, whole)

    async def run() -> tuple[Plan, RunReport]:
        async with open_journal(out.store) as journal:
            fleet = fleet_of(whole, pace, out, journal)
            sites = await selection.narrowed(pace.applied(selected), journal)
            with watched(out) as (listeners, stop):
                return await make_plan(fleet, document, sites, listeners=listeners, stop=stop)

    made, report = run_async(run)
    if unfinished(report):
        return plan_exit_code(made, report)
    files = [target.path for target in targets if target.format == "json" and target.path]
    allowed = f" --allow-sites {len(made.changing)}" if made.guard else ""
    apply = f"fleet apply {files[0]}{allowed}" if files else _SAVED
    advice = apply if made.changing else None
    code = plan_exit_code(made, report, detailed=detailed_exitcode)
    code = worst((code, write_plan(made, targets, out, advice)))
    text = plan_markdown(made, next_command=advice)
    return worst((code, complain(job_of(out.ci).tell(PlanNews(made, report, text, code)))))


def load_policy(paths: Sequence[Path], inventory: Inventory) -> PolicyDocument:
    """Return the policies in `paths`, checked against the whole inventory.

    Raises:
        InputErrors: Every mistake; nothing was contacted.
    """
    document = PolicyDocument.load(paths)
    document.check(inventory)
    for warning in document.warnings(inventory):
        tell(f"fleet: {warning}")
    return document


def plan_targets(values: Sequence[str]) -> tuple[PlanTarget, ...]:
    """Return what the values of ``-o`` ask for: FORMAT, FORMAT=FILE, or a FILE.json.

    Raises:
        InputError: An unknown format, or two for standard output.
    """
    targets = []
    for value in values:
        name, equals, file = value.partition("=")
        if not equals and value.endswith(".json"):
            name, file = "json", value
        if name not in _FORMATS or (equals and not file):
            raise InputError(f"-o {value}: write text, md, json, FORMAT=FILE or plan.json")
        targets.append(PlanTarget(name, Path(file) if file and file != "-" else None))
    if sum(target.path is None for target in targets) > 1:
        raise InputError("-o: only one format can go to standard output")
    if all(target.path for target in targets):
        targets.append(PlanTarget("text"))
    return tuple(targets)


def write_plan(
    made: Plan, targets: Sequence[PlanTarget], out: Output, next_command: str | None
) -> int:
    """Write a plan wherever it was asked for; return 1 where it could not be written."""
    code = 0
    # Files come first: whoever reads standard output may be slow, or gone.
    for target in sorted(targets, key=lambda each: each.path is None):
        width = None if target.path else columns_of(sys.stdout)
        text = _rendered(made, target.format, out, next_command, width)
        if target.path is None:
            if not (out.quiet and out.output != ("text",) and target.format == "text"):
                put(text)
            continue
        try:
            write_file(target.path, text)
        except OSError as error:
            tell(f"fleet: {target.path} could not be written: {error.strerror}")
            code = BUG
    return code


def show_plan(made: Plan, out: Output) -> None:
    """Tell people what a plan would change, before they are asked."""
    if out.quiet:
        tell(f"fleet: {plan_headline(made)}")
        return
    tell(plan_text(made, verbose=out.verbose, width=columns_of(sys.stderr)))


def unfinished(report: RunReport) -> bool:
    """Return whether the sites were not all looked at, so that there is no plan; say so."""
    if report.interrupted is None and report.halted is None:
        return False
    why = f"interrupted by {report.interrupted}" if report.interrupted else "stopped early"
    tell(f"fleet: {why} before every site was looked at: no plan was made, nothing was changed")
    if report.halted:
        tell(f"fleet: {report.halted.reason}")
    return True


def plan_exit_code(made: Plan, report: RunReport, *, detailed: bool = False) -> int:
    """Return 3 where sites could not be read, 2 where `detailed` and something would change.

    A key that cannot be changed counts as well: the site is not as wanted.
    """
    if report.exit_code in (1, 4, 6, 74, 130, 143):
        return report.exit_code
    if made.unread or any(site.blocked for site in made.sites):
        return 3
    return DRIFT if detailed and made.changing else 0


def _rendered(
    made: Plan, name: str, out: Output, next_command: str | None, width: int | None
) -> str:
    if name == "json":
        return render_plan(made)
    if name == "md":
        return out.mark + plan_markdown(made, next_command=next_command)
    return plan_text(made, verbose=out.verbose, width=width, next_command=next_command)


async def planned(
    document: PolicyDocument,
    whole: Inventory,
    selected: Inventory,
    journal: Journal,
    pace: Pace,
    out: Output,
) -> tuple[Plan, RunReport, Fleet]:
    """Return a plan made now, the run that looked, and the fleet it is for."""
    fleet = fleet_of(whole, pace, out, journal)
    with watched(out) as (listeners, stop):
        made, report = await make_plan(
            fleet, document, pace.applied(selected), listeners=listeners, stop=stop
        )
    if not report.interrupted:
        stop.heed()
    return made, report, fleet
