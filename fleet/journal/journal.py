"""`Journal`: the one face of the record, over SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

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
from fleet.results import Event, RunFinished, RunReport, RunStarted, SiteResult

__all__ = ["Journal", "open_journal"]


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_journal(
    store: str | None = None,
    *,
    now: Callable[[], datetime] = _now,
    flush_rows: int = 200,
    flush_seconds: float = 0.2,
    patience: float = 10.0,
) -> AsyncIterator[Journal]:
    """Yield the journal kept in `store`, made or brought up to date where needed.

    Args:
        store: A path, ``sqlite:///path`` or ``postgresql://...``; None for the user's own file.
        now: The time, with time zone.
        flush_rows: Results written at once.
        flush_seconds: How long a result may wait for others.
        patience: Seconds to wait for another process that writes.

    Raises:
        InputError: `store` is none of these.
        JournalError: It cannot be opened; the message says what to do.
    """
    raise NotImplementedError
    yield Journal()


class Journal:
    """The record of every run.

    Every method raises `JournalError` when the database fails. After the first write that failed
    every later one is refused, so that nothing goes on without its record.
    """

    async def begin(
        self,
        start: RunStarted,
        *,
        kind: str = "run",
        owner: Owner,
        parent: str | None = None,
        document: Mapping[str, object] | None = None,
    ) -> None:
        """Put a run and its sites on record; durable when it returns.

        Args:
            start: The run.
            kind: ``run``, ``audit``, ``plan``, ``apply`` or ``rollback``.
            owner: Who runs it.
            parent: The run it belongs to.
            document: JSON kept with it, such as a plan.
        """
        raise NotImplementedError

    async def reopen(self, run_id: str, owner: Owner) -> None:
        """Let a run go on: it is no longer finished, interrupted or halted.

        Raises:
            InputError: There is no such run.
        """
        raise NotImplementedError

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
            LeaseLost: The lease no longer holds that site; nothing was put on record.
        """
        raise NotImplementedError

    async def record(self, run_id: str, result: SiteResult) -> None:
        """Queue how a site ended; written soon, together with others.

        Raises:
            JournalError: An earlier result could not be written.
        """
        raise NotImplementedError

    async def note(self, run_id: str, name: str, value: object) -> None:
        """Keep a named JSON fact of a run, in place of an earlier one; durable."""
        raise NotImplementedError

    async def notes(self, run_id: str) -> Mapping[str, object]:
        """Return the named facts of a run."""
        raise NotImplementedError

    async def flush(self) -> None:
        """Return when everything recorded so far is durable."""
        raise NotImplementedError

    async def finish(self, run_id: str, end: RunFinished) -> None:
        """Put the end of a run on record, after everything recorded before; durable.

        Raises:
            InputError: There is no such run.
        """
        raise NotImplementedError

    async def run(self, run_id: str) -> RunRow:
        """Return one run.

        Args:
            run_id: Its name, the start of its name, or ``last`` for the newest.

        Raises:
            InputError: No run is meant, or more than one.
        """
        raise NotImplementedError

    async def runs(self, limit: int = 50, kind: str | None = None) -> list[RunRow]:
        """Return runs, newest first, all kinds or one."""
        raise NotImplementedError

    async def events(self, run_id: str) -> AsyncIterator[Event]:
        """Yield the events of a run; `RunReport.fold` makes its report of them.

        Raises:
            InputError: As `run`.
        """
        raise NotImplementedError
        yield

    async def outcomes(self, run_id: str) -> AsyncIterator[Outcome]:
        """Yield how each site ended, in the order of the run's sites, without keeping them.

        Raises:
            InputError: As `run`.
        """
        raise NotImplementedError
        yield

    async def report(self, run_id: str) -> RunReport:
        """Return the report of a run.

        Raises:
            InputError: As `run`.
        """
        raise NotImplementedError

    async def intents(self, run_id: str) -> list[StoredIntent]:
        """Return what a run meant to change, in the order it was meant last.

        Raises:
            InputError: As `run`.
        """
        raise NotImplementedError

    async def use_plan(self, plan_id: str, run_id: str) -> None:
        """Mark a plan as applied; durable.

        Raises:
            Refused: It was applied before; the message says by which run and when.
        """
        raise NotImplementedError

    async def put_facts(self, site: str, facts: Mapping[str, object]) -> None:
        """Queue what is known of a site, in place of what was known before."""
        raise NotImplementedError

    async def facts(self) -> Mapping[str, tuple[Mapping[str, object], datetime]]:
        """Return what is known of each site, and since when."""
        raise NotImplementedError

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
        raise NotImplementedError

    async def renew(self, lease: Lease, ttl: float = LEASE_SECONDS) -> None:
        """Give the heartbeat of a lease, also of one that expired and nobody took.

        Raises:
            LeaseLost: It was taken over or unlocked.
        """
        raise NotImplementedError

    async def release(self, lease: Lease) -> None:
        """Give the sites back; nothing happens where the lease is gone already."""
        raise NotImplementedError

    async def leases(self) -> list[HeldLease]:
        """Return every lease, oldest first, expired ones too until somebody needs their sites."""
        raise NotImplementedError

    async def unlock(self, run_id: str) -> HeldLease:
        """Take its sites from a run, and return what it held.

        Raises:
            InputError: It holds nothing.
        """
        raise NotImplementedError

    async def prune(self, *, keep_days: int, keep_runs: int) -> int:
        """Forget whole runs, oldest first, and return how many.

        A run is kept when it is younger than `keep_days`, one of the `keep_runs` newest, or
        holds a lease.
        """
        raise NotImplementedError
