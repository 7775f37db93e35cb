"""``fleet audit``: how sites stand to their policies; it only reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fleet.front.execute import check_outputs, conclude, run_async, watched
from fleet.front.fleets import fleet_of
from fleet.front.options import Output, Pace, Selection
from fleet.front.plan import PolicyFiles, load_policy
from fleet.journal.journal import open_journal
from fleet.policy.examine import audit as audit_sites
from fleet.policy.examine import worst_drift
from fleet.policy.rules import Severity
from fleet.results import RunReport

__all__ = ["audit"]

DRIFT = 2


def audit(
    *,
    policy: PolicyFiles = (Path("policy.yaml"),),
    fail_on: Annotated[Severity, Parameter(name="--fail-on")] = Severity.LOW,
    selection: Selection | None = None,
    pace: Pace | None = None,
    out: Output | None = None,
) -> int:
    """Tell how sites stand to their policies; exits with 2 where one differs.

    Args:
        policy: Policy file; may be repeated.
        fail_on: Exit with 2 only where a difference is at least so grave.
    """
    selection, pace, out = selection or Selection(), pace or Pace(), out or Output()
    check_outputs(out)
    pace.settings()
    whole, selected = selection.load()
    document = load_policy(policy, whole)

    async def run() -> RunReport:
        async with open_journal(out.store) as journal:
            fleet = fleet_of(whole, pace, out, journal)
            sites = await selection.narrowed(pace.applied(selected), journal)
            with watched(out) as (listeners, stop):
                return await audit_sites(fleet, document, sites, listeners=listeners, stop=stop)

    report = run_async(run)
    drifted = report.exit_code == DRIFT
    files = " ".join(f"-p {path}" for path in document.files)
    gravest = worst_drift(report, document, selected, report.started.date())
    tolerated = drifted and (gravest is None or gravest.rank < fail_on.rank)
    code = 0 if tolerated else report.exit_code
    return conclude(report, out, f"fleet plan {files}" if drifted else None, code)
