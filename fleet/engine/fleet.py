"""`Fleet`: an inventory, and one method that runs an operation on it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from pydantic import SecretStr

from fleet.config import Settings
from fleet.engine.scheduler import Scheduler
from fleet.engine.stop import Stop
from fleet.engine.visit import Visitor
from fleet.errors import InputError, Refused
from fleet.inventory.model import Inventory, Site
from fleet.inventory.secrets import SecretRef, SecretResolver
from fleet.operations.base import Sourced, Task
from fleet.results import (
    Event,
    RunFinished,
    RunReport,
    RunStarted,
    SiteFinished,
    SiteResult,
)
from fleet.site.transport import Connections

__all__ = ["Fleet", "new_run_id"]

Listener = Callable[[Event], None]


def _now() -> datetime:
    return datetime.now(UTC)


def new_run_id(at: datetime) -> str:
    """Return a name for a run that sorts by time, such as ``20261123-2314-k3x9``."""
    tail = "".join(secrets.choice("23456789abcdefghjkmnpqrstuvwxyz") for _ in range(4))
    return f"{at:%Y%m%d-%H%M}-{tail}"


class Fleet:
    """Runs operations on the sites of an inventory.

    Args:
        inventory: Every site there is; a run may be narrowed to some of them.
        settings: Limits, retries, sizes.
        resolver: Turns secret references into secrets.
        now: The time, with time zone.
        run_id: Makes the name of a run.
    """

    def __init__(
        self,
        inventory: Inventory,
        settings: Settings | None = None,
        *,
        resolver: SecretResolver | None = None,
        now: Callable[[], datetime] = _now,
        run_id: Callable[[datetime], str] = new_run_id,
    ) -> None:
        self.inventory = inventory
        self.settings = settings or Settings()
        self._resolver = resolver or SecretResolver()
        self._now = now
        self._run_id = run_id

    async def run(
        self,
        task: Task,
        selected: Inventory | None = None,
        *,
        dry_run: bool = False,
        confirm: int | None = None,
        listeners: Iterable[Listener] = (),
        stop: Stop | None = None,
    ) -> RunReport:
        """Run `task` on the selected sites and return the report.

        Args:
            task: The operation with its parameters.
            selected: The sites, a narrowed copy of the inventory; all sites if None.
            dry_run: Only say what would change.
            confirm: Number of sites that something irreversible may reach.
            listeners: Called with each event as it happens.
            stop: Ends the run early.

        Raises:
            InputErrors: A secret cannot be resolved; nothing was contacted.
            InputError: The order names a source site that does not exist.
            Refused: Something irreversible is to reach another number of sites than confirmed.
        """
        dry_run = dry_run or task.read_only
        sites = self._sites(task, selected or self.inventory)
        if task.irreversible and not dry_run and confirm != len(sites):
            count = f"{len(sites)} site" if len(sites) == 1 else f"{len(sites)} sites"
            raise Refused(
                f"{task.name} cannot be undone and would reach {count}:"
                f" say --confirm {len(sites)} to go on"
            )
        secrets_ = await self._resolver.resolve_all(
            site.auth.password for site in sites if not site.paused
        )
        events: list[Event] = []
        sinks = (events.append, *listeners)

        def emit(event: Event) -> None:
            for sink in sinks:
                sink(event)

        stop = stop or Stop()
        emit(self._start(task, sites, dry_run=dry_run))
        await self._visit_all(task, sites, secrets_, emit, stop, dry_run=dry_run)
        emit(RunFinished(self._now(), stop.signal))
        return RunReport.fold(events)

    def _start(self, task: Task, sites: list[Site], *, dry_run: bool) -> RunStarted:
        at = self._now()
        return RunStarted(
            run_id=self._run_id(at),
            operation=task.name,
            parameters=task.parameters(),
            read_only=dry_run,
            sites=tuple((site.name, str(site.url)) for site in sites),
            at=at,
        )

    async def _visit_all(
        self,
        task: Task,
        sites: list[Site],
        secrets_: Mapping[SecretRef, SecretStr],
        emit: Listener,
        stop: Stop,
        *,
        dry_run: bool,
    ) -> None:
        limits = self.settings.limits
        async with Connections(limits.concurrency, self.settings.http) as connections:
            visitor = Visitor(connections, self.settings, secrets_, dry_run=dry_run)
            if isinstance(task, Sourced):
                drawn = await visitor.draw(self.inventory.sites[task.source], task)
                if isinstance(drawn, SiteResult):
                    emit(SiteFinished(drawn))
                    return
                task = drawn

            async def visit(site: Site, task: Task = task) -> SiteResult:
                return await visitor.visit(site, task)

            await Scheduler(limits).run(sites, visit, emit, stop, visitor.abort)

    def _sites(self, task: Task, selected: Inventory) -> list[Site]:
        """Return the sites of the run; a source site is one of them."""
        sites = list(selected.sites.values())
        if not isinstance(task, Sourced):
            return sites
        source = self.inventory.sites.get(task.source)
        if source is None:
            raise InputError(f"there is no site {task.source} in the inventory")
        if source.paused:
            raise InputError(f"the source {task.source} is paused in the inventory")
        return sites if source in sites else [source, *sites]
