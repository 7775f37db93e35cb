"""A run that several workers share: the record of each part, for the worker that claimed it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from fleet.journal.claims import outcomes_of, take_claim
from fleet.journal.codec import encode_result
from fleet.journal.database import Database, unbroken
from fleet.journal.meant import add_intents, unsettled_of
from fleet.journal.records import Claim, Intent, Lease, Owner, StoredIntent
from fleet.journal.writer import Row, Writer
from fleet.results import SiteResult, Status

__all__ = ["Claimed", "Claims"]


class Claimed:
    """Intents and results of a part, refused once another worker has claimed it.

    Args:
        database: The journal's connections.
        writer: Writes results; of this part only.
        claim: What the part was claimed by.
    """

    def __init__(self, database: Database, writer: Writer, claim: Claim) -> None:
        self._database = database
        self._writer = writer
        self._claim = claim

    async def intend(self, site: str, intents: Sequence[Intent], lease: Lease | None) -> None:
        """Put on record what is about to be changed; durable when it returns.

        Raises:
            LeaseLost: The run has lost its lease, or the worker its part; nothing was written.
        """
        run_id = self._claim.run_id
        if self._writer.is_waiting(run_id, site):
            await self.flush()
        await unbroken(add_intents(self._database, run_id, site, intents, lease, self._claim))

    async def record(self, result: SiteResult, text: str | None = None) -> None:
        """Queue how a site ended; see `Journal.record`.

        Raises:
            LeaseLost: Results before it came too late: another worker has the part.
        """
        self._database.check()
        row = Row(
            self._claim.run_id,
            result.site,
            result.status.value,
            text or encode_result(result),
            self._database.now(),
            settles=bool(result.keys) and result.status is not Status.UNKNOWN,
            claim=self._claim,
        )
        await self._writer.put(row)

    async def flush(self) -> None:
        """Return when every result queued before is durable.

        Raises:
            LeaseLost: They came too late.
        """
        await self._writer.flush()
        self._database.check()

    async def ended(self, sites: Sequence[str]) -> Mapping[str, SiteResult]:
        """Return how those of `sites` ended that have."""
        return await unbroken(outcomes_of(self._database, self._claim.run_id, sites))

    async def unsettled(self, sites: Sequence[str]) -> Mapping[str, Sequence[StoredIntent]]:
        """Return by site what was meant to be changed and has no known outcome."""
        return await unbroken(unsettled_of(self._database, self._claim.run_id, sites))


class Claims:
    """What workers that share a run know of each other.

    Args:
        database: The journal's connections.
        writer: Writes results.
        catch_up: Lets a reader see what was recorded before it asked.
    """

    def __init__(
        self, database: Database, writer: Writer, catch_up: Callable[[], Awaitable[None]]
    ) -> None:
        self._database = database
        self._writer = writer
        self._catch_up = catch_up

    async def take(self, run_id: str, part: str, owner: Owner) -> Claimed:
        """Return the record of a part of a run, which is taken over from whoever had it."""
        claim = await unbroken(take_claim(self._database, run_id, part, owner))
        return Claimed(self._database, self._writer, claim)

    async def outcomes(self, run_id: str, sites: Sequence[str]) -> Mapping[str, SiteResult]:
        """Return how those of `sites` ended that have ended in a run."""
        await self._catch_up()
        return await unbroken(outcomes_of(self._database, run_id, sites))

    async def unsettled(
        self, run_id: str, sites: Sequence[str]
    ) -> Mapping[str, Sequence[StoredIntent]]:
        """Return by site what a run meant to change and nobody knows the outcome of."""
        await self._catch_up()
        return await unbroken(unsettled_of(self._database, run_id, sites))
