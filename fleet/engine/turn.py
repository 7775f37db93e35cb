"""What one visit has done so far, and every way in which it can end as a result."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio

from fleet.engine.overheard import secrets_of_cookie
from fleet.errors import SiteError
from fleet.inventory.model import Site
from fleet.operations.base import Decision, Operation, WriteLog
from fleet.redaction import Redactor
from fleet.results import Change, KeyResult, SiteResult, Status, Usage, Verdict, status_of
from fleet.site.remembered import Remembered
from fleet.site.transport import Meter

__all__ = ["Turn"]

_UNREAD = "sent, but the site was not read afterwards"


@dataclass(slots=True)
class Turn:
    """One visit while it goes on.

    Args:
        site: The site.
        log: What the site was asked to change.
        redactor: Takes the site's secrets out of what is told of the visit.
        meter: What the visit costs.
        operation: What runs there; None for a query.
        decision: What was decided, once it is.
        limit: Ends the visit at the site's deadline, or at once.
        before: What was observed before anything was sent.
        began: When it began, by the watch.
        opened: Whether the site has let us in.
        proven: How the site ended, once its keys were read and only checks are left.
        notes: Things worth knowing about the site that are no error.
        aborted: Whether it was ended at once.
    """

    site: Site
    log: WriteLog = field(repr=False)
    redactor: Redactor = field(default_factory=Redactor)
    meter: Meter = field(default_factory=Meter)
    operation: Operation[Any] | None = field(default=None, repr=False)
    decision: Decision | None = field(default=None, repr=False)
    limit: anyio.CancelScope = field(init=False)
    before: object = field(default=None, repr=False)
    began: float = 0.0
    opened: bool = False
    proven: SiteResult | None = None
    notes: list[str] = field(default_factory=list)
    aborted: bool = False
    _earlier: tuple[Meter, ...] = ()

    def begin(self, now: float) -> None:
        """Begin, or begin once more; what was sent and what it cost is kept.

        Args:
            now: By the watch.
        """
        if self.meter.requests:
            # How often the password may be sent is counted anew.
            self._earlier = (*self._earlier, self.meter)
            self.meter = Meter(observer=self.meter.observer)
        deadline = anyio.current_time() + self.site.http.deadline
        self.limit, self.aborted = anyio.CancelScope(deadline=deadline), False
        self.began, self.opened = now, False

    def abort(self) -> None:
        """End it at once."""
        self.aborted = True
        self.limit.cancel()

    @property
    def login_open(self) -> bool:
        """Return whether the password was sent and nobody knows what the site made of it."""
        return not self.opened and self.meter.logins > 0

    def hear(self, warm: Remembered) -> None:
        """Take note of the secrets in what an earlier visit left."""
        for _, _, name, value in warm.cookies:
            for secret in secrets_of_cookie(f"{name}={value}"):
                self.redactor.add(secret)

    def note(self, text: str) -> None:
        """Keep something worth knowing about the site, once."""
        if text not in self.notes:
            self.notes.append(text)

    def ended(self, status: Status, **facts: Any) -> SiteResult:
        """Return a result of this visit."""
        return SiteResult(self.site.name, str(self.site.url), status, **facts)

    def failed(self, error: SiteError) -> SiteResult:
        """Return the result of a visit that trouble with the site ended, which is let go."""
        _let_go(error)
        return SiteResult.from_error(self.site.name, str(self.site.url), error)

    def with_usage(self, result: SiteResult, seconds: float) -> SiteResult:
        """Return `result` with what the visit cost."""
        meters = (*self._earlier, self.meter)
        usage = Usage(
            requests=sum(meter.requests for meter in meters),
            writes=sum(meter.writes for meter in meters),
            logins=sum(meter.logins for meter in meters),
            received=sum(meter.received for meter in meters),
            seconds=seconds,
        )
        return replace(result, usage=usage, notes=(*self.notes, *result.notes))

    def refuse_to_spread(self, value: object) -> None:
        """Refuse to carry a value of this site to others that has one of its secrets in it.

        Raises:
            SiteError: ``site.repeats_secret``.
        """
        if self.redactor.value(value) != value:
            raise SiteError(
                "site.repeats_secret",
                "the values to be carried hold a password, cookie or nonce of this site",
                sent=False,
            )

    def pending(self) -> SiteResult:
        """Return what would change, for a run that only looks."""
        operation, decision = self._decided()
        return self.settled([_drift(operation, change) for change in decision.changes])

    def settled(self, ended: list[KeyResult]) -> SiteResult:
        """Return the result of the keys that were written together with those that were not."""
        _, decision = self._decided()
        keys = tuple(sorted((*decision.settled, *ended), key=lambda key: key.key))
        status, kind = status_of(keys)
        return self.ended(
            status, kind=kind, message=_message(keys), keys=keys, notes=decision.notes
        )

    def unhealthy(self, result: SiteResult, fault: SiteError) -> SiteResult:
        """Return the result of a site that was changed and failed a check afterwards."""
        return replace(
            result,
            status=Status.FAILED,
            kind=fault.kind,
            message=f"changed, and then {fault.message}",
            said=fault.said,
        )

    def cut_off(self, reason: str, *, timed_out: bool) -> SiteResult:
        """Return the result of a visit that was not allowed to end by itself.

        Args:
            reason: What cut it off.
            timed_out: Whether that was the site's own slowness.
        """
        if self.proven is not None:
            return replace(self.proven, notes=(*self.proven.notes, f"{reason}, checks not done"))
        if self.log.sent:
            message = f"{reason} after a change was sent and before it was read again"
            return self._unsettled(message, "write.unconfirmed")
        if timed_out:
            return self.failed(SiteError("net.timeout", reason))
        return self.ended(Status.NOT_STARTED, message=f"{reason} before anything was changed")

    def broken(self, error: Exception) -> SiteResult:
        """Return the result of a visit that a bug of ours ended; never with the error's words."""
        if self.proven is not None:
            return replace(
                self.proven, status=Status.FAILED, kind="internal.bug", message=where(error)
            )
        if self.log.sent:
            message = f"{where(error)}, after a change was sent and before it was read again"
            return self._unsettled(message, "internal.bug")
        return self.failed(SiteError("internal.bug", where(error)))

    def _unsettled(self, message: str, kind: str) -> SiteResult:
        operation, decision = self._decided()
        ended = [_unread(operation, change, self.log) for change in decision.changes]
        keys = tuple(sorted((*decision.settled, *ended), key=lambda key: key.key))
        return self.ended(
            Status.UNKNOWN, kind=kind, message=message, keys=keys, notes=decision.notes
        )

    def _decided(self) -> tuple[Operation[Any], Decision]:
        if self.operation is None or self.decision is None:
            raise RuntimeError("nothing was decided on this visit")
        return self.operation, self.decision


def _drift(operation: Operation[Any], change: Change) -> KeyResult:
    before = operation.shown(change.key, change.before)
    wanted = operation.shown(change.key, change.after)
    return KeyResult(change.key, Verdict.DRIFT, before, wanted, before)


def _unread(operation: Operation[Any], change: Change, log: WriteLog) -> KeyResult:
    before = operation.shown(change.key, change.before)
    wanted = operation.shown(change.key, change.after)
    if change.key in log.sent:
        return KeyResult(
            change.key, Verdict.UNKNOWN, before, wanted, None, "write.unconfirmed", _UNREAD
        )
    reason = "not sent, because the visit ended before"
    return KeyResult(
        change.key, Verdict.REJECTED, before, wanted, before, "write.unconfirmed", reason
    )


def _message(keys: tuple[KeyResult, ...]) -> str:
    bad = [key for key in keys if not key.verdict.good and key.verdict is not Verdict.DRIFT]
    if not bad:
        return ""
    worst = min(bad, key=lambda key: key.reason.startswith(("not applied", "not sent")))
    return f"{len(bad)} of {len(keys)} keys, first {worst.key}: {worst.reason}"


def _let_go(error: BaseException | None) -> None:
    """Part an error and those it came of from the frames they went through.

    Some of these hold errors themselves, and all would stay until Python looks for cycles.
    """
    while error is not None and error.__traceback__ is not None:
        error.__traceback__ = None
        _let_go(error.__cause__)
        error = error.__context__


def where(error: Exception) -> str:
    """Return the type and place of a bug; never its text, which may hold anything."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
