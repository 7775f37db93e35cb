"""The one task that writes results, many at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from fleet.errors import JournalError, LeaseLost
from fleet.journal.records import Claim
from fleet.results import SiteResult

__all__ = ["IDENTITY", "Row", "Writer"]

IDENTITY = "identity"
"""Status of a row that is neither a result nor facts, but what a site is."""

_BATCHES_AHEAD = 5
"""How many batches may wait before whoever has more must wait too."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row that may wait for others.

    Args:
        run_id: The run it belongs to; empty for facts and identities.
        site: The site it is about.
        status: How the site ended; empty for facts, `IDENTITY` for what the site is.
        text: The result, the facts or the identity.
        at: When it was recorded.
        settles: Whether it tells what became of the keys that were meant to be changed.
        result: The result itself, for the history of findings.
    """

    run_id: str
    site: str
    status: str
    text: str
    at: datetime
    settles: bool = False
    claim: Claim | None = None
    result: SiteResult | None = field(default=None, compare=False)


class Writer:
    """Takes rows from many tasks and writes them in batches, in order.

    Args:
        write: Makes a batch durable.
        rows: Rows of a full batch.
        seconds: How long the first row of a batch waits for others.
    """

    def __init__(
        self, write: Callable[[Sequence[Row]], Awaitable[None]], rows: int, seconds: float
    ) -> None:
        self._write = write
        self._rows = rows
        self._seconds = seconds
        # A future is a flush: its place in the queue is what has to be durable before it is done.
        self._queue = asyncio.Queue[Row | asyncio.Future[None]](rows * _BATCHES_AHEAD)
        # Set when it is no use to wait for more: a batch is full, or somebody waits for it.
        self._due = asyncio.Event()
        self._lacking = rows
        self._waiting = Counter[tuple[str, str]]()
        self._error: Exception | None = None
        self._told = False
        self._task = asyncio.create_task(self._run(), name="journal writer")

    def is_waiting(self, run_id: str, site: str) -> bool:
        """Return whether a row of that site is not durable yet."""
        return self._waiting[run_id, site] > 0

    @property
    def idle(self) -> bool:
        """Return whether everything is durable."""
        return not +self._waiting

    async def put(self, row: Row) -> None:
        """Queue a row, waiting while the queue is full.

        Raises:
            JournalError: Rows before it could not be written.
            LeaseLost: The part they belong to was taken over.
        """
        self._check()
        self._waiting[row.run_id, row.site] += 1
        try:
            await self._queue.put(row)
        except asyncio.CancelledError:
            self._written([row])
            raise
        if self._queue.qsize() >= self._lacking:
            self._due.set()
        self._check()

    async def flush(self) -> None:
        """Return when every row queued before is durable.

        Raises:
            JournalError: One of them could not be written.
            LeaseLost: The part they belong to was taken over.
        """
        self._check()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._queue.put(done)
        self._due.set()
        await done
        self._check()

    async def close(self) -> None:
        """Write what is queued and end the task.

        Raises:
            JournalError: Rows were lost, and nobody was told so yet.
        """
        try:
            if self._error is None:
                await self.flush()
            elif not self._told:
                self._check()
        finally:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _check(self) -> None:
        if self._error is None:
            return
        self._told = True
        if isinstance(self._error, LeaseLost):
            raise LeaseLost(str(self._error)) from self._error
        if isinstance(self._error, JournalError):
            raise JournalError(str(self._error)) from self._error
        raise JournalError("results could not be written, by a bug of fleet") from self._error

    async def _run(self) -> None:
        while True:
            rows, flushes = await self._batch()
            try:
                # After a failure the queue is only emptied, so that nobody waits for it.
                if rows and self._error is None:
                    await self._write(rows)
            except Exception as error:  # noqa: BLE001 - raised to whoever writes next
                self._error = error
            finally:
                self._written(rows)
                for flush in flushes:
                    if not flush.done():
                        flush.set_result(None)

    async def _batch(self) -> tuple[list[Row], list[asyncio.Future[None]]]:
        """Return the next rows to write, and who waits for them."""
        rows: list[Row] = []
        item = await self._queue.get()
        end = asyncio.get_running_loop().time() + self._seconds
        while not isinstance(item, asyncio.Future):
            rows.append(item)
            if len(rows) >= self._rows or not await self._more(end, self._rows - len(rows)):
                return rows, []
            item = self._queue.get_nowait()
        return rows, [item]

    async def _more(self, end: float, lacking: int) -> bool:
        """Return whether something waits, at once or after the time that a batch has.

        Nobody is woken for a single row: that costs more than the row.
        """
        if self._queue.empty():
            self._due.clear()
            self._lacking = lacking
            with suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    await self._due.wait()
        return not self._queue.empty()

    def _written(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._waiting[row.run_id, row.site] -= 1
            if not self._waiting[row.run_id, row.site]:
                del self._waiting[row.run_id, row.site]
