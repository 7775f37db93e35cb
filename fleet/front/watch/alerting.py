"""From what a run saw to messages that wait for their channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from fleet.front.watch.alerts import Happening, decide, known_from, known_into
from fleet.front.watch.conditions import Seen, missed
from fleet.front.watch.messages import Item
from fleet.front.watch.nouns import Plan, Route, Schedule
from fleet.front.watch.outbox import Outbox
from fleet.inventory.model import Inventory
from fleet.journal.marks import Mark, Marks

__all__ = ["ALERTS", "Alerting"]

_FORGOTTEN = (
    "what the alert {} has told is damaged in the journal: it begins anew, and tells again what"
    " is wrong now"
)

ALERTS = "watch.alerts"
_SITES, _RUNS = "sites", "runs"
"""What a route remembers of sites and of missed runs is kept apart: each has its own occasion."""


class Alerting:
    """Decides what is told, and puts it on record.

    Args:
        plan: Routes and channels.
        marks: Where it is kept what was told.
        outbox: Where messages wait.
        say: Tells people what cannot be read.
    """

    def __init__(
        self, plan: Plan, marks: Marks, outbox: Outbox, say: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._marks = marks
        self._outbox = outbox
        self._say = say

    async def after_run(
        self,
        schedule: Schedule,
        seen: Seen,
        inventory: Inventory,
        run_id: str,
        now: datetime,
        beside: Mapping[Mark, object],
    ) -> dict[str, list[Item]]:
        """Tell what a run saw, and that it took place; return what was told by channel."""
        return await self._tell(
            schedule, {_SITES: (seen, inventory), _RUNS: (Seen({}, {}), None)}, run_id, now, beside
        )

    async def after_miss(
        self, schedule: Schedule, text: str, now: datetime, beside: Mapping[Mark, object]
    ) -> dict[str, list[Item]]:
        """Tell that a run did not take place; return what was told by channel."""
        condition = missed(schedule.name, text)
        seen = Seen({condition.id: condition}, {})
        return await self._tell(schedule, {_RUNS: (seen, None)}, "", now, beside)

    async def _tell(
        self,
        schedule: Schedule,
        parts: Mapping[str, tuple[Seen, Inventory | None]],
        run_id: str,
        now: datetime,
        beside: Mapping[Mark, object],
    ) -> dict[str, list[Item]]:
        remembered, damaged = await self._marks.read_each(ALERTS, lambda _, each: known_from(each))
        changes: dict[Mark, object] = dict(beside)
        told: dict[str, list[Item]] = {}
        for route in self._plan.routes:
            if route.schedules and schedule.name not in route.schedules:
                continue
            for part, (seen, inventory) in parts.items():
                name = f"{route.name}|{schedule.name}|{part}"
                if name in damaged:
                    self._say(f"{schedule.name}: {_FORGOTTEN.format(route.name)}")
                state = remembered.get(name, {})
                kept, happenings = decide(route, state, seen, inventory, now)
                if kept != state or name in damaged:
                    changes[ALERTS, name] = known_into(kept) or None
                self._spread(route, happenings, schedule, run_id, told)
        await self._outbox.put(told, now, changes)
        return told

    def _spread(
        self,
        route: Route,
        happenings: list[Happening],
        schedule: Schedule,
        run_id: str,
        told: dict[str, list[Item]],
    ) -> None:
        items = [Item.of(each, schedule.name, run_id) for each in happenings]
        if items:
            for channel in route.channels:
                told.setdefault(channel, []).extend(items)
