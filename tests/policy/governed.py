"""A simulated fleet with a journal and a policy, as an agency would have it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fleet.config import Limits
from fleet.engine.fleet import Fleet
from fleet.engine.run import Listener
from fleet.engine.stop import Stop
from fleet.journal.journal import Journal, open_journal
from fleet.policy.apply import Applier, resume_run
from fleet.policy.document import PolicyDocument
from fleet.policy.plan import Plan
from fleet.policy.planning import make_plan
from fleet.policy.rollback import plan_rollback
from fleet.results import RunReport
from fleet.simulator.site import SimSite, SiteSpec
from fleet.simulator.world import World
from tests.engine.simulated import simulated

__all__ = ["Governed", "governed", "policy_file"]


def policy_file(folder: Path, text: str) -> Path:
    """Return a policy file with the text behind its version."""
    path = folder / "policy.yaml"
    path.write_text(f"version: 1\n{text}")
    return path


@dataclass(slots=True)
class Governed:
    """A running fleet with its policy, its journal and its oracle.

    Args:
        fleet: The fleet.
        document: Its policy.
        journal: Its journal.
        world: What the sites know of what happened to them.
    """

    fleet: Fleet
    document: PolicyDocument
    journal: Journal
    world: World

    def site(self, name: str) -> SimSite:
        """Return what a site knows."""
        return self.world.site(name)

    @property
    def writes(self) -> int:
        """Return how many writes all sites have applied."""
        return sum(len(site.ledger) for site in self.world)

    @property
    def requests(self) -> int:
        """Return how many requests all sites have seen."""
        return sum(len(site.requests) for site in self.world)

    async def plan(self) -> Plan:
        """Return the plan for all sites."""
        plan, _ = await make_plan(self.fleet, self.document, self.fleet.inventory)
        return plan

    async def apply(
        self,
        plan: Plan | None = None,
        *,
        listeners: Iterable[Listener] = (),
        stop: Stop | None = None,
        concurrency: int | None = None,
        **options: Any,
    ) -> RunReport:
        """Return the report of applying a plan, a fresh one if none is given."""
        plan = plan or await self.plan()
        if concurrency is not None:
            limits = Limits(concurrency, concurrency)
            self.fleet.settings = replace(self.fleet.settings, limits=limits)
        applier = Applier(self.fleet, plan, **options)
        return await applier.apply(listeners=listeners, stop=stop)

    async def resume(
        self,
        run_id: str,
        *,
        plan: Plan | None = None,
        listeners: Iterable[Listener] = (),
        stop: Stop | None = None,
        **options: Any,
    ) -> RunReport:
        """Return the report of going on with a run."""
        again = options.get("replan_stale", False)
        begun = await resume_run(self.journal, run_id, replan_stale=again)
        applier = Applier(self.fleet, plan or begun.plan, **options)
        return await applier.apply(begun=begun, parent=begun.parent, listeners=listeners, stop=stop)

    async def roll_back(self, run_id: str) -> RunReport:
        """Return the report of undoing a run on all sites."""
        plan, _ = await plan_rollback(self.fleet, self.journal, run_id, self.fleet.inventory)
        return await Applier(self.fleet, plan).apply(parent=run_id)


@asynccontextmanager
async def governed(
    folder: Path, policy: str, *specs: SiteSpec, store: str | None = None, **more: Any
) -> AsyncIterator[Governed]:
    """Yield a running fleet of `specs` with a policy, and a journal in `folder` or `store`."""
    document = PolicyDocument.load([policy_file(folder, policy)])
    async with (
        open_journal(store or str(folder / "state" / "journal.db")) as journal,
        simulated(folder, *specs, journal=journal, **more) as running,
    ):
        document.check(running.fleet.inventory)
        yield Governed(running.fleet, document, journal, running.world)
