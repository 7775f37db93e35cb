"""One visit: everything that happens on one site, ending in one `SiteResult` whatever happens.

This is the boundary where errors become data. Above it no site's trouble is an exception.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
from pydantic import SecretStr

from fleet.config import Settings
from fleet.errors import SiteError
from fleet.inventory.model import Site
from fleet.inventory.secrets import SecretRef
from fleet.operations.base import Decision, Operation, Query, Sourced, Task, WriteLog
from fleet.results import KeyResult, SiteResult, Status, Usage, Verdict, status_of
from fleet.site.client import JetpackClient, JetpackReader
from fleet.site.session import SiteSession, open_session
from fleet.site.transport import Connections, Meter

__all__ = ["Visitor"]

Work = Callable[[SiteSession], Awaitable[SiteResult]]


@dataclass(slots=True)
class _Turn:
    """What one visit has done so far."""

    site: Site
    scope: anyio.CancelScope
    meter: Meter = field(default_factory=Meter)
    log: WriteLog = field(default_factory=WriteLog)

    def ended(self, status: Status, **facts: Any) -> SiteResult:
        return SiteResult(self.site.name, str(self.site.url), status, **facts)

    def failed(self, error: SiteError) -> SiteResult:
        return SiteResult.from_error(self.site.name, str(self.site.url), error)


class Visitor:
    """Makes the visits of one run.

    Args:
        connections: The run's connection pools.
        settings: The run's settings.
        secrets: Resolved secrets of the run's sites.
        dry_run: True to stop before anything is written.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        connections: Connections,
        settings: Settings,
        secrets: Mapping[SecretRef, SecretStr],
        *,
        dry_run: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections = connections
        self._settings = settings
        self._secrets = secrets
        self._dry_run = dry_run
        self._clock = clock
        self._scopes: dict[int, anyio.CancelScope] = {}

    async def visit(self, site: Site, task: Task) -> SiteResult:
        """Return how `task` ended on `site`; never raises anything but a cancellation."""
        turn = self._turn(site)
        if site.paused:
            return turn.ended(Status.SKIPPED, message="paused in the inventory")
        if isinstance(task, Query):
            return await self._guarded(turn, lambda session: _collect(session, task, turn))
        if isinstance(task, Operation):
            return await self._guarded(turn, lambda session: self._operate(session, task, turn))
        raise TypeError(f"{type(task).__name__} is neither a query nor an operation")

    async def draw(self, site: Site, order: Sourced) -> Operation[Any] | SiteResult:
        """Return the operation that `order` makes of `site`, or why it could not be read."""
        turn = self._turn(site)
        drawn: list[Operation[Any]] = []

        async def work(session: SiteSession) -> SiteResult:
            drawn.append(await order.draw(JetpackReader(session.get, session.page)))
            return turn.ended(Status.UNCHANGED)

        result = await self._guarded(turn, work)
        return drawn[0] if drawn else result

    def abort(self) -> None:
        """End every visit at once; each still returns its result."""
        for scope in self._scopes.values():
            scope.cancel()

    def _turn(self, site: Site) -> _Turn:
        return _Turn(site, anyio.CancelScope())

    async def _guarded(self, turn: _Turn, work: Work) -> SiteResult:
        started = self._clock()
        result = await self._caught(turn, work)
        meter = turn.meter
        return replace(
            result,
            usage=Usage(
                requests=meter.requests,
                writes=meter.writes,
                logins=meter.logins,
                received=meter.received,
                seconds=self._clock() - started,
            ),
        )

    async def _caught(self, turn: _Turn, work: Work) -> SiteResult:
        """Return the result of `work`, or of the trouble, the deadline or the abort it met."""
        seconds = turn.site.http.deadline
        result: SiteResult | None = None
        self._scopes[id(turn)] = turn.scope
        try:
            with turn.scope, anyio.move_on_after(seconds) as deadline:
                result = await self._in_session(turn, work)
        except SiteError as error:
            return turn.failed(error)
        except Exception as error:  # noqa: BLE001 - the boundary: a bug of ours ends one site
            return turn.failed(SiteError("internal.bug", _where(error)))
        finally:
            del self._scopes[id(turn)]
        return result or _cut_off(turn, f"not done within {seconds:g} s", deadline.cancelled_caught)

    async def _in_session(self, turn: _Turn, work: Work) -> SiteResult:
        password = self._secrets[turn.site.auth.password]
        async with open_session(
            turn.site, password, self._connections, self._settings, turn.meter
        ) as session:
            return await work(session)

    async def _operate(
        self, session: SiteSession, operation: Operation[Any], turn: _Turn
    ) -> SiteResult:
        reader = JetpackReader(session.get, session.page)
        before = await operation.observe(reader)
        decision = operation.decide(before)
        if self._dry_run:
            pending = tuple(_pending(operation, decision))
            return _settle(turn, decision, pending)
        trouble: SiteError | None = None
        try:
            if decision.changes:
                client = JetpackClient(session)
                await operation.enact(client, before, decision.changes, turn.log)
        except SiteError as error:
            if not turn.log.sent:
                raise
            trouble = error
        after = None
        if turn.log.sent:
            try:
                after = await operation.reread(reader, before, decision.changes)
            except SiteError as error:
                trouble = trouble or error
        judged = operation.judge(before, after, decision.changes, turn.log, trouble)
        return _settle(turn, decision, judged)


async def _collect(session: SiteSession, query: Query, turn: _Turn) -> SiteResult:
    data = await query.collect(JetpackReader(session.get, session.page))
    return turn.ended(Status.UNCHANGED, data=data)


def _pending(operation: Operation[Any], decision: Decision) -> list[KeyResult]:
    return [
        KeyResult(
            change.key,
            Verdict.DRIFT,
            operation.shown(change.key, change.before),
            operation.shown(change.key, change.after),
            operation.shown(change.key, change.before),
        )
        for change in decision.changes
    ]


def _settle(turn: _Turn, decision: Decision, ended: tuple[KeyResult, ...]) -> SiteResult:
    keys = tuple(sorted((*decision.settled, *ended), key=lambda key: key.key))
    status, kind = status_of(keys)
    bad = [key for key in keys if not key.verdict.good and key.verdict is not Verdict.DRIFT]
    message = ""
    if bad:
        worst = min(bad, key=lambda key: key.reason.startswith(("not applied", "not sent")))
        message = f"{len(bad)} of {len(keys)} keys, first {worst.key}: {worst.reason}"
    return turn.ended(status, kind=kind, message=message, keys=keys, notes=decision.notes)


def _cut_off(turn: _Turn, late: str, timed_out: bool) -> SiteResult:
    """Return the result of a visit that was not allowed to end by itself."""
    reason = late if timed_out else "interrupted"
    if turn.log.sent:
        return turn.ended(
            Status.UNKNOWN,
            kind="write.unconfirmed",
            message=f"{reason} after a change was sent and before it was read again",
        )
    if timed_out:
        return turn.failed(SiteError("net.timeout", reason))
    return turn.ended(Status.NOT_STARTED, message="interrupted before anything was changed")


def _where(error: Exception) -> str:
    """Return the type and place of a bug; never its text, which may hold anything."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
