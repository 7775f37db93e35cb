"""Where the visits of a run are made: in this process, or elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any, Protocol

from pydantic import SecretStr

from fleet.config import Settings
from fleet.engine.guarding import Guards
from fleet.engine.scheduler import Feed, Scheduler
from fleet.engine.sessions import SessionCache
from fleet.engine.stop import Stop
from fleet.engine.visit import Intend, Visitor
from fleet.engine.watch import Watch
from fleet.engine.wave import Calls
from fleet.inventory.model import Site
from fleet.inventory.secrets import SecretRef
from fleet.operations.base import Operation, Sourced, Task
from fleet.results import Event, SiteResult
from fleet.site.health import HealthCheck
from fleet.site.transport import Connections

__all__ = ["Emit", "Ended", "Engine", "LocalEngine", "Lookup", "local_engine"]

Emit = Callable[[Event], None]
Lookup = Callable[[str], Awaitable[str]]
Ended = Callable[[SiteResult], Awaitable[SiteResult]]
"""Records how a site ended and returns what is told of it."""


class Engine(Protocol):
    """Makes the visits of one run.

    Attributes:
        keeps_record: Whether results are in the journal already when they are told.
    """

    keeps_record: bool

    async def visit(
        self, sites: Sequence[Site], task_of: Callable[[Site], Task], ended: Ended, emit: Emit
    ) -> None:
        """Run a task on each of `sites`; return when all have ended, or the run is to stop.

        Args:
            sites: The sites, in the order in which they are to be started.
            task_of: Returns the task of a site.
            ended: Awaited once for each site that was started, with its result.
            emit: Told the start of each site, and its end after `ended`.
        """

    async def draw(
        self, site: Site, task: Sourced, ended: Ended, emit: Emit, /
    ) -> Operation[Any] | None:
        """Return the operation that `task` makes of `site`, which is visited as any other.

        None where the site could not be read, or where the run is to stop.
        """


class LocalEngine:
    """Makes visits in this process.

    Args:
        visitor: Makes them.
        scheduler: Fans them out.
        stop: Ends the run early.
        connections: Those that the visits use.
        guards: Decide whether a password may be sent.
    """

    keeps_record = False

    def __init__(
        self,
        visitor: Visitor,
        scheduler: Scheduler,
        stop: Stop,
        connections: Connections,
        guards: Guards,
    ) -> None:
        self.connections = connections
        self.guards = guards
        self._visitor = visitor
        self._scheduler = scheduler
        self._stop = stop

    async def visit(
        self,
        sites: Sequence[Site],
        task_of: Callable[[Site], Task],
        ended: Ended,
        emit: Emit,
        feed: Feed | None = None,
    ) -> None:
        """See `Engine`; `feed` queues the sites where they come one by one."""

        async def visit(site: Site) -> SiteResult:
            return await self._visitor.visit(site, task_of(site))

        await self._run(sites, Calls(visit, ended, emit), feed)

    async def draw(
        self, site: Site, task: Sourced, ended: Ended, emit: Emit, /
    ) -> Operation[Any] | None:
        """See `Engine`."""
        drawn: list[Operation[Any] | None] = []

        async def visit(source: Site) -> SiteResult:
            operation, result = await self._visitor.draw(source, task)
            drawn.append(operation)
            return result

        await self._run([site], Calls(visit, ended, emit))
        return drawn[-1] if drawn else None

    async def _run(self, sites: Sequence[Site], calls: Calls, feed: Feed | None = None) -> None:
        await self._scheduler.run(sites, calls, self._stop, self._visitor.abort, feed)


@asynccontextmanager
async def local_engine(  # noqa: PLR0913 - what the visits of a run have in common
    passwords: Mapping[SecretRef, SecretStr],
    settings: Settings,
    stop: Stop,
    guarded: Callable[[Lookup], Awaitable[Guards]],
    *,
    dry_run: bool,
    checks: Sequence[HealthCheck] = (),
    intend: Intend | None = None,
    sessions: SessionCache | None = None,
) -> AsyncIterator[LocalEngine]:
    """Yield an engine that makes visits in this process.

    Args:
        passwords: The secrets of the sites.
        settings: Limits that this process can keep, retries, sizes.
        stop: Ends the run early.
        guarded: Returns what decides whether a password may be sent, given what returns the
            address behind a host name.
        dry_run: True where nothing may be written.
        checks: What has to hold of a site after it was changed.
        intend: Puts changes on record before they are sent; None keeps no record.
        sessions: Where sessions are kept between runs; None logs in to each site anew.
    """
    async with (
        Watch(settings.watching).watching() as watch,
        Connections(settings.limits.concurrency, settings.http) as connections,
        sessions.opened() if sessions else nullcontext() as kept,
    ):
        guards = await guarded(connections.address)
        scheduler = Scheduler(settings.limits, connections.address, settings.http)
        visitor = Visitor(
            connections,
            settings,
            passwords,
            dry_run=dry_run,
            intend=intend,
            checks=checks,
            watch=watch,
            stop=stop,
            guards=guards,
            observer=scheduler.observer,
            sessions=kept,
        )
        yield LocalEngine(visitor, scheduler, stop, connections, guards)
