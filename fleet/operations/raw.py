"""A raw call of any REST route on many sites, for what no operation covers yet.

What such a write means is not known here, so it is judged by what can be: the same address is
read before and after, and each field that was sent is compared where the readings have it. A
site changes by itself too, so a reading that differs elsewhere proves nothing: then, and where
there is nothing to read, the outcome is unknown and says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue
from pydantic.dataclasses import dataclass as parameters

from fleet.errors import SiteError
from fleet.operations.base import Complaint, Decision, Operation, Query, WriteLog, undone
from fleet.operations.caps import short, shortened, trimmed
from fleet.operations.option_writes import secrets_in, some, without
from fleet.operations.refusals import came_to_nothing, refusal
from fleet.operations.sameness import same_value
from fleet.operations.values import COMMANDS, MASK, masked, sendable
from fleet.results import Change, KeyResult, Verdict
from fleet.site.client import JetpackClient, JetpackReader
from fleet.site.wire import Answer

__all__ = ["OPERATIONS", "CallApi", "WriteApi"]


def _route(path: str) -> str:
    """Return a REST route without slashes around it; refuse what is none."""
    route = path.strip("/")
    if not route or "://" in path or ".." in route.split("/") or not route.isprintable():
        raise ValueError("write a REST route such as jetpack/v4/site")
    return route


Route = Annotated[
    str, AfterValidator(_route), Field(description="REST route, such as jetpack/v4/site")
]


@parameters(frozen=True)
class CallApi(Query):
    """Read any REST route.

    Args:
        path: The route below the REST root.
    """

    name = "api"
    summary = "Read any REST route; fleet api also writes."
    routes = ("GET /PATH",)
    life = "any"
    rights = "the route's own"
    apart = "the route's own answer"

    path: Route

    def parameters(self) -> Mapping[str, object]:
        """Return method and path."""
        return {"method": "GET", "path": self.path}

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``status`` and ``answer``, known secrets masked; errors are answers too."""
        answer = await reader.core(self.path)
        return trimmed({"status": answer.status, "answer": _masked(shortened(answer.value))})


_JETPACK = "jetpack/v4/"
_GONE = (404, 410)
_VOLATILE = re.compile(r"nonce|token|time|date|modified|expire|_links|_(at|gmt)$", re.IGNORECASE)
"""Names of members that differ from one reading to the next without anybody's doing."""


@dataclass(frozen=True, slots=True)
class _Reading:
    answer: Answer | None

    @property
    def value(self) -> object:
        return self.answer.value if self.answer is not None and self.answer.ok else None

    @property
    def readable(self) -> bool:
        return self.answer is not None and self.answer.ok

    @property
    def fields(self) -> Mapping[str, object]:
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def gone(self) -> bool:
        return self.answer is not None and self.answer.status in _GONE

    def differs(self, other: _Reading) -> list[str]:
        """Return what differs from another reading: members, or the whole; volatile ones not."""
        mine, others = _lasting(self.value), _lasting(other.value)
        if not isinstance(mine, dict) or not isinstance(others, dict):
            return [] if mine == others else ["all of it"]
        names = sorted(mine.keys() | others.keys())
        return [name for name in names if mine.get(name) != others.get(name)]


@parameters(frozen=True)
class WriteApi(Operation[_Reading]):
    """Send a write to any REST route, once.

    Args:
        method: HTTP method; all but POST travel as POST with an override header.
        path: The route below the REST root.
        body: JSON object to send.
    """

    name = "api"
    summary = CallApi.summary
    routes = ("POST /PATH",)

    method: Literal["POST", "PUT", "PATCH", "DELETE"]
    path: Route
    body: dict[str, JsonValue] = Field(default_factory=dict)

    def parameters(self) -> Mapping[str, object]:
        """Return method, path and body, known secrets masked."""
        return {"method": self.method, "path": self.path, "body": _masked(self.body)}

    async def observe(self, reader: JetpackReader) -> _Reading:
        """Return what the same address answers to a GET, if anything."""
        try:
            return _Reading(await reader.core(self.path))
        except SiteError as error:
            if not error.answered:
                raise
            return _Reading(None)

    def decide(self, state: _Reading) -> Decision:
        """Return the write: a change for each field sent, or one where none of them is read."""
        if self.method == "DELETE" or state.fields.keys().isdisjoint(self.body):
            return Decision((Change(self._key, state.value, self.body),))
        return Decision(
            tuple(
                Change(f"{self._key} {field}", state.fields.get(field), value)
                for field, value in self.body.items()
            )
        )

    @property
    def _key(self) -> str:
        return f"{self.method} {self.path}"

    def _field(self, key: str) -> str | None:
        """Return the field that a key is about, or None for the whole request."""
        return None if key == self._key else key.removeprefix(f"{self._key} ")

    async def enact(
        self,
        client: JetpackClient,
        state: _Reading,
        changes: tuple[Change, ...],
        log: WriteLog,
    ) -> None:
        """Send it."""
        del state
        await log.sending(changes)
        answer = await client.call(self.method, self.path, self.body)
        log.answer(changes)
        if not answer.ok:
            said = answer.said or f"the site answered {answer.status} {answer.code}".rstrip()
            told = refusal(answer) or Complaint(
                "jetpack.refused",
                without(secrets_in(self.body), said),
                undone=came_to_nothing(answer),
            )
            log.complain(changes, told.kind, told.reason, undone=told.undone)

    def judge(
        self,
        before: _Reading,
        after: _Reading | None,
        changes: tuple[Change, ...],
        log: WriteLog,
        trouble: SiteError | None,
    ) -> tuple[KeyResult, ...]:
        """Return changed only for a field that reads as sent and did not before.

        Nor does a field count as changed that does so after the site refused the request
        before running it, or after a request that never left.
        """
        judged = super().judge(before, after, changes, log, trouble)
        return tuple(
            result
            if undone(change.key, log, trouble)
            else self._judged(change, result, before, after, log, trouble)
            for change, result in zip(changes, judged, strict=True)
        )

    def _judged(
        self,
        change: Change,
        result: KeyResult,
        before: _Reading,
        after: _Reading | None,
        log: WriteLog,
        trouble: SiteError | None,
    ) -> KeyResult:
        field = self._field(change.key)
        if field is None:
            return self._whole(result, before, after, log, trouble)
        if after is None or field not in after.fields or self._is_command(field):
            why = f"{field} cannot be read back at this address"
            return _unknown(result, _heard(change.key, log, trouble), why)
        done = field in before.fields and self.same(change.key, change.after, change.before)
        if done and result.verdict is Verdict.CHANGED:
            return replace(result, verdict=Verdict.UNCHANGED)
        return result

    def _whole(
        self,
        result: KeyResult,
        before: _Reading,
        after: _Reading | None,
        log: WriteLog,
        trouble: SiteError | None,
    ) -> KeyResult:
        """Return how a request ended none of whose fields can be read."""
        complaint, heard = log.complaints.get(result.key), _heard(result.key, log, trouble)
        if after is None or not before.readable:
            if complaint is not None and after is not None:
                return replace(
                    result,
                    verdict=Verdict.REJECTED,
                    kind=complaint.kind,
                    reason=complaint.reason,
                )
            return _unknown(result, heard, "there is nothing to read at this address")
        if self.method == "DELETE" and after.gone and complaint is None:
            return replace(result, verdict=Verdict.CHANGED, kind=None, reason="")
        differing = after.differs(before)
        if differing:
            why = (
                f"the reading differs in {some(differing)}, which need not be this request's doing"
            )
            return _unknown(result, heard, why)
        if complaint is not None:
            return replace(
                result, verdict=Verdict.REJECTED, kind=complaint.kind, reason=complaint.reason
            )
        if trouble is None and not self.body and self.method != "DELETE":
            return replace(result, verdict=Verdict.UNCHANGED, kind=None, reason="")
        return _unknown(result, heard, "what can be read at this address is as it was")

    def _is_command(self, field: str) -> bool:
        return self.path.startswith(_JETPACK) and field in COMMANDS

    def found(self, state: _Reading, key: str) -> object:
        """Return the value read of a field, or all that was read."""
        field = self._field(key)
        return state.value if field is None else state.fields.get(field)

    def same(self, key: str, wanted: object, found: object) -> bool:
        """Return whether `found` is what a site makes of `wanted`.

        Jetpack's forms of values count for Jetpack's routes. WordPress wraps texts as what was
        sent (``raw``, which not everybody is told) and what becomes of it (``rendered``).
        """
        field = self._field(key)
        if field is None:
            return False
        if self.path.startswith(_JETPACK):
            return same_value(wanted, sendable(field, found), field)
        if isinstance(found, Mapping) and not isinstance(wanted, Mapping):
            found = found.get("raw", found.get("rendered"))
        return wanted == found

    def shown(self, key: str, value: object) -> object:
        """Return a value with known secrets masked."""
        value, field = shortened(value), self._field(key)
        return _masked(value) if field is None else _hidden(field, value)


def _heard(key: str, log: WriteLog, trouble: SiteError | None) -> str:
    """Return what became of a request as far as the site said it."""
    if complaint := log.complaints.get(key):
        return f"the site refused it ({complaint.reason})"
    if trouble is not None and key not in log.answered:
        return f"the answer was lost ({trouble.message})"
    return "the site said yes"


def _unknown(result: KeyResult, heard: str, why: str) -> KeyResult:
    reason = short(f"sent, and {heard}, but what it did cannot be told: {why}")
    return replace(result, verdict=Verdict.UNKNOWN, kind="write.unconfirmed", reason=reason)


def _lasting(value: object) -> object:
    """Return a JSON value without the members whose values never last."""
    if isinstance(value, list):
        return [_lasting(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {name: _lasting(item) for name, item in value.items() if not _VOLATILE.search(str(name))}


def _masked(value: object) -> object:
    """Return a JSON value with nonces and the values of secret keys masked at any depth."""
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {key: _hidden(key, item) for key, item in value.items()}


def _hidden(key: str, value: object) -> object:
    return MASK if key.endswith("nonce") and value else masked(key, _masked(value))


OPERATIONS = (CallApi,)
