"""The record of a run while it goes on, and its hold on the sites it may change.

Nothing is sent to a site before its intent is safe in the journal and the lease is surely ours.
When either fails, the run stops: what it changed so far is read back and told, and no further
write leaves.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

import anyio
from yarl import URL

from fleet.engine.stop import Stop
from fleet.errors import JournalError, LeaseLost, SiteError
from fleet.inventory.address import same_site_key
from fleet.inventory.model import Site
from fleet.journal.records import LEASE_SECONDS, Intent, Lease, Owner
from fleet.results import Halt, Halted, RunFinished, SiteResult

if TYPE_CHECKING:
    from fleet.journal.journal import Journal

__all__ = ["Keeper", "awake_seconds", "site_key"]

_BEAT = 15.0
"""Seconds between two signs of life."""

_LATELY = 1024
"""Addresses whose keys are kept; each visit asks for that of its site several times."""


def awake_seconds() -> float:
    """Return seconds that also pass while this machine sleeps, where it can tell them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def site_key(site: Site) -> str:
    """Return what stands for a site in leases: its address, whatever inventories call it."""
    return _key_of(site.url)


@lru_cache(maxsize=_LATELY)
def _key_of(url: URL) -> str:
    host, port, path = same_site_key(url)
    return f"{host}:{port or ''}{path}"


class Keeper:
    """Keeps the record of one run.

    Args:
        journal: Where it is kept.
        run_id: The run.
        stop: Told when the record or the lease fails.
        clock: Seconds that only grow, also while the machine sleeps.
    """

    def __init__(
        self,
        journal: Journal,
        run_id: str,
        stop: Stop,
        clock: Callable[[], float] = awake_seconds,
    ) -> None:
        self.journal = journal
        self._run_id = run_id
        self._stop = stop
        self._clock = clock
        self._lease: Lease | None = None
        self._ours_until = 0.0

    @property
    def lease(self) -> Lease | None:
        """Return the run's right to change its sites, if it has one."""
        return self._lease

    @asynccontextmanager
    async def hold(self, sites: Sequence[Site], owner: Owner) -> AsyncIterator[None]:
        """Hold `sites` while the block runs.

        Raises:
            LockHeld: Another run holds some of them.
            JournalError: The lease cannot be written.
        """
        asked = self._clock()
        keys = [site_key(site) for site in sites]
        self._lease = await self.journal.acquire(self._run_id, keys, owner, LEASE_SECONDS)
        self._ours_until = asked + LEASE_SECONDS
        failed: Exception | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._beat)
            try:
                yield
            except Exception as error:  # noqa: BLE001 - raised again below, out of the group
                failed = error
            finally:
                tasks.cancel_scope.cancel()
                await self._release()
        if failed is not None:
            raise failed

    async def intend(self, site: Site, intents: Sequence[Intent]) -> None:
        """Put intents on record and make sure that the site is still ours.

        Raises:
            SiteError: ``run.halted``, with `sent` False: nothing may be sent.
        """
        try:
            if self._lease is not None and self._clock() >= self._ours_until:
                await self._renew(self._lease)
            await self.journal.intend(self._run_id, site.name, intents, self._lease)
        except (JournalError, LeaseLost) as error:
            self._halt(error)
            raise SiteError("run.halted", str(error), sent=False) from error
        # The request is made next; whatever sends one again asks here again.
        if self._lease is not None and self._clock() >= self._ours_until:
            raise SiteError("run.halted", "this machine slept for too long", sent=False)

    async def record(self, result: SiteResult, text: str) -> None:
        """Put how a site ended on record, `text` as written; a failure stops the run."""
        try:
            await self.journal.record(self._run_id, result, text)
        except JournalError as error:
            self._halt(error)

    async def note(self, name: str, value: object) -> None:
        """Put a fact about the run itself on record, after all results; a failure stops the run."""
        try:
            await self.journal.flush()
            await self.journal.note(self._run_id, name, value)
        except JournalError as error:
            self._halt(error)

    async def notes(self) -> Mapping[str, object]:
        """Return the facts on record about the run itself."""
        return await self.journal.notes(self._run_id)

    async def finish(self, end: RunFinished) -> RunFinished:
        """Put the end of the run on record and return it, as a halt where that failed."""
        try:
            await self.journal.finish(self._run_id, end)
        except JournalError as error:
            self._halt(error)
            return RunFinished(end.at, end.interrupted, self._stop.halted)
        return end

    async def _beat(self) -> None:
        while self._lease is not None:
            await anyio.sleep(_BEAT)
            try:
                await self._renew(self._lease)
            except (JournalError, LeaseLost) as error:
                self._halt(error)
                return

    async def _renew(self, lease: Lease) -> None:
        asked = self._clock()
        await self.journal.renew(lease, LEASE_SECONDS)
        self._ours_until = asked + LEASE_SECONDS

    async def _release(self) -> None:
        lease, self._lease = self._lease, None
        if lease is None:
            return
        with anyio.CancelScope(shield=True):
            try:
                await self.journal.release(lease)
            except (JournalError, LeaseLost) as error:
                self._halt(error)

    def _halt(self, error: JournalError | LeaseLost) -> None:
        by = Halt.LOCK if isinstance(error, LeaseLost) else Halt.JOURNAL
        self._stop.halt(Halted(by, str(error)))
