"""`Fleet`: an inventory, and how runs on it begin and end."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from anyio import to_thread
from pydantic import SecretStr

from fleet.config import Limits, Settings
from fleet.engine.budget import Budget
from fleet.engine.engines import Engine, Lookup, local_engine
from fleet.engine.guarding import Guards
from fleet.engine.keeping import Keeper
from fleet.engine.limits import fitted
from fleet.engine.processes import sharing_engine
from fleet.engine.protocol import Begin
from fleet.engine.remote import Remote
from fleet.engine.run import Emitter, Listener, Named, Order, Run
from fleet.engine.sessions import SessionCache
from fleet.engine.stop import Stop
from fleet.errors import InputError, Refused
from fleet.inventory.model import Inventory, Site
from fleet.inventory.secrets import SecretRef, SecretResolver
from fleet.journal.ledger import Ledger
from fleet.journal.records import Owner
from fleet.operations.base import Sourced, Task
from fleet.results import RunFinished, RunReport, RunStarted, SiteFinished

if TYPE_CHECKING:
    from fleet.journal.journal import Journal

__all__ = ["Fleet", "new_run_id"]

_LOG = logging.getLogger("fleet")


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
        journal: Where runs are recorded, intents before their writes; None keeps no record.
        sessions: Where sessions are kept between runs; None logs in to each site anew.
        now: The time, with time zone.
        run_id: Makes the name of a run.
        remote: Other machines that make the visits; None makes them here. Needs `journal`.
    """

    def __init__(  # noqa: PLR0913 - what all runs of a fleet share
        self,
        inventory: Inventory,
        settings: Settings | None = None,
        *,
        resolver: SecretResolver | None = None,
        journal: Journal | None = None,
        sessions: SessionCache | None = None,
        now: Callable[[], datetime] = _now,
        run_id: Callable[[datetime], str] = new_run_id,
        remote: Remote | None = None,
    ) -> None:
        self.inventory = inventory
        self.settings = settings or Settings()
        self.journal = journal
        self.now = now
        self._cache = sessions
        self._resolver = resolver or SecretResolver()
        self._run_id = run_id
        self._remote = remote
        self._clipped = False

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        *inventory: str | Path,
        store: str | None = None,
        settings: Settings | None = None,
        resolver: SecretResolver | None = None,
        sessions: bool = True,
    ) -> AsyncIterator[Self]:
        """Yield the fleet of an inventory, with its journal, as the command line has it.

        Args:
            inventory: Files and folders.
            store: Where runs are recorded: a path or ``postgresql://...``; None for the user's
                own file.
            settings: Limits, retries, sizes.
            resolver: Turns secret references into secrets.
            sessions: Whether sessions are kept between runs, in a private cache file.

        Raises:
            InputErrors: Every mistake in the files.
            JournalError: The journal cannot be opened.
        """
        # Loaded here: those who only read results or have no journal need no database.
        from fleet.journal.journal import open_journal  # noqa: PLC0415

        paths = [Path(each) for each in inventory]
        whole = await to_thread.run_sync(Inventory.load, paths)
        async with open_journal(store) as journal:
            yield cls(
                whole,
                settings,
                resolver=resolver,
                journal=journal,
                sessions=SessionCache() if sessions else None,
            )

    async def run(  # noqa: PLR0913 - the whole of a run in one call
        self,
        task: Task,
        selected: Inventory | None = None,
        *,
        select: str | None = None,
        dry_run: bool = False,
        confirm: int | None = None,
        budget: Budget | None = None,
        listeners: Iterable[Listener] = (),
        stop: Stop | None = None,
    ) -> RunReport:
        """Run `task` on the selected sites and return the report.

        Args:
            task: The operation with its parameters.
            selected: The sites, a narrowed copy of the inventory; all sites if None.
            select: Only those of them with these labels, such as ``env=prod,tier in (gold)``.
            dry_run: Only say what would change.
            confirm: Number of sites that something irreversible may reach.
            budget: How many sites may end badly before no more are started.
            listeners: Called with each event as it happens.
            stop: Ends the run early.

        Raises:
            InputErrors: A secret cannot be resolved; nothing was contacted.
            InputError: The order names a source site that does not exist, or `select` is
                malformed or takes no site.
            Refused: Something irreversible is to reach another number of sites than confirmed.
            LockHeld: Another run holds some of the sites.
            JournalError: The run cannot be recorded; nothing was contacted.
        """
        dry_run = dry_run or task.read_only
        chosen = self.inventory if selected is None else selected
        if select is not None:
            chosen = chosen.select(select)
        sites = self._sites(task, chosen)
        if task.irreversible and not dry_run and confirm != len(sites):
            count = f"{len(sites)} site" if len(sites) == 1 else f"{len(sites)} sites"
            raise Refused(
                f"{task.name} cannot be undone and would reach {count}:"
                f" say --confirm {len(sites)} to go on"
            )
        order = Order(task.name, task.parameters(), sites, dry_run=dry_run)
        async with self.begin(order, listeners=listeners, stop=stop) as run:
            await self._carry_out(run, task, (budget,) if budget else ())
        return run.report

    @asynccontextmanager
    async def begin(
        self,
        order: Order,
        *,
        listeners: Iterable[Listener] = (),
        stop: Stop | None = None,
    ) -> AsyncIterator[Run]:
        """Yield a run of `order` whose sites can be visited; its end is recorded with the block.

        Raises:
            InputErrors: A secret cannot be resolved; nothing was contacted.
            LockHeld: Another run holds some of the sites.
            JournalError: The run cannot be recorded; nothing was contacted.
        """
        stop = stop or Stop()
        # Other machines resolve the passwords themselves.
        here = self._remote is None
        passwords = await stop.unless(lambda: self._secrets(order)) if here else None
        start = order.resumes or self._start(order)
        emitter = Emitter(listeners)
        async with AsyncExitStack() as stack:
            keeper = await self._keeper(stack, order, start, stop)
            ledger = Ledger(start)
            engine = await stack.enter_async_context(
                self._engine(order, ledger, passwords or {}, stop, keeper)
            )
            emitter(start)
            if order.recall is not None:
                async for result in order.recall():
                    ledger.record(result)
                    emitter(SiteFinished(result))
            run = Run(order, engine, emitter, stop, keeper, ledger)
            yield run
            end = RunFinished(self.now(), run.interrupted, stop.halted)
            if keeper is not None:
                end = await keeper.finish(end)
            ledger.finish(end)
            emitter(end)

    def _engine(
        self,
        order: Order,
        ledger: Ledger,
        passwords: Mapping[SecretRef, SecretStr],
        stop: Stop,
        keeper: Keeper | None,
    ) -> AbstractAsyncContextManager[Engine]:
        """Return what makes the visits of a run."""
        if self._remote is not None:
            lease = keeper.lease if keeper else None
            return self._remote.engine(order, ledger.run_id, self.settings, stop, lease)

        async def guarded(lookup: Lookup) -> Guards:
            writes, places = not order.dry_run, ledger.places
            return await Guards.of_run(
                order.sites, stop, self.journal, lookup, writes=writes, places=places
            )

        settings = replace(self.settings, limits=self._limits())
        local = local_engine(
            passwords,
            settings,
            stop,
            guarded,
            dry_run=order.dry_run,
            checks=order.checks,
            intend=keeper.intend if keeper else None,
            sessions=self._cache,
        )
        if not order.dry_run:
            return local
        key_file = self.journal.key_file if self.journal else None
        begin = Begin(len(order.sites), self.settings, order.checks, self._cache, key_file)
        return sharing_engine(local, begin, passwords, stop)

    async def _keeper(
        self, stack: AsyncExitStack, order: Order, start: RunStarted, stop: Stop
    ) -> Keeper | None:
        """Return what keeps the record of the run, which then has begun."""
        if self.journal is None:
            return None
        owner = Owner.here()
        keeper = Keeper(self.journal, start.run_id, stop)
        if not order.dry_run:
            await stack.enter_async_context(keeper.hold(order.sites, owner))
        if order.resumes is None:
            await self.journal.begin(
                start,
                kind=order.kind,
                owner=owner,
                parent=order.parent,
                document=order.document,
                plan=order.plan,
            )
        else:
            await self.journal.reopen(start.run_id, owner)
        return keeper

    def _limits(self) -> Limits:
        """Return the limits of a run, so that it never runs out of open files."""
        asked = self.settings.limits
        limits = fitted(asked)
        if limits.concurrency != asked.concurrency and not self._clipped:
            self._clipped = True
            _LOG.warning(
                "too few files may be open (ulimit -n) for --concurrency %d; it is lowered to %d",
                asked.concurrency,
                limits.concurrency,
            )
        return limits

    async def _secrets(self, order: Order) -> Mapping[SecretRef, SecretStr]:
        return await self._resolver.resolve_all(
            (site.auth.password for site in order.sites if not site.paused),
            beside=self.inventory.passwords(),
        )

    async def _carry_out(self, run: Run, task: Task, budgets: tuple[Budget, ...]) -> None:
        sites = run.order.sites
        if isinstance(task, Sourced):
            source = self.inventory.sites[task.source]
            drawn = await run.draw(source, task)
            if drawn is None:
                return
            sites = [site for site in sites if site.name != task.source]
            task = drawn
        await run.visit(sites, lambda _: task, budgets)

    def _start(self, order: Order) -> RunStarted:
        at = self.now()
        return RunStarted(
            run_id=self._run_id(at),
            operation=order.name,
            parameters=order.parameters,
            read_only=order.dry_run,
            sites=Named(order.sites),
            at=at,
        )

    def _sites(self, task: Task, selected: Inventory) -> Sequence[Site]:
        """Return the sites of the run; a source site is one of them."""
        sites = selected.sites.listed()
        if not isinstance(task, Sourced):
            return sites
        if self._remote is not None:
            raise InputError(f"{task.name} takes values from one site: run it with --engine local")
        source = self.inventory.sites.get(task.source)
        if source is None:
            raise InputError(f"there is no site {task.source} in the inventory")
        if source.paused:
            raise InputError(f"the source {task.source} is paused in the inventory")
        return sites if task.source in selected.sites else [source, *sites]
