"""Results that come back from other machines: each is told once, and none is lost."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from fleet.engine.engines import Emit, Ended
from fleet.engine.parts import Part
from fleet.inventory.model import Site
from fleet.journal.codec import decode_result
from fleet.journal.journal import Journal
from fleet.journal.records import Owner
from fleet.results import SiteFinished, SiteResult, SiteStarted, Status

__all__ = ["Deliveries"]


class Deliveries:
    """Takes the results of parts that are under way.

    Args:
        journal: The shared journal, which has every result before it is told.
        run_id: The run.
        ended: Records a result in the report.
        emit: Takes the events.
    """

    def __init__(self, journal: Journal, run_id: str, ended: Ended, emit: Emit) -> None:
        self._claims = journal.claims
        self._run_id = run_id
        self._ended = ended
        self._emit = emit
        self._awaited: dict[str, Site] = {}
        self._lock = anyio.Lock()

    def expect(self, part: Part) -> None:
        """Await the results of a part."""
        self._awaited.update((site.name, site) for site in part.sites)

    async def take(self, texts: Sequence[str]) -> None:
        """Take results as a worker tells them; what was told before is passed over."""
        async with self._lock:
            for text in texts:
                await self._one(decode_result(text))

    async def close(self, part: Part, trouble: str | None) -> None:
        """Take what the journal has of a part that has ended, and settle the rest.

        A site without a result was not visited, or nobody knows what became of a change.

        Args:
            part: The part.
            trouble: Why it ended early, if it did. Its worker may still be at work then, so the
                part is taken from it first: what is told of its sites here has to stay true.
        """
        async with self._lock:
            if trouble is not None:
                await self._claims.take(self._run_id, part.name, Owner.here())
            names = [site.name for site in part.sites if site.name in self._awaited]
            found = await self._claims.outcomes(self._run_id, names)
            unsettled = await self._claims.unsettled(self._run_id, names)
            for name in names:
                if name in found:
                    await self._one(found[name])
                elif name in unsettled:
                    await self._one(self._unknown(name, trouble or "the run was stopped"))
                else:
                    del self._awaited[name]

    async def _one(self, result: SiteResult) -> None:
        if self._awaited.pop(result.site, None) is None:
            return
        self._emit(SiteStarted(result.site))
        self._emit(SiteFinished(await self._ended(result)))

    def _unknown(self, name: str, trouble: str) -> SiteResult:
        site = self._awaited[name]
        message = f"a change was meant, and its outcome is not on record: {trouble}"
        return SiteResult(
            name, str(site.url), Status.UNKNOWN, kind="write.unconfirmed", message=message
        )
