"""Carrying out a plan: wave after wave, inside its failure budget, when each site may be touched.

What a run has done is in the journal, so that it can go on after whatever ended it: sites that
are done get no request, sites where a change was under way are read first, and a pause between
waves is as long as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fleet.engine.budget import Budget
from fleet.engine.fleet import Fleet
from fleet.engine.run import Listener, Order, Run
from fleet.engine.stop import Stop
from fleet.errors import InputError, Refused
from fleet.inventory.model import Site
from fleet.operations.base import Task
from fleet.operations.conform import Conform
from fleet.policy.plan import Limits, Plan, Wave, load_plan, plan_document
from fleet.results import (
    Halt,
    Halted,
    RunReport,
    RunStarted,
    SiteResult,
    Status,
)
from fleet.site.health import HealthCheck

if TYPE_CHECKING:
    from fleet.journal.journal import Journal

__all__ = ["Applier", "Begun", "resume_run"]

Tell = Callable[[str], None]
_UNFINISHED = (Status.NOT_STARTED, Status.UNKNOWN)
_RECENT = 1000


class Begun:
    """An interrupted run that is gone on with.

    Args:
        journal: Where it is on record.
        start: How it started.
        plan: What it follows.
        parent: The run that it rolls back, if it is a rollback.
        replan_stale: Go on with sites, too, that were left alone because they had moved.
    """

    def __init__(
        self,
        journal: Journal,
        start: RunStarted,
        plan: Plan,
        parent: str | None,
        *,
        replan_stale: bool = False,
    ) -> None:
        self.start = start
        self.plan = plan
        self.parent = parent
        self._journal = journal
        self._replan_stale = replan_stale
        self._sent: dict[str, dict[str, object]] = {}

    def sent(self, site: str) -> Mapping[str, object]:
        """Return the first value by key of what was sent to a site that is not done."""
        return self._sent.get(site, {})

    async def recall(self) -> AsyncIterator[SiteResult]:
        """Yield the results of the sites that are done."""
        run_id = self.start.run_id
        stored = await self._journal.intents(run_id)
        unsettled = {each.site for each in stored if not each.settled}
        done: set[str] = set()
        async for outcome in self._journal.outcomes(run_id):
            result = outcome.result
            if result.site not in unsettled and self._is_done(result):
                done.add(result.site)
                yield result
        for each in stored:
            if each.site not in done:
                self._sent.setdefault(each.site, {})[each.intent.key] = each.intent.before

    def _is_done(self, result: SiteResult) -> bool:
        kinds = {result.kind, *(key.kind for key in result.keys)}
        if result.status in _UNFINISHED or "run.halted" in kinds:
            return False
        return not (self._replan_stale and result.kind == "plan.stale")


class Applier:
    """Carries out one plan.

    Args:
        fleet: The sites, with a journal.
        plan: What to change.
        replan_stale: Change sites that have moved since the plan, too.
        wait: Wait for sites whose change window is closed; else they stay not started.
        approved: Who approved of it, for the record; empty where nobody had to.
        tell: Says something to whoever waits.
    """

    def __init__(
        self,
        fleet: Fleet,
        plan: Plan,
        *,
        replan_stale: bool = False,
        wait: bool = True,
        approved: str = "",
        tell: Tell = lambda _: None,
    ) -> None:
        self._fleet = fleet
        self._plan = plan
        self._replan_stale = replan_stale
        self._wait = wait
        self._approved = {"approved": approved} if approved else {}
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
            parameters={"plan": plan.id, "from": plan.origin, **self._approved},
            sites=sites,
            plan=plan.id,
            kind="rollback" if parent else "apply",
            parent=parent,
            document=plan_document(plan),
            checks=tuple(
                HealthCheck(each.path, each.status, each.contains, each.within)
                for each in plan.checks
            ),
            resumes=begun.start if begun else None,
            recall=begun.recall if begun else None,
        )
        async with self._fleet.begin(order, listeners=listeners, stop=stop) as run:
            await self._roll_out(run, begun)
        return run.report

    async def _roll_out(self, run: Run, begun: Begun | None) -> None:
        whole = _budget("the run", self._plan.limits)
        _count_done(run, whole, [site.name for site in run.order.sites])
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
            due = [(site.opens(now), site) for site in waiting]
            for moment, site in due:
                if moment is None:
                    await run.leave_out(site, "its change window does not open within a year")
            ready = [site for moment, site in due if moment is not None and moment <= now]
            later = [(moment, site) for moment, site in due if moment and moment > now]
            await run.visit(ready, task_of, (whole, budget))
            waiting = [site for _, site in later]
            if later and not await self._until(run, min(moment for moment, _ in later), waiting):
                return

    async def _until(self, run: Run, first: datetime, waiting: Sequence[Site]) -> bool:
        """Wait until the first of the sites may be changed; return False where nobody waits."""
        now = self._fleet.now()
        if not self._wait:
            self._tell(
                f"{_sites(len(waiting))} may not be changed before {first:%Y-%m-%d %H:%M %Z};"
                " they and the waves after this one are not started"
            )
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
            begun.sent(site.name) if begun else {},
        )


async def resume_run(journal: Journal, run_id: str, *, replan_stale: bool = False) -> Begun:
    """Return an interrupted run, ready to be gone on with.

    Args:
        journal: Where it is on record.
        run_id: The run.
        replan_stale: Go on with sites, too, that were left alone because they had moved.

    Raises:
        InputError: There is no such run, or it is none that follows a plan.
        Refused: It was rolled back since.
    """
    row = await journal.run(run_id)
    if row.kind not in ("apply", "rollback") or row.document is None:
        raise InputError(
            f"{row.run_id} follows no plan: run its command again, on the sites that are left"
            f" with --from-run {row.run_id} --status not_started,unknown"
        )
    for other in await journal.runs(_RECENT, "rollback"):
        if other.parent == row.run_id:
            raise Refused(
                f"{row.run_id} was rolled back by {other.run_id}: make a new plan instead"
            )
    async for event in journal.events(row.run_id):
        if isinstance(event, RunStarted):
            plan = load_plan(row.document)
            return Begun(journal, event, plan, row.parent, replan_stale=replan_stale)
    raise InputError(f"the start of {row.run_id} is not on record")


def _budget(scope: str, limits: Limits) -> Budget:
    return Budget(scope, limits.max_failures, limits.max_unreachable)


def _count_done(run: Run, budget: Budget, names: Iterable[str]) -> None:
    """Count the sites that ended before the run was interrupted; they may be too many already."""
    for name in names:
        if (status := run.status_of(name)) and (reason := budget.count(status)):
            run.stop.halt(Halted(Halt.BUDGET, reason))


def _is_over(run: Run, wave: Wave) -> bool:
    return all(run.status_of(name) is not None for name in wave.sites)


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _sites(count: int) -> str:
    return "1 site" if count == 1 else f"{count} sites"
