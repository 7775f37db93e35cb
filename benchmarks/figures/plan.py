"""Sites per second of a policy plan that was made before, beside the limit for full answers."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.lab import Lab
from benchmarks.recording import recorded
from benchmarks.script import script_of
from benchmarks.sites import Work, urls
from benchmarks.table import Row, row, spread

__all__ = ["warm_plan"]


def warm_plan(lab: Lab) -> Sequence[Row]:
    """Return the rate of a plan of sites that an earlier run has met, and the ratio."""
    full = recorded(Work.FULL)
    script = script_of(full)
    plans, limits = [], []
    with lab.stub([*full, *recorded(Work.PLAN, times=2)]) as stub, lab.fresh() as folder:
        sites = urls(lab.size(8000, 40), stub.port)
        lab.ours(sites, folder, Work.PLAN)
        for _ in range(lab.size(3, 1)):
            plans.append(lab.ours(sites, folder, Work.PLAN))
            limits.append(lab.theirs("bare", sites, script))
    ours, theirs = ([each.rate for each in found] for found in (plans, limits))
    cost = statistics.median(each.cost for each in plans)
    asked = plans[0].requests / plans[0].sites
    told = f"{spread(ours)} sites/s, {cost:.1f} ms CPU/site, {asked:.1f} requests/site"
    ratio = statistics.median(ours) / statistics.median(theirs)
    return (
        Row("plan, seen before: fleet", told),
        row("plan, seen before: fleet / bare loop's full answers", ratio, "x", least=3),
    )
