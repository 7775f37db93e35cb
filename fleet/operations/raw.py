"""A raw call of any REST route on many sites, for what no operation covers yet.

What such a write means is not known here, so it is judged by what can be: the same address is
read before and after. Where there is nothing to read, the outcome is unknown and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue
from pydantic.dataclasses import dataclass as parameters

from fleet.errors import SiteError
from fleet.operations.base import Decision, Operation, Query, WriteLog
from fleet.operations.values import masked
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
        return {"status": answer.status, "answer": _masked(answer.value)}


@dataclass(frozen=True, slots=True)
class _Reading:
    answer: Answer | None

    @property
    def value(self) -> object:
        return self.answer.value if self.answer is not None and self.answer.ok else None

    @property
    def readable(self) -> bool:
        return self.answer is not None and self.answer.ok


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
        """Return the one write."""
        return Decision((Change(self._key, state.value, self.body),))

    @property
    def _key(self) -> str:
        return f"{self.method} {self.path}"

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
            said = answer.said or f"the site answered {answer.status} {answer.code}"
            log.complain(changes, "jetpack.refused", said)

    def judge(
        self,
        before: _Reading,
        after: _Reading | None,
        changes: tuple[Change, ...],
        log: WriteLog,
        trouble: SiteError | None,
    ) -> tuple[KeyResult, ...]:
        """Return changed where the reading differs, else what the answer and the reading allow."""
        (change,) = changes
        readable = after is not None and after.readable and before.readable
        found = after.value if after is not None else None
        complaint = log.complaints.get(change.key)
        if readable and found != before.value:
            verdict, kind, reason = Verdict.CHANGED, None, ""
        elif complaint is not None:
            verdict, kind, reason = Verdict.REJECTED, complaint.kind, complaint.reason
        elif readable and trouble is None:
            verdict, kind, reason = Verdict.UNCHANGED, None, ""
        else:
            why = trouble.message if trouble else "there is nothing to read at this address"
            verdict, kind = Verdict.UNKNOWN, "write.unconfirmed"
            reason = f"sent, but what it did cannot be told: {why}"
        return (
            KeyResult(
                change.key,
                verdict,
                before=_masked(before.value),
                wanted=_masked(change.after),
                found=_masked(found),
                kind=kind,
                reason=reason,
            ),
        )

    def found(self, state: _Reading, key: str) -> object:
        """Return the value read at the address."""
        del key
        return state.value

    def shown(self, key: str, value: object) -> object:
        """Return a value with known secrets masked."""
        del key
        return _masked(value)


def _masked(value: object) -> object:
    """Return a JSON value with nonces and the values of secret keys masked at any depth."""
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: "(secret)" if key.endswith("nonce") and item else masked(key, _masked(item))
        for key, item in value.items()
    }


OPERATIONS = (CallApi,)
