"""`Journal`: the one face of the record, over SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from fleet.journal.claimed import Claims
from fleet.journal.codec import encode_result, encode_value
from fleet.journal.database import Clock, Database, unbroken
from fleet.journal.history import History
from fleet.journal.identities import (
    Rejections,
    forget_site,
    read_identities,
    reject_credential,
)
from fleet.journal.keys import default_key_path, fingerprint, read_key
from fleet.journal.leases import (
    acquire_lease,
    read_leases,
    release_lease,
    renew_lease,
    take_away,
)
from fleet.journal.marks import Marks
from fleet.journal.meant import add_intents, read_intents, read_last_writers
from fleet.journal.pruning import prune_runs
from fleet.journal.reading import (
    named_run,
    read_ended,
    read_events,
    read_facts,
    read_notes,
    read_outcomes,
    read_report,
    read_run,
    read_runs,
)
from fleet.journal.records import (
    LEASE_SECONDS,
    HeldLease,
    Intent,
    Lease,
    Outcome,
    Owner,
    RunRow,
    StoredIntent,
)
from fleet.journal.runs import add_note, begin_run, finish_run, reopen_run, write_rows
from fleet.journal.schema import prepare, prepare_file
from fleet.journal.store import SqliteStore, parse_store
from fleet.journal.writer import IDENTITY, Row, Writer
from fleet.results import Event, RunFinished, RunReport, RunStarted, SiteResult, Status

__all__ = ["Journal", "open_journal"]


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_journal(
    store: str | None = None,
    *,
    now: Clock = _now,
    flush_rows: int = 200,
    flush_seconds: float = 0.2,
    patience: float = 10.0,
    key_file: Path | None = None,
) -> AsyncIterator[Journal]:
    """Yield the journal kept in `store`, made or brought up to date where needed.

    Args:
        store: A path, ``sqlite:///path`` or ``postgresql://...``; None for the user's own file.
        now: The time, with time zone.
        flush_rows: Results written at once.
        flush_seconds: How long a result may wait for others.
        patience: Seconds to wait for another process that writes.
        key_file: The key of the fingerprints of credentials; None for the user's own.

    Raises:
        InputError: `store` is none of these.
        JournalError: It cannot be opened; the message says what to do.
    """
    where = parse_store(store)
    if isinstance(where, SqliteStore):
        prepare_file(where, patience)
    database = Database.open(where, now, patience)
    try:
        await unbroken(prepare(database, patience))

        async def write(rows: Sequence[Row]) -> None:
            # Whoever saw another write fail knows, and every method refuses to go on.
            if database.failure is None:
                await unbroken(write_rows(database, rows))

        writer = Writer(write, flush_rows, flush_seconds)
        rejections = Rejections(database)
        try:
            yield Journal(database, writer, rejections, key_file or default_key_path())
        finally:
            await unbroken(rejections.close())
            await unbroken(writer.close())
    finally:
        await database.close()


class Journal:
    """The record of every run.

    Every method raises `JournalError` when the database fails; after that nothing is written.

    Args:
        database: Its connections.
        writer: Writes results and facts.
        rejections: Tells which credentials were rejected.
        key_file: Where the key of the fingerprints of credentials is.
    """

    def __init__(
        self, database: Database, writer: Writer, rejections: Rejections, key_file: Path
    ) -> None:
        self._database = database
        self._rejections = rejections
        self._writer = writer
        self.key_file = key_file
        self._key = b""
        self.history = History(database, self._catch_up)
        """What happened over time."""
        self.marks = Marks(database)
        """Small facts that belong to no run."""
        self.claims = Claims(database, writer, self._catch_up)
        """What workers of one run know of each other."""

    async def begin(
        self,
        start: RunStarted,
        *,
        kind: str = "run",
        owner: Owner,
        parent: str | None = None,
        document: Mapping[str, object] | None = None,
        plan: str | None = None,
    ) -> None:
        """Put a run and its sites on record, and spend its plan; durable when it returns.

        Args:
            start: The run.
            kind: ``run``, ``audit``, ``plan``, ``apply`` or ``rollback``.
            owner: Who runs it.
            parent: The run it belongs to.
            document: JSON kept with it, such as a plan.
            plan: Id of the plan that it applies.

        Raises:
            Refused: The plan was applied before; the message says by which run and when.
        """
        await unbroken(begin_run(self._database, start, kind, owner, parent, document, plan))

    async def reopen(self, run_id: str, owner: Owner) -> None:
        """Let a run go on: it is no longer finished, interrupted or halted.

        Raises:
            InputError: There is no such run.
        """
        await unbroken(reopen_run(self._database, run_id, owner))

    async def intend(
        self, run_id: str, site: str, intents: Sequence[Intent], lease: Lease | None = None
    ) -> None:
        """Put on record what is about to be changed; durable when it returns.

        A key that the run meant before keeps its first value before, and is unsettled again.

        Args:
            run_id: The run.
            site: Name of the site.
            intents: Every key about to be changed, in order.
            lease: Checked in the same transaction.

        Raises:
            LeaseLost: The lease is gone; nothing was put on record.
        """
        if self._writer.is_waiting(run_id, site):
            # An outcome that was recorded before must not settle what is meant now.
            await self.flush()
        await unbroken(add_intents(self._database, run_id, site, intents, lease))

    async def record(self, run_id: str, result: SiteResult, text: str | None = None) -> None:
        """Queue how a site ended; written soon, together with others.

        Args:
            run_id: The run.
            result: How the site ended.
            text: What `encode_result` makes of it, where that is known already.

        Raises:
            JournalError: An earlier result could not be written.
        """
        self._database.check()
        row = Row(
            run_id,
            result.site,
            result.status.value,
            text or encode_result(result),
            self._database.now(),
            settles=bool(result.keys) and result.status is not Status.UNKNOWN,
            result=result,
        )
        await self._writer.put(row)

    async def note(self, run_id: str, name: str, value: object) -> None:
        """Keep a named JSON fact of a run, in place of an earlier one; durable."""
        await unbroken(add_note(self._database, run_id, name, value))

    async def notes(self, run_id: str) -> Mapping[str, object]:
        """Return the named facts of a run."""
        return await unbroken(read_notes(self._database, await self._named(run_id)))

    async def flush(self) -> None:
        """Return when everything recorded so far is durable."""
        await self._writer.flush()
        self._database.check()

    async def finish(self, run_id: str, end: RunFinished) -> None:
        """Put the end of a run on record, after everything recorded before; durable.

        Raises:
            InputError: There is no such run.
        """
        await self.flush()
        await unbroken(finish_run(self._database, run_id, end))

    async def run(self, run_id: str) -> RunRow:
        """Return one run.

        Args:
            run_id: Its name, the start of its name, or ``last`` for the newest.

        Raises:
            InputError: No run is meant, or more than one.
        """
        return await unbroken(read_run(self._database, await self._named(run_id)))

    async def runs(self, limit: int = 50, kind: str | None = None) -> list[RunRow]:
        """Return runs, newest first, all kinds or one."""
        await self._catch_up()
        return await unbroken(read_runs(self._database, limit, kind))

    async def events(self, run_id: str) -> AsyncIterator[Event]:
        """Yield the events of a run; `Ledger.fold` makes its report of them.

        Raises:
            InputError: As `run`.
        """
        async for event in read_events(self._database, await self._named(run_id)):
            yield event

    async def outcomes(self, run_id: str) -> AsyncIterator[Outcome]:
        """Yield how each site ended, in the order of its sites; raises `InputError` as `run`."""
        async for outcome in read_outcomes(self._database, await self._named(run_id)):
            yield outcome

    async def ended(self, run_id: str, statuses: Collection[Status] = ()) -> AsyncIterator[str]:
        """Yield the names of the sites that ended in one of `statuses`; of all where there is none.

        Raises:
            InputError: As `run`.
        """
        async for name in read_ended(self._database, await self._named(run_id), statuses):
            yield name

    async def report(self, run_id: str) -> RunReport:
        """Return the report of a run; its results are not kept in memory.

        Raises:
            InputError: As `run`.
        """
        return await read_report(self._database, await self._named(run_id))

    async def intents(self, run_id: str) -> list[StoredIntent]:
        """Return what a run meant to change, in the order it was meant last.

        Raises:
            InputError: As `run`.
        """
        return await unbroken(read_intents(self._database, await self._named(run_id)))

    async def last_writers(self, run_id: str) -> Mapping[tuple[str, str], tuple[str, str]]:
        """Return who last meant to change each site and key of a run: the run and its kind.

        Raises:
            InputError: As `run`.
        """
        return await unbroken(read_last_writers(self._database, await self._named(run_id)))

    async def put_facts(self, site: str, facts: Mapping[str, object]) -> None:
        """Queue what is known of a site, in place of what was known before."""
        self._database.check()
        await self._writer.put(Row("", site, "", encode_value(facts), self._database.now()))

    async def facts(self) -> Mapping[str, tuple[Mapping[str, object], datetime]]:
        """Return what is known of each site, and since when."""
        await self._catch_up()
        return await unbroken(read_facts(self._database))

    async def identities(self, sites: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        """Return what was kept of each of `sites`, by the addresses that stand for them."""
        await self._catch_up()
        return await unbroken(read_identities(self._database, sites))

    async def put_identity(self, site: str, identity: Mapping[str, object]) -> None:
        """Queue what a site is, in place of what it was."""
        self._database.check()
        text = encode_value(identity)
        await self._writer.put(Row("", site, IDENTITY, text, self._database.now()))

    def fingerprint(self, *credential: str) -> str:
        """Return what stands for a credential; it says nothing without this user's key.

        Raises:
            JournalError: The key cannot be read.
        """
        self._key = self._key or read_key(self.key_file)
        return fingerprint(self._key, *credential)

    async def rejected(self, site: str, fingerprint: str) -> datetime | None:
        """Return when a site rejected a credential, or None where it has not."""
        return await self._rejections.at(site, fingerprint)

    async def reject(self, site: str, fingerprint: str) -> None:
        """Put on record that a site rejected a credential; durable."""
        await unbroken(reject_credential(self._database, site, fingerprint))

    async def forget(self, site: str) -> None:
        """Forget what a site is and which credentials it rejected; durable."""
        await self._catch_up()
        await unbroken(forget_site(self._database, site))

    async def acquire(
        self, run_id: str, sites: Sequence[str], owner: Owner, ttl: float = LEASE_SECONDS
    ) -> Lease:
        """Take the right to change all of `sites`, or none of them.

        Args:
            run_id: The run that will hold it.
            sites: Keys of the sites.
            owner: Who runs it.
            ttl: Seconds it lasts without a heartbeat.

        Raises:
            LockHeld: A run holds some of them; the message names it, its owner and its age.
        """
        return await unbroken(acquire_lease(self._database, run_id, sites, owner, ttl))

    async def renew(self, lease: Lease, ttl: float = LEASE_SECONDS) -> None:
        """Give the heartbeat of a lease, also of one that expired and nobody took.

        Raises:
            LeaseLost: It was taken over or unlocked.
        """
        await unbroken(renew_lease(self._database, lease, ttl))

    async def release(self, lease: Lease) -> None:
        """Give the sites back; nothing happens where the lease is gone already."""
        await unbroken(release_lease(self._database, lease))

    async def leases(self) -> list[HeldLease]:
        """Return every lease, oldest first, expired ones too until their sites are needed."""
        return await unbroken(read_leases(self._database))

    async def unlock(self, run_id: str) -> HeldLease:
        """Take its sites from a run, and return what it held.

        Raises:
            InputError: It holds nothing.
        """
        return await unbroken(take_away(self._database, run_id))

    async def prune(self, *, keep_days: int, keep_runs: int) -> int:
        """Forget whole runs, oldest first, and return how many.

        A run is kept when it is younger than `keep_days`, one of the `keep_runs` newest, or
        holds a lease.
        """
        await self._catch_up()
        return await prune_runs(self._database, keep_days, keep_runs)

    async def _named(self, run_id: str) -> str:
        await self._catch_up()
        return await unbroken(named_run(self._database, run_id))

    async def _catch_up(self) -> None:
        """Let a reader see what was recorded before it asked."""
        if not self._writer.idle and self._database.failure is None:
            await self._writer.flush()
