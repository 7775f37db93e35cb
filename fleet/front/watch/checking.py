"""Whether schedules ran in time, told from the journal by another process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from fleet.front.watch.cron import next_due, passed
from fleet.front.watch.kept import record
from fleet.front.watch.lines import at
from fleet.front.watch.nouns import Plan, Schedule
from fleet.front.watch.watcher import SCHEDULES, last_due
from fleet.journal.journal import Journal
from fleet.report.layout import plural

__all__ = ["check"]


async def check(plan: Plan, journal: Journal, now: datetime) -> tuple[list[str], bool]:
    """Return a line for each schedule, and whether all ran in time.

    A run is missed once it is later than the schedule's jitter and grace. One that was told as
    missed stays so until the schedule runs again.
    """
    marks, damaged = await journal.marks.read_each(
        SCHEDULES, lambda _, each: (last_due(each, now), record(each))
    )
    lines = [
        (f"{each.name}: when it ran last is damaged in the journal", False)
        if each.name in damaged
        else _state(each, marks.get(each.name), now)
        for each in plan.schedules.values()
    ]
    return [line for line, _ in lines], all(good for _, good in lines)


def _state(
    schedule: Schedule, mark: tuple[datetime, Mapping[str, object]] | None, now: datetime
) -> tuple[str, bool]:
    after = f"next {at(next_due(schedule.cron, schedule.tz, now), schedule.tz)}"
    if mark is None:
        return f"{schedule.name}: has never run here; {after}", False
    seen_to, told = mark
    late = now - timedelta(seconds=schedule.grace + schedule.jitter)
    lost = list(passed(schedule.cron, schedule.tz, seen_to, late))
    if lost:
        last = at(lost[-1], schedule.tz)
        missed = plural(len(lost), "run")
        return f"{schedule.name}: {missed} missed, the last one due {last}; {after}", False
    if "missed" in told:
        return f"{schedule.name}: the run due {at(seen_to, schedule.tz)} was missed; {after}", False
    if "run" not in told:
        return f"{schedule.name}: not due yet; {after}", True
    return f"{schedule.name}: ran {at(seen_to, schedule.tz)}, run {told['run']}; {after}", True
