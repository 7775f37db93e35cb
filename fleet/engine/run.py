"""One run while it goes on: its visits, its record, its events, and when it has to stop."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fleet.engine.budget import Budget
from fleet.engine.engines import Engine
from fleet.engine.keeping import Keeper
from fleet.engine.stop import Stop
from fleet.inventory.mapping import SiteList
from fleet.inventory.model import Site
from fleet.journal.codec import encode_result
from fleet.journal.ledger import Ledger
from fleet.operations.base import Operation, Sourced, Task
from fleet.results import (
    Event,
    Halt,
    Halted,
    RunReport,
    RunStarted,
    SiteFinished,
    SiteResult,
    Status,
)
from fleet.series import Series
from fleet.site.health import HealthCheck

__all__ = ["Emitter", "Listener", "Named", "Order", "Run"]

Listener = Callable[[Event], None]
_LOG = logging.getLogger("fleet")


@dataclass(frozen=True, slots=True)
class Order:
    """What a run is to do.

    Args:
        name: Name of the operation.
        parameters: Its parameters for the report, secrets masked; JSON values only.
        sites: The sites, in the order in which they are to be started; they may be made as they
            are asked for.
        dry_run: True where nothing may be written.
        kind: What kind of run it is for the history: ``run``, ``plan``, ``apply``, …
        parent: The run it follows from, if any.
        document: JSON kept with the run, such as the plan that is applied.
        checks: What has to hold of a site after it was changed.
        plan: Id of the plan that is applied, which is spent with the beginning of the run.
        resumes: The run that this one goes on with; None for a new one.
        recall: Yields the results that sites already have, where a run is gone on with; asked
            once the run holds its sites, so that nobody else adds to them.
    """

    name: str
    parameters: Mapping[str, object]
    sites: Sequence[Site]
    dry_run: bool = False
    kind: str = "run"
    parent: str | None = None
    document: Mapping[str, object] | None = None
    checks: tuple[HealthCheck, ...] = ()
    plan: str | None = None
    resumes: RunStarted | None = None
    recall: Callable[[], AsyncIterator[SiteResult]] | None = None


class Emitter:
    """Hands the events of a run to whoever listens; it keeps none.

    A listener that raises is dropped: showing progress must never cost a run its report.
    """

    def __init__(self, listeners: Iterable[Listener]) -> None:
        self._listeners = list(listeners)

    def __call__(self, event: Event) -> None:
        """Hand `event` on."""
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a listener does
                self._listeners.remove(listener)
                _LOG.warning("a listener failed (%s) and is told no more", type(error).__name__)


class Named(Series[tuple[str, str]]):
    """Names and addresses of sites, as the events of a run tell them.

    Args:
        sites: The sites.
    """

    def __init__(self, sites: Sequence[Site]) -> None:
        self._sites = sites

    def at(self, index: int) -> tuple[str, str]:
        """Return the name and the address of a site."""
        if isinstance(self._sites, SiteList):
            return self._sites.called(index)
        site = self._sites[index]
        return site.name, str(site.url)

    def __len__(self) -> int:
        """Return the number of sites."""
        return len(self._sites)


class Run:
    """One run.

    Args:
        order: What it is to do.
        engine: Makes its visits.
        emitter: Takes its events.
        stop: Ends it early.
        keeper: Keeps its record; None where there is none.
        ledger: Its report, with the results that sites already have.
    """

    def __init__(
        self,
        order: Order,
        engine: Engine,
        emitter: Emitter,
        stop: Stop,
        keeper: Keeper | None,
        ledger: Ledger,
    ) -> None:
        self.order = order
        self.stop = stop
        self.keeper = keeper
        self._engine = engine
        self._emitter = emitter
        self._ledger = ledger

    @property
    def report(self) -> RunReport:
        """Return the report so far."""
        return self._ledger.report()

    @property
    def interrupted(self) -> str | None:
        """Return the signal that kept a site from ending by itself, if one did."""
        early = self._ledger.unfinished or self.stop.aborting.is_set()
        return self.stop.signal if early else None

    def status_of(self, site: str) -> Status | None:
        """Return how a site ended in this run, or None where it has not."""
        return self._ledger.status_of(site)

    async def visit(
        self,
        sites: Sequence[Site],
        task_of: Callable[[Site], Task],
        budgets: Sequence[Budget] = (),
    ) -> None:
        """Run a task on each of `sites` and record how they ended.

        Sites in flight finish when a budget is exceeded; none starts after.
        """

        if self.stop.draining.is_set():
            return

        record = not self._engine.keeps_record

        async def ended(result: SiteResult) -> SiteResult:
            return await self._ended(result, budgets, record=record)

        await self._engine.visit(sites, task_of, ended, self._emitter)

    async def leave_out(self, site: Site, message: str) -> None:
        """Record that a site is skipped on purpose."""
        result = SiteResult(site.name, str(site.url), Status.SKIPPED, message=message)
        self._emitter(SiteFinished(await self._ended(result, ())))

    async def draw(self, site: Site, task: Sourced) -> Operation[Any] | None:
        """Return the operation that `task` makes of `site`, whose own result is recorded.

        None where the site could not be read, or where the run is to stop.
        """
        if self.stop.draining.is_set():
            return None

        async def ended(result: SiteResult) -> SiteResult:
            return await self._ended(result, ())

        return await self._engine.draw(site, task, ended, self._emitter)

    async def _ended(
        self, result: SiteResult, budgets: Sequence[Budget], *, record: bool = True
    ) -> SiteResult:
        text = encode_result(result)
        self._ledger.record(result, text)
        if self.keeper is not None and record:
            await self.keeper.record(result, text)
        for budget in budgets:
            if reason := budget.count(result.status):
                self.stop.halt(Halted(Halt.BUDGET, reason))
        return result
