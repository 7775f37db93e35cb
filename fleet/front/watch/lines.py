"""What the watch says: one calm line for each thing that happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from fleet.front.watch.cron import next_due
from fleet.front.watch.executing import Ran
from fleet.front.watch.messages import Item
from fleet.front.watch.nouns import Schedule
from fleet.report.inert import inert
from fleet.report.layout import duration, plural

__all__ = ["at", "miss_line", "next_line", "run_line"]


def at(moment: datetime, tz: str) -> str:
    """Return a moment as the clock on the wall shows it, such as ``Thu 2026-11-26 02:30 CET``."""
    return f"{moment.astimezone(ZoneInfo(tz)):%a %Y-%m-%d %H:%M %Z}"


def next_line(schedule: Schedule, due: datetime) -> str:
    """Return when a schedule comes next."""
    return f"{schedule.name}: {schedule.run}, next {at(due, schedule.tz)}"


def run_line(
    schedule: Schedule, ran: Ran, told: Mapping[str, Sequence[Item]], now: datetime
) -> str:
    """Return how a run ended, what was told, and when the next one is."""
    report = ran.report
    counts = [
        f"{count:,} {status.value.replace('_', ' ')}"
        for status, count in report.totals.items()
        if count
    ]
    took = duration(report.usage.seconds)
    halted = f", halted: {inert(report.halted.reason, 120)}" if report.halted else ""
    due = next_due(schedule.cron, schedule.tz, now)
    return (
        f"{at(report.started, schedule.tz)}  {schedule.name}:"
        f" {', '.join(counts) or 'no site'} in {took}{halted} (run {report.run_id});"
        f" {_alerts(told)}; next {at(due, schedule.tz)}"
    )


def miss_line(schedule: Schedule, dues: Sequence[datetime], now: datetime) -> str:
    """Return that runs did not take place."""
    last = at(dues[-1], schedule.tz)
    many = f"{plural(len(dues), 'run')} missed, the last one due {last}"
    return f"{at(now, schedule.tz)}  {schedule.name}: {many}"


def _alerts(told: Mapping[str, Sequence[Item]]) -> str:
    items = {(item.what, item.condition.id): item for each in told.values() for item in each}
    if not items:
        return "nothing to tell"
    words = {"new": "new", "still": "still there", "over": "over"}
    counts = [
        f"{count} {word}"
        for what, word in words.items()
        if (count := sum(found == what for found, _ in items))
    ]
    return f"{', '.join(counts)}, told to {', '.join(told)}"
