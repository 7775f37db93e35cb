"""One run of a schedule, from files to report; it only reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fleet.config import Limits, Settings
from fleet.engine.fleet import Fleet
from fleet.engine.sessions import SessionCache
from fleet.engine.stop import Stop
from fleet.front.watch.conditions import Seen, grade_by, seen_in
from fleet.front.watch.nouns import Schedule
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretResolver
from fleet.journal.journal import Journal
from fleet.policy.document import PolicyDocument
from fleet.policy.examine import audit
from fleet.policy.planning import make_plan
from fleet.results import RunReport

__all__ = ["Executor", "Ran"]


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that ended.

    Args:
        report: Its report.
        seen: What it saw, as alerts count it.
        inventory: The sites it was about, with their labels.
    """

    report: RunReport
    seen: Seen
    inventory: Inventory


class Executor:
    """Makes the runs of schedules.

    Files are read anew for each run, so that what was edited since counts.

    Args:
        resolver: Turns secret references into secrets.
        now: The time, with time zone.
        settings: Limits and retries of a run; the schedule's own concurrency counts.
        sessions: Where sessions are kept between runs; None logs in to each site anew.
    """

    def __init__(
        self,
        resolver: SecretResolver,
        now: Callable[[], datetime],
        settings: Settings,
        sessions: SessionCache | None = None,
    ) -> None:
        self._resolver = resolver
        self._sessions = sessions
        self._now = now
        self._settings = settings

    async def run(self, schedule: Schedule, journal: Journal, stop: Stop) -> Ran:
        """Run a schedule once.

        Raises:
            InputErrors: Mistakes in its files, or a secret that cannot be resolved.
            InputError: No site is selected.
            JournalError: The run cannot be recorded.
        """
        whole = Inventory.load(schedule.inventory)
        selected = whole.select(schedule.select or None, (), ())
        document = None
        if schedule.task is None:
            document = PolicyDocument.load(schedule.policy)
            document.check(whole)
        fleet = Fleet(
            whole,
            self._settings_of(schedule),
            resolver=self._resolver,
            journal=journal,
            now=self._now,
            sessions=self._sessions,
        )
        report = await self._report(fleet, schedule, document, selected, stop)
        return Ran(report, seen_in(report, grade_by(document, selected, report)), selected)

    async def _report(
        self,
        fleet: Fleet,
        schedule: Schedule,
        document: PolicyDocument | None,
        selected: Inventory,
        stop: Stop,
    ) -> RunReport:
        if document is None:
            if schedule.task is None:
                raise RuntimeError("a schedule has an operation or a policy")
            return await fleet.run(schedule.task, selected, stop=stop)
        if schedule.run == "plan":
            return (await make_plan(fleet, document, selected, stop=stop))[1]
        return await audit(fleet, document, selected, stop=stop)

    def _settings_of(self, schedule: Schedule) -> Settings:
        usual = self._settings
        limits = Limits(schedule.concurrency, usual.limits.per_host)
        return Settings(limits, usual.retries, usual.http, usual.watching)
