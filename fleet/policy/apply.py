"""Carrying out a plan: wave after wave, inside its failure budget, when each site may be touched.

What a run has done is in the journal, so that it can go on after whatever ended it: sites that
are done get no request, sites where a change was under way are read first, and a pause between
waves is as long as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fleet.engine.budget import Budget
from fleet.engine.fleet import Fleet
from fleet.engine.run import Listener, Order, Run
from fleet.engine.stop import Stop
from fleet.errors import InputError
from fleet.inventory.model import Site
from fleet.inventory.windows import opens
from fleet.operations.base import Task
from fleet.operations.conform import Conform
from fleet.policy.plan import Limits, Plan, Wave, load_plan, plan_document
from fleet.results import RunReport, RunStarted, SiteFinished, SiteResult, Status
from fleet.site.health import HealthCheck

if TYPE_CHECKING:
    from fleet.journal.journal import Journal

__all__ = ["Applier", "Begun", "resume_run"]

Tell = Callable[[str], None]
_UNFINISHED = (Status.NOT_STARTED, Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Begun:
    """What an interrupted run has done.

    Args:
        start: How it started.
        done: Results of the sites that are done.
        sent: First value by key of changes that were sent, by site, where a site is not done.
    """

    start: RunStarted
    done: Mapping[str, SiteResult] = field(default_factory=dict)
    sent: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


class Applier:
    """Carries out one plan.

    Args:
        fleet: The sites, with a journal.
        plan: What to change.
        replan_stale: Change sites that have moved since the plan, too.
        wait: Wait for sites whose change window is closed; else they stay not started.
        tell: Says something to whoever waits.
    """

    def __init__(
        self,
        fleet: Fleet,
        plan: Plan,
        *,
        replan_stale: bool = False,
        wait: bool = True,
        tell: Tell = lambda _: None,
    ) -> None:
        self._fleet = fleet
        self._plan = plan
        self._replan_stale = replan_stale
        self._wait = wait
        self._tell = tell

    async def apply(
        self,
        *,
        begun: Begun | None = None,
        parent: str | None = None,
        listeners: Iterable[Listener] = (),
        stop: Stop | None = None,
    ) -> RunReport:
        """Carry out the plan and return the report.

        Args:
            begun: The interrupted run to go on with; None for a new one.
            parent: The run that is rolled back, if one is.
            listeners: Called with each event as it happens.
            stop: Ends the run early; it can be gone on with.

        Raises:
            Refused: The plan has expired, was used already, or is for other sites.
            InputErrors: A secret cannot be resolved; nothing was contacted.
            LockHeld: Another run holds some of the sites.
            JournalError: The run cannot be recorded; nothing was contacted.
        """
        plan, now = self._plan, self._fleet.now()
        sites = plan.refuse_unless_usable(self._fleet.inventory, None if begun else now)
        order = Order(
            name="rollback" if parent else "apply",
            parameters={"plan": plan.id, "from": plan.origin},
            sites=sites,
            kind="rollback" if parent else "apply",
            parent=parent,
            document=plan_document(plan),
            checks=tuple(
                HealthCheck(each.path, each.status, each.contains, each.within)
                for each in plan.checks
            ),
            resumes=begun.start if begun else None,
            done=begun.done if begun else {},
            claim=None if begun else self._claim,
        )
        async with self._fleet.open(order, listeners=listeners, stop=stop) as run:
            await self._roll_out(run, begun)
        return run.report

    async def _claim(self, run_id: str) -> None:
        if self._fleet.journal is not None:
            await self._fleet.journal.use_plan(self._plan.id, run_id)

    async def _roll_out(self, run: Run, begun: Begun | None) -> None:
        by_name = {site.name: site for site in run.order.sites}
        whole = _budget("the run", self._plan.limits)
        _count_done(run, whole, by_name)
        notes = await run.keeper.notes() if run.keeper else {}
        for number, wave in enumerate(self._plan.waves, 1):
            ended = _moment(notes.get(f"wave.{number}"))
            if ended is None or not _is_over(run, wave):
                await self._carry_out(run, number, wave, whole, begun)
                if run.stop.draining.is_set() or not _is_over(run, wave):
                    return
                ended = self._fleet.now()
                if run.keeper:
                    await run.keeper.note(f"wave.{number}", ended.isoformat())
            if not await self._pause(run, number, wave, ended):
                return

    async def _carry_out(
        self, run: Run, number: int, wave: Wave, whole: Budget, begun: Begun | None
    ) -> None:
        """Visit the sites of a wave, each when its window is open."""
        sites = {site.name: site for site in run.order.sites if site.name in wave.sites}
        budget = _budget(f"wave {number}", wave.limits)
        _count_done(run, budget, wave.sites)
        waiting = [site for name, site in sites.items() if run.status_of(name) is None]
        if len(self._plan.waves) > 1 and waiting:
            self._tell(f"wave {number} of {len(self._plan.waves)}: {_sites(len(waiting))}")

        def task_of(site: Site) -> Task:
            return self._task(site, begun)

        while waiting and not run.stop.draining.is_set():
            now = self._fleet.now()
            due = [(opens(site.window, site.freezes, now), site) for site in waiting]
            ready = [site for moment, site in due if moment is not None and moment <= now]
            waiting = [site for site in waiting if site not in ready]
            await run.visit(ready, task_of, (whole, budget))
            if waiting and not await self._until_open(run, waiting):
                return

    async def _until_open(self, run: Run, waiting: Sequence[Site]) -> bool:
        """Wait until one of the sites may be changed; return False where that is not to be."""
        now = self._fleet.now()
        moments = [opens(site.window, site.freezes, now) for site in waiting]
        first = min((moment for moment in moments if moment is not None), default=None)
        if first is None or not self._wait:
            self._tell(f"{_sites(len(waiting))} may not be changed now, and stay as they are")
            return False
        if first > now:
            self._tell(
                f"{_sites(len(waiting))} may not be changed before {first:%Y-%m-%d %H:%M %Z};"
                " waiting (Ctrl-C is safe: fleet resume goes on)"
            )
        return await run.stop.sleep((first - now).total_seconds())

    async def _pause(self, run: Run, number: int, wave: Wave, ended: datetime) -> bool:
        """Wait as long as the plan wants after a wave; return False where the run is to end."""
        if number == len(self._plan.waves):
            return True
        left = (ended + timedelta(seconds=wave.pause) - self._fleet.now()).total_seconds()
        if left > 0:
            self._tell(f"wave {number} is done; the next one begins in {left:.0f} s")
        return await run.stop.sleep(left)

    def _task(self, site: Site, begun: Begun | None) -> Conform:
        changes = self._plan.site(site.name).changes
        expected = {change.key: change.before for change in changes if change.known}
        return Conform(
            {change.key: change.after for change in changes},
            {} if self._replan_stale else expected,
            begun.sent.get(site.name, {}) if begun else {},
        )


async def resume_run(journal: Journal, run_id: str) -> tuple[Plan, Begun, str | None]:
    """Return the plan of an interrupted run, what it has done, and the run it rolls back.

    Raises:
        InputError: There is no such run, or it is none that follows a plan.
    """
    row = await journal.run(run_id)
    if row.kind not in ("apply", "rollback") or row.document is None:
        raise InputError(
            f"{row.run_id} follows no plan: run its command again, on the sites that are left"
            f" with --from-run {row.run_id} --status not_started,unknown"
        )
    events = [event async for event in journal.events(row.run_id)]
    start = next(event for event in events if isinstance(event, RunStarted))
    results = [event.result for event in events if isinstance(event, SiteFinished)]
    stored = await journal.intents(row.run_id)
    open_sites = {each.site for each in stored if not each.settled}
    done = {
        result.site: result
        for result in results
        if result.status not in _UNFINISHED
        and result.kind != "run.halted"
        and result.site not in open_sites
    }
    sent: dict[str, dict[str, object]] = {}
    for each in stored:
        if each.site not in done:
            sent.setdefault(each.site, {})[each.intent.key] = each.intent.before
    return load_plan(row.document), Begun(start, done, sent), row.parent


def _budget(scope: str, limits: Limits) -> Budget:
    return Budget(scope, limits.max_failures, limits.max_unreachable)


def _count_done(run: Run, budget: Budget, names: Iterable[str]) -> None:
    """Count the sites that ended before the run was interrupted."""
    for name in names:
        if status := run.status_of(name):
            budget.count(status)


def _is_over(run: Run, wave: Wave) -> bool:
    return all(run.status_of(name) is not None for name in wave.sites)


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _sites(count: int) -> str:
    return "1 site" if count == 1 else f"{count} sites"
