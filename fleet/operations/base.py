"""The shape every operation has: two effects around a pure decision, and a pure judgement.

``observe`` reads, ``decide`` (pure) says which keys have to change, ``enact`` writes, then the
site is observed again and `judge` (pure) compares. What the site answered to the write only
explains a key that is not as wanted; it never makes one count as changed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from fleet.errors import SiteError
from fleet.operations.caps import short
from fleet.results import Change, KeyResult, Verdict
from fleet.site.client import JetpackClient, JetpackReader

__all__ = [
    "Complaint",
    "Decision",
    "Operation",
    "Query",
    "Sourced",
    "Task",
    "WriteLog",
    "judge",
    "undone",
]

State = TypeVar("State")
Intend = Callable[[tuple[Change, ...]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a site's answer says against one key.

    Args:
        kind: Error kind.
        reason: One sentence; remote text in it is hostile.
        undone: Whether the answer proves that the write did nothing.
    """

    kind: str
    reason: str
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What has to happen on a site.

    Args:
        changes: Keys to be written.
        settled: Keys that end without a write: already as wanted, or impossible here.
        notes: Things worth knowing that are no error.
    """

    changes: tuple[Change, ...] = ()
    settled: tuple[KeyResult, ...] = ()
    notes: tuple[str, ...] = ()


async def _no_more(_: tuple[Change, ...]) -> None:
    raise RuntimeError("a change was to be sent when its visit was over")


@dataclass(slots=True)
class WriteLog:
    """What one site was asked to change, kept while the writes go out.

    Args:
        intend: Puts changes on record, awaited before their write leaves; what it raises keeps
            the write from leaving.
        sent: Keys whose write has left or may have left.
        answered: Keys whose write the site has answered, one way or another.
        complaints: What the site's answers said against keys.
        told: Values by key that an answer told, for keys that no route tells.
    """

    intend: Intend | None = None
    sent: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    complaints: dict[str, Complaint] = field(default_factory=dict)
    told: dict[str, object] = field(default_factory=dict)

    async def sending(self, changes: Iterable[Change]) -> None:
        """Note that the write of `changes` leaves now, once the intent is on record.

        What earlier answers said of these keys was about another request.
        """
        changes = tuple(changes)
        for change in changes:
            self.answered.discard(change.key)
            self.complaints.pop(change.key, None)
            self.told.pop(change.key, None)
        if self.intend is not None:
            await self.intend(changes)
        self.sent.update(change.key for change in changes)

    def end(self) -> None:
        """Let no more leave, as the visit is over.

        Who puts changes on record knows the visit, which knows this: without an end they would
        keep each other until Python looks for cycles of garbage, thousands of visits later.
        """
        self.intend = _no_more

    def answer(self, changes: Iterable[Change]) -> None:
        """Note that the site has answered the write of `changes`."""
        self.answered.update(change.key for change in changes)

    def withdraw(self, changes: Iterable[Change]) -> None:
        """Note that the write of `changes` certainly did nothing and is sent another way."""
        self.sent.difference_update(change.key for change in changes)

    def complain(
        self, changes: Iterable[Change], kind: str, reason: str, *, undone: bool = False
    ) -> None:
        """Note what an answer said against `changes`; `undone` as in `Complaint`."""
        complaint = Complaint(kind, short(reason), undone)
        self.complaints.update((change.key, complaint) for change in changes)


class Task(ABC):
    """Something that runs on sites by name."""

    name: ClassVar[str]
    """Dotted name, such as ``modules.activate``."""
    summary: ClassVar[str]
    """What it does, one line."""
    routes: ClassVar[tuple[str, ...]]
    """Routes it uses, as ``METHOD path`` below ``jetpack/v4``, or with a leading slash below the
    site's REST root."""
    seed: ClassVar[str] = ""
    """The row of Jetpack's published list of endpoints that it answers; empty where beyond it."""
    life: ClassVar[str] = "4.3 on"
    """Versions of Jetpack that have it."""
    rights: ClassVar[str] = "manage_options"
    """What WordPress asks of the account."""
    apart: ClassVar[str] = "the same"
    """What it answers while Jetpack is offline or not connected to WordPress.com."""
    read_only: ClassVar[bool] = False
    """Whether it only reads."""
    irreversible: ClassVar[bool] = False
    """Whether what it does cannot be put back; then a run has to be confirmed."""

    def parameters(self) -> Mapping[str, object]:
        """Return its parameters for the report, secrets masked; JSON values only."""
        return {}


class Query(Task):
    """Reads a site; it is never given anything to write with."""

    read_only = True

    @abstractmethod
    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return what was read, as JSON values.

        Raises:
            SiteError: Nothing useful could be read.
        """


class Operation(Task, Generic[State]):
    """Brings keys of a site to wanted values."""

    @abstractmethod
    async def observe(self, reader: JetpackReader) -> State:
        """Return what `decide` needs to know."""

    @abstractmethod
    def decide(self, state: State) -> Decision:
        """Return what has to happen. Pure."""

    @abstractmethod
    async def enact(
        self, client: JetpackClient, state: State, changes: tuple[Change, ...], log: WriteLog
    ) -> None:
        """Send the writes, noting each in `log` before it leaves.

        Raises:
            SiteError: The site failed in the middle; later writes were not sent.
        """

    async def reread(
        self, reader: JetpackReader, before: State, changes: tuple[Change, ...]
    ) -> State:
        """Return the state after the writes; by default everything is observed again."""
        del before, changes
        return await self.observe(reader)

    def judge(
        self,
        before: State,
        after: State | None,
        changes: tuple[Change, ...],
        log: WriteLog,
        trouble: SiteError | None,
    ) -> tuple[KeyResult, ...]:
        """Return how each change ended; by default each key is compared. Pure."""
        del before
        return judge(self, changes, after, log, trouble)

    @abstractmethod
    def found(self, state: State, key: str) -> object:
        """Return the value that `key` has in `state`. Pure."""

    def same(self, key: str, wanted: object, found: object) -> bool:
        """Return whether `found` is what a site makes of `wanted`. Pure."""
        del key
        return wanted == found

    def shown(self, key: str, value: object) -> object:
        """Return `value` as it may stand in a report; secret ones masked. Pure."""
        del key
        return value


class Sourced(Task):
    """An order that becomes an operation only when another site has been read."""

    source: str
    """Name of the site that is read first."""

    @abstractmethod
    async def draw(self, reader: JetpackReader) -> Operation[Any]:
        """Return the operation for the other sites.

        Raises:
            SiteError: The source cannot give what is needed.
        """


def judge(
    operation: Operation[State],
    changes: Iterable[Change],
    after: State | None,
    log: WriteLog,
    trouble: SiteError | None,
) -> tuple[KeyResult, ...]:
    """Return how each change ended. Pure.

    Args:
        operation: Knows how to find and compare values.
        changes: What was decided.
        after: The state read after the writes, or None where it could not be read.
        log: Which writes left and what the site said to them.
        trouble: What broke the writing off, if anything did.
    """
    return tuple(_judge_one(operation, change, after, log, trouble) for change in changes)


def _judge_one(
    operation: Operation[State],
    change: Change,
    after: State | None,
    log: WriteLog,
    trouble: SiteError | None,
) -> KeyResult:
    found = None if after is None else operation.found(after, change.key)
    verdict, complaint = _verdict(operation, change, after, log, trouble)
    return KeyResult(
        key=change.key,
        verdict=verdict,
        before=operation.shown(change.key, change.before),
        wanted=operation.shown(change.key, change.after),
        found=operation.shown(change.key, found),
        kind=complaint.kind if complaint else None,
        reason=short(complaint.reason) if complaint else "",
    )


def undone(key: str, log: WriteLog, trouble: SiteError | None) -> Complaint | None:
    """Return what proves that the write of a key did nothing, or None. Pure.

    Args:
        key: The key that was to be written.
        log: Which writes left and what the site said to them.
        trouble: What broke the writing off, if anything did; where that was the reading
            afterwards, every write has been answered.
    """
    if key not in log.sent:
        return _unsent(trouble)
    complaint = log.complaints.get(key)
    if complaint is not None:
        return complaint if complaint.undone else None
    if trouble is not None and not trouble.sent and key not in log.answered:
        return Complaint(trouble.kind, f"nothing was done: {trouble.message}", undone=True)
    return None


def _verdict(
    operation: Operation[State],
    change: Change,
    after: State | None,
    log: WriteLog,
    trouble: SiteError | None,
) -> tuple[Verdict, Complaint | None]:
    if proof := undone(change.key, log, trouble):
        return Verdict.REJECTED, proof
    if after is None:
        return Verdict.UNKNOWN, Complaint(
            "write.unconfirmed", "sent, but the site could not be read afterwards"
        )
    found = operation.found(after, change.key)
    if operation.same(change.key, change.after, found):
        return Verdict.CHANGED, None
    if complaint := log.complaints.get(change.key):
        return Verdict.REJECTED, complaint
    if trouble is not None and change.key not in log.answered:
        return _broken_off(trouble)
    if operation.same(change.key, change.before, found):
        reason = "the site said yes, but read again the value is the old one"
    else:
        reason = "the site stored another form of the value than the one sent"
    return Verdict.REJECTED, Complaint("verify.mismatch", reason)


def _unsent(trouble: SiteError | None) -> Complaint:
    if trouble is None:
        return Complaint("jetpack.refused", "not sent, because an earlier write failed")
    return Complaint(trouble.kind, f"not sent: {trouble.message}")


def _broken_off(trouble: SiteError) -> tuple[Verdict, Complaint]:
    """Return the verdict on a key that does not read as wanted after a write without an answer.

    A request that the site has done with is a refusal; else the server may still be at work.
    """
    if trouble.answered:
        return Verdict.REJECTED, Complaint(trouble.kind, trouble.message)
    return Verdict.UNKNOWN, Complaint(
        "write.unconfirmed", f"sent, but the answer was lost ({trouble.message})"
    )
