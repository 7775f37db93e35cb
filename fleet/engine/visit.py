"""One visit: everything that happens on one site, ending in one `SiteResult` whatever happens.

This is the boundary where errors become data. Above it no site's trouble is an exception.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Protocol, cast

import anyio
from anyio import to_thread
from pydantic import SecretStr

from fleet.config import Settings
from fleet.engine.guarding import Guards
from fleet.engine.leaving import keep_session
from fleet.engine.overheard import overheard
from fleet.engine.sessions import KeptSessions
from fleet.engine.stop import Stop
from fleet.engine.turn import Turn
from fleet.engine.watch import Watch
from fleet.errors import SiteError
from fleet.inventory.model import Site
from fleet.inventory.secrets import SecretRef
from fleet.journal.records import Intent
from fleet.operations.base import Operation, Query, Sourced, Task, WriteLog
from fleet.redaction import MASK, Accounts, Redactor
from fleet.results import Change, SiteResult, Status
from fleet.site.client import JetpackClient, JetpackReader
from fleet.site.health import HealthCheck, check_health
from fleet.site.opening import open_session
from fleet.site.remembered import Outdated, Remembered
from fleet.site.session import SiteSession
from fleet.site.transport import Connections, Meter, Observer

__all__ = ["Intend", "Visitor"]

Work = Callable[[SiteSession], Awaitable[SiteResult]]
_MUCH = 500_000
"""Bytes of answers from which on a result may be long."""

_READ_BACK = 15.0
"""Seconds beyond a site's deadline for reading what became of a change that was sent."""


_VISITS = 3
"""Visits of a site at most, where this machine slept through those before."""

_OUTDATED = 30.0
"""Seconds of sleep after which what was read is read again before anything is changed."""

_OURS = frozenset(
    {
        "net.dns",
        "net.refused",
        "net.reset",
        "net.timeout",
        "proto.truncated",
        "site.unhealthy",
        "write.unconfirmed",
    }
)
"""What a site seems to do while this machine is not listening."""


class Intend(Protocol):
    """Puts what is about to be changed on record."""

    async def __call__(self, site: Site, intents: Sequence[Intent]) -> None:
        """Return when the intents are safe on record.

        Raises:
            SiteError: They are not, so nothing may be sent.
        """


class Visitor:
    """Makes the visits of one run.

    Args:
        connections: The run's connection pools.
        settings: The run's settings.
        secrets: Resolved secrets of the run's sites.
        dry_run: True to stop before anything is written.
        intend: Puts changes on record before they are sent; None keeps no record.
        checks: What has to hold of a site after it was changed.
        watch: Tells what this machine has missed.
        stop: Keeps visits from being made again.
        guards: Decide whether a password may be sent; None lets every one.
        observer: Returns who is told of the exchanges with a site.
        sessions: What earlier runs left of the sites; None begins each in full.
    """

    def __init__(  # noqa: PLR0913 - all that visits of a run share
        self,
        connections: Connections,
        settings: Settings,
        secrets: Mapping[SecretRef, SecretStr],
        *,
        dry_run: bool = False,
        intend: Intend | None = None,
        checks: Sequence[HealthCheck] = (),
        watch: Watch | None = None,
        stop: Stop | None = None,
        guards: Guards | None = None,
        observer: Callable[[Site], Observer | None] = lambda _: None,
        sessions: KeptSessions | None = None,
    ) -> None:
        self._observer = observer
        self._sessions = sessions
        self._connections = connections
        self._settings = settings
        self._secrets = secrets
        self._dry_run = dry_run
        self._intend = intend
        self._checks = tuple(checks)
        self._watch = watch or Watch()
        self._stop = stop or Stop()
        self._guards = guards
        self._turns: dict[int, Turn] = {}
        self._words: tuple[Task, str] | None = None
        self._accounts = Accounts()

    async def visit(self, site: Site, task: Task) -> SiteResult:
        """Return how `task` ended on `site`; never raises anything but a cancellation."""
        turn = self._turn(site, task)
        if site.paused:
            return turn.ended(Status.SKIPPED, message="paused in the inventory")
        if isinstance(task, Query):
            return await self._guarded(turn, lambda session: _collect(session, task, turn))
        if isinstance(task, Operation):
            return await self._guarded(turn, lambda session: self._operate(session, task, turn))
        raise TypeError(f"{type(task).__name__} is neither a query nor an operation")

    async def draw(self, site: Site, order: Sourced) -> tuple[Operation[Any] | None, SiteResult]:
        """Return the operation that `order` makes of `site`, if any, and how the site ended.

        The site has to be as wanted itself, so the operation runs on it in the same visit.
        """
        turn = self._turn(site, order)
        drawn: list[Operation[Any]] = []

        async def work(session: SiteSession) -> SiteResult:
            operation = await order.draw(_reader(session))
            turn.refuse_to_spread(_parts(operation))
            drawn.append(operation)
            return await self._operate(session, operation, turn)

        result = await self._guarded(turn, work)
        return (drawn[-1] if drawn else None), result

    def abort(self) -> None:
        """End every visit at once; each still returns its result."""
        for turn in self._turns.values():
            turn.abort()

    def _turn(self, site: Site, task: Task) -> Turn:
        async def intend(changes: tuple[Change, ...]) -> None:
            if self._intend is not None and turn.operation is not None:
                intents = [_intent(turn.operation, change, turn.redactor) for change in changes]
                await self._intend(site, intents)
            if (missed := self._watch.missed(turn.began)) >= _OUTDATED:
                raise SiteError("net.timeout", _stood_still(missed), sent=False)

        meter = Meter(observer=self._observer(site))
        redactor = self._redactor(site, task)
        turn = Turn(site, WriteLog(intend), redactor, meter)
        return turn

    def _redactor(self, site: Site, task: Task) -> Redactor:
        """Return what takes the site's secrets out of what is told; our own words stay."""
        secret = self._secrets.get(site.auth.password)
        password = secret.get_secret_value() if secret else ""
        known = (site.name, str(site.url), self._words_of(task))
        return self._accounts.redactor(site.auth.username, password, known)

    def _words_of(self, task: Task) -> str:
        """Return the parameters of a task as text; many sites in a row have the same task."""
        if self._words is None or self._words[0] is not task:
            self._words = task, json.dumps(task.parameters())
        return self._words[1]

    async def _guarded(self, turn: Turn, work: Work) -> SiteResult:
        started = time.monotonic()
        try:
            result = await self._awake(turn, work)
        finally:
            turn.log.end()
        if turn.meter.received < _MUCH:
            result = turn.redactor.result(result)
        else:
            # A flood of text takes seconds to search; other sites need the loop meanwhile.
            result = await to_thread.run_sync(turn.redactor.result, result)
        return turn.with_usage(result, time.monotonic() - started)

    async def _awake(self, turn: Turn, work: Work) -> SiteResult:
        """Return the result of a visit that this machine was awake for, or that says it was not.

        What failed while nothing could be done here is done again with new connections, except a
        login: a password that was rejected unheard must not be sent twice.
        """
        missed = 0.0
        for _ in range(_VISITS):
            turn.begin(self._watch.now())
            result = await self._caught(turn, work)
            missed = self._watch.missed(turn.began)
            if not missed or not _may_be_ours(result):
                return result
            if turn.log.sent:
                return await self._read_late(turn, result, missed)
            if turn.login_open or self._stop.draining.is_set():
                break
        message = f"{_stood_still(missed)}, and nothing was changed"
        return turn.ended(Status.NOT_STARTED, message=message)

    async def _read_late(self, turn: Turn, first: SiteResult, missed: float) -> SiteResult:
        """Return what became of a change whose answer we missed; `first` where nobody can tell."""
        operation, changes = turn.operation, turn.decision.changes if turn.decision else ()
        if operation is None or self._stop.aborting.is_set():
            return first
        slept, read = SiteError("net.timeout", _stood_still(missed)), False

        async def work(session: SiteSession) -> SiteResult:
            nonlocal read
            reader = _reader(session)
            after = await operation.reread(reader, turn.before, changes)
            judged = operation.judge(turn.before, after, changes, turn.log, slept)
            read = True
            return await self._checked(turn, turn.settled(list(judged)))

        turn.begin(self._watch.now())
        later = await self._caught(turn, work)
        result = later if read else first
        if result.status is Status.UNKNOWN or not _may_be_ours(result):
            return result
        # Not the site's refusal, and something that resuming the run makes good.
        return replace(result, status=Status.UNKNOWN, kind="write.unconfirmed")

    async def _caught(self, turn: Turn, work: Work) -> SiteResult:
        """Return the result of `work`, or of the trouble, the deadline or the abort it met."""
        result: SiteResult | None = None
        self._turns[id(turn)] = turn
        try:
            with turn.limit:
                result = await self._in_session(turn, work)
        except SiteError as error:
            return turn.failed(error)
        except Exception as error:  # noqa: BLE001 - the boundary: a bug of ours ends one site
            return turn.broken(error)
        finally:
            del self._turns[id(turn)]
        late = not turn.aborted
        reason = f"not done within {turn.site.http.deadline:g} s" if late else "interrupted"
        return result or turn.cut_off(reason, timed_out=late)

    async def _in_session(self, turn: Turn, work: Work) -> SiteResult:
        """Return the result of `work` in the session of an earlier run, or else in a new one."""
        password = self._secrets[turn.site.auth.password]
        if self._sessions is None:
            return await self._within(turn, work, password)
        warm = self._sessions.get(turn.site, password)
        if warm is not None:
            turn.hear(warm)
            try:
                return await self._within(turn, work, password, warm)
            except Outdated:
                if turn.log.sent:
                    raise
                turn.opened = False
                self._sessions.forget(turn.site, password)
        return await self._within(turn, work, password)

    async def _within(
        self, turn: Turn, work: Work, password: SecretStr, warm: Remembered | None = None
    ) -> SiteResult:
        connections = overheard(self._connections, turn.redactor.add)
        guard = self._guards.of(turn, password) if self._guards else None

        async def repeat() -> None:
            if self._intend is not None:
                await self._intend(turn.site, ())

        async with open_session(
            turn.site, password, connections, self._settings, turn.meter, guard, repeat, warm
        ) as session:
            turn.opened = True
            try:
                return await work(session)
            finally:
                if self._sessions is not None:
                    of_site = (turn.site, password, session, warm)
                    keep_session(self._sessions, *of_site, self._accounts)

    async def _operate(
        self, session: SiteSession, operation: Operation[Any], turn: Turn
    ) -> SiteResult:
        reader = _reader(session)
        before = await operation.observe(reader)
        turn.before, turn.operation, turn.decision = before, operation, operation.decide(before)
        changes = turn.decision.changes
        if self._dry_run:
            return turn.pending()
        trouble = await self._write(session, before, turn) if changes else None
        if trouble is not None and not turn.log.sent:
            raise trouble
        after = None
        if turn.log.sent:
            try:
                after = await operation.reread(reader, before, changes)
            except SiteError as error:
                trouble = trouble or error
        judged = operation.judge(before, after, changes, turn.log, trouble)
        return await self._checked(turn, turn.settled(list(judged)))

    async def _write(self, session: SiteSession, before: object, turn: Turn) -> SiteError | None:
        """Send the writes and return what broke them off.

        The site's deadline ends the sending; reading back then has seconds of its own, since
        whoever waited for a change has to be told what became of it.
        """
        operation, changes = turn.operation, turn.decision.changes if turn.decision else ()
        if operation is None:
            raise RuntimeError("nothing is known to be written")
        deadline = turn.limit.deadline
        turn.limit.deadline += _READ_BACK
        with anyio.CancelScope(deadline=deadline) as sending:
            try:
                await operation.enact(JetpackClient(session), before, changes, turn.log)
            except SiteError as error:
                return error
        if not sending.cancelled_caught:
            return None
        seconds = f"{turn.site.http.deadline:g} s"
        sent = bool(turn.log.sent)
        return SiteError("net.timeout", f"not done within {seconds}", sent=sent)

    async def _checked(self, turn: Turn, result: SiteResult) -> SiteResult:
        """Return `result`, or how a changed site failed its checks."""
        if not self._checks or result.status not in (Status.CHANGED, Status.PARTIAL):
            return result
        # What the keys are is proven already, whatever becomes of the checks.
        turn.proven = result
        patience = sum(check.within for check in self._checks)
        turn.limit.deadline = max(turn.limit.deadline, anyio.current_time() + patience + 1)
        fault = await check_health(turn.site, self._checks, self._connections, turn.meter)
        return turn.unhealthy(result, fault) if fault else result


def _reader(session: SiteSession) -> JetpackReader:
    nested, flat = session.nested, session.take_no_nested
    return JetpackReader(session.get, session.page, nested=nested, flat=flat)


def _parts(operation: Operation[Any]) -> dict[str, object]:
    """Return all that an operation was made of."""
    made_of = fields(cast("Any", operation))
    return {field.name: getattr(operation, field.name) for field in made_of}


async def _collect(session: SiteSession, query: Query, turn: Turn) -> SiteResult:
    data = await query.collect(_reader(session))
    return turn.ended(Status.UNCHANGED, data=data)


def _may_be_ours(result: SiteResult) -> bool:
    """Return whether a site may seem to have done so only because nobody listened here."""
    return not _OURS.isdisjoint({result.kind, *(key.kind for key in result.keys)})


def _stood_still(seconds: float) -> str:
    return f"this machine slept or stood still for {seconds:.0f} s"


def _intent(operation: Operation[Any], change: Change, redactor: Redactor) -> Intent:
    """Return a change as it goes on record; what is secret in it is masked."""
    shown = tuple(operation.shown(change.key, each) for each in (change.before, change.after))
    before, wanted = told = tuple(redactor.value(each) for each in shown)
    return Intent(change.key, before, wanted, sealed=MASK in told or told != shown)
