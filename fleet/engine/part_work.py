"""What a worker does with a part of a run.

It claims the part in the shared journal first. Sites that have ended in this run already, on a
worker that died since, are left alone; where such a worker had begun to change a site, the site
is read first, as everywhere, and what is found as wanted then counts as changed by this run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

import anyio

from fleet.engine.engines import Lookup, local_engine
from fleet.engine.guarding import Guards
from fleet.engine.limits import fitted
from fleet.engine.parts import Part
from fleet.engine.stop import Stop
from fleet.errors import InputErrors, JournalError, LeaseLost, SiteError
from fleet.inventory.model import Site
from fleet.inventory.secrets import SecretResolver
from fleet.journal.claimed import Claimed
from fleet.journal.codec import encode_result
from fleet.journal.journal import Journal, open_journal
from fleet.journal.records import Intent, Lease, Owner, StoredIntent
from fleet.operations.base import Task
from fleet.operations.conform import Conform
from fleet.results import Event, Halt, Halted, KeyResult, SiteResult, Verdict, status_of

__all__ = ["PartKeeper", "as_meant", "work_on"]

Tell = Callable[[Sequence[str]], None]
_AT_ONCE = 50
_EVERY = 0.5
_OUTDATED = 20.0
"""Seconds after which an intent that was put on record gives no right to send any more."""


class PartKeeper:
    """Keeps the record of a part, and tells results once they are durable.

    Args:
        record: The part in the journal.
        lease: The run's right to change its sites.
        meant: By site, what an earlier worker meant to change.
        stop: Told when the record, the lease or the claim is lost.
        tell: Takes results as `encode_result` writes them.
    """

    def __init__(
        self,
        record: Claimed,
        lease: Lease | None,
        meant: Mapping[str, Sequence[StoredIntent]],
        stop: Stop,
        tell: Tell,
    ) -> None:
        self._record = record
        self._lease = lease
        self._meant = meant
        self._stop = stop
        self._tell = tell
        self._untold: list[str] = []

    def meant(self, site: str) -> Sequence[StoredIntent]:
        """Return what an earlier worker meant to change on a site, and may have changed."""
        return self._meant.get(site, ())

    async def intend(self, site: Site, intents: Sequence[Intent]) -> None:
        """Put intents on record and make sure that site and part are still ours.

        Raises:
            SiteError: ``run.halted``, with `sent` False: nothing may be sent.
        """
        asked = time.monotonic()
        try:
            await self._record.intend(site.name, intents, self._lease)
        except (JournalError, LeaseLost) as error:
            self._halt(error)
            raise SiteError("run.halted", str(error), sent=False) from error
        if time.monotonic() - asked > _OUTDATED:
            raise SiteError("run.halted", "this worker stood still for too long", sent=False)

    async def ended(self, result: SiteResult) -> SiteResult:
        """Put how a site ended on record."""
        told = as_meant(result, self.meant(result.site))
        text = encode_result(told)
        try:
            await self._record.record(told, text)
        except (JournalError, LeaseLost) as error:
            self._halt(error)
            return told
        self._untold.append(text)
        if len(self._untold) >= _AT_ONCE:
            await self.flush()
        return told

    async def flush(self) -> None:
        """Make everything durable and tell it."""
        texts, self._untold = self._untold, []
        if not texts:
            return
        try:
            await self._record.flush()
        except (JournalError, LeaseLost) as error:
            self._halt(error)
            return
        self._tell(texts)

    async def flush_now_and_then(self) -> None:
        """Flush for ever."""
        while True:
            await anyio.sleep(_EVERY)
            await self.flush()

    def _halt(self, error: JournalError | LeaseLost) -> None:
        by = Halt.LOCK if isinstance(error, LeaseLost) else Halt.JOURNAL
        self._stop.halt(Halted(by, str(error)))


async def work_on(
    part: Part,
    store: str,
    tell: Tell,
    stop: Stop,
    obey: Callable[[], Coroutine[Any, Any, None]],
    resolver: SecretResolver,
) -> Halted | None:
    """Visit the sites of a part and return what ended that early, if anything did.

    Args:
        part: The part.
        store: The shared journal as this worker reaches it.
        tell: Takes results once they are durable.
        stop: Ends the work early.
        obey: Runs beside the work and passes the controller's wish to stop on.
        resolver: Turns this worker's secret references into secrets.
    """
    names = [site.name for site in part.sites]
    async with open_journal(store) as journal:
        record = await journal.claims.take(part.assignment.run_id, part.name, Owner.here())
        meant = await record.unsettled(names)
        done = await record.ended(names)
        tell([encode_result(done[name]) for name in done if name not in meant])
        left = [
            (site, task)
            for site, task in zip(part.sites, part.tasks, strict=True)
            if site.name in meant or site.name not in done
        ]
        keeper = PartKeeper(record, part.assignment.lease, meant, stop, tell)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keeper.flush_now_and_then)
            tasks.start_soon(obey)
            try:
                await _visit(part, left, keeper, stop, resolver, journal)
            except InputErrors as error:
                reason = "; ".join(str(each) for each in error.errors[:3])
                stop.halt(Halted(Halt.WORKERS, f"on a worker, {reason}"))
            tasks.cancel_scope.cancel()
        await keeper.flush()
    return stop.halted


async def _visit(
    part: Part,
    left: Sequence[tuple[Site, Task]],
    keeper: PartKeeper,
    stop: Stop,
    resolver: SecretResolver,
    journal: Journal,
) -> None:
    """Visit the sites that are left.

    Raises:
        InputErrors: A secret cannot be resolved here; nothing was contacted.
    """
    common = part.assignment
    sites = [site for site, _ in left]
    passwords = await resolver.resolve_all(site.auth.password for site in sites if not site.paused)
    tasks = {site.name: _begun(task, keeper.meant(site.name)) for site, task in left}
    settings = replace(common.settings, limits=fitted(common.settings.limits))

    async def guarded(lookup: Lookup) -> Guards:
        return await Guards.of_run(sites, stop, journal, lookup, writes=not common.dry_run)

    async with local_engine(
        passwords,
        settings,
        stop,
        guarded,
        dry_run=common.dry_run,
        checks=common.checks,
        intend=keeper.intend,
    ) as engine:
        await engine.visit(sites, lambda site: tasks[site.name], keeper.ended, _nobody)


def _nobody(_event: Event) -> None:
    """Tell nobody: starts are not told across machines."""


def _begun(task: Task, meant: Sequence[StoredIntent]) -> Task:
    """Return the task of a site of which an earlier worker of this run may have changed keys."""
    if not meant or not isinstance(task, Conform):
        return task
    return replace(task, begun={each.intent.key: each.intent.before for each in meant})


def as_meant(result: SiteResult, meant: Sequence[StoredIntent]) -> SiteResult:
    """Return the result of a site of which an earlier worker of this run may have changed keys.

    A key that is found as this run meant it to be, and was not so before, was changed by it.
    """
    intents = {each.intent.key: each.intent for each in meant if not each.intent.sealed}
    keys = tuple(_changed(key, intents.get(key.key)) for key in result.keys)
    if keys == result.keys:
        return result
    status, kind = status_of(keys)
    return replace(result, keys=keys, status=status, kind=kind)


def _changed(key: KeyResult, intent: Intent | None) -> KeyResult:
    was_ours = (
        intent is not None
        and key.verdict is Verdict.UNCHANGED
        and key.found == intent.wanted
        and key.found != intent.before
    )
    if intent is None or not was_ours:
        return key
    return replace(key, verdict=Verdict.CHANGED, before=intent.before)
