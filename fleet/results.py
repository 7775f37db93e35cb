"""What a run says about each site and each key, the events it tells, and its report.

What is told is frozen values. A `RunReport` need not hold its results: of a hundred thousand
sites they are read one after the other from wherever they are kept.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from fleet.errors import KINDS, SiteError
from fleet.series import Series

__all__ = [
    "Change",
    "Event",
    "Halt",
    "Halted",
    "KeyResult",
    "Results",
    "RunFinished",
    "RunReport",
    "RunStarted",
    "SiteFinished",
    "SiteResult",
    "SiteStarted",
    "Status",
    "Tally",
    "Usage",
    "Verdict",
    "status_of",
]


class Status(StrEnum):
    """How a site ended; each selected site ends in exactly one."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    DRIFT = "drift"
    PARTIAL = "partial"
    FAILED = "failed"
    UNKNOWN = "unknown"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    NOT_STARTED = "not_started"

    @property
    def good(self) -> bool:
        """Return whether the site is in the asked state."""
        return self in (Status.UNCHANGED, Status.CHANGED)


class Verdict(StrEnum):
    """How one key of a site ended."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    DRIFT = "drift"
    REJECTED = "rejected"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"

    @property
    def good(self) -> bool:
        """Return whether the key has the wanted value."""
        return self in (Verdict.UNCHANGED, Verdict.CHANGED)


@dataclass(frozen=True, slots=True)
class Change:
    """One key that has to get another value.

    Args:
        key: What changes, such as ``modules.sitemaps`` or ``settings.carousel_display_exif``.
        before: The value observed.
        after: The value wanted.
    """

    key: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class KeyResult:
    """How one key ended.

    Args:
        key: As in `Change`.
        verdict: The outcome; `CHANGED` only where `found` was read after the write.
        before: The value observed first.
        wanted: The value asked for.
        found: The value read last.
        kind: Error kind for every verdict that is not good, else None.
        reason: One sentence for people; remote text in it is hostile.
    """

    key: str
    verdict: Verdict
    before: object = None
    wanted: object = None
    found: object = None
    kind: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a site cost.

    Args:
        requests: HTTP requests sent.
        writes: How many of them could change the site (logins are not counted here).
        logins: Times the password was sent to the login page.
        received: Bytes of bodies received, decoded.
        seconds: Wall clock.
    """

    requests: int = 0
    writes: int = 0
    logins: int = 0
    received: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SiteResult:
    """How one site ended.

    Args:
        site: Its name in the inventory.
        url: Its address as the inventory has it.
        status: The one status it ended in.
        kind: Error kind where the status is not good, else None.
        message: What happened, one sentence.
        said: The site's own words, if it said any; hostile text.
        keys: Outcome per key, for operations that change something.
        data: What was read, for queries; JSON values only.
        notes: Things worth knowing that are no error.
        usage: What it cost.
    """

    site: str
    url: str
    status: Status
    kind: str | None = None
    message: str = ""
    said: str = ""
    keys: tuple[KeyResult, ...] = ()
    data: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    usage: Usage = Usage()

    @property
    def hint(self) -> str:
        """Return what to do about it, or an empty string."""
        row = KINDS.get(self.kind or "")
        return row.hint if row else ""

    @property
    def left_out(self) -> bool:
        """Return whether the site was skipped on purpose, as one that is paused."""
        return self.status is Status.SKIPPED and self.kind is None

    @classmethod
    def from_error(
        cls, site: str, url: str, error: SiteError, usage: Usage | None = None
    ) -> SiteResult:
        """Return the result of a site whose visit ended with `error`."""
        return cls(
            site=site,
            url=url,
            status=Status(KINDS[error.kind].ends),
            kind=error.kind,
            message=error.message,
            said=error.said,
            usage=usage or Usage(),
        )


def status_of(keys: Iterable[KeyResult]) -> tuple[Status, str | None]:
    """Return the status of a site and its error kind from the outcome of its keys.

    An unknown key makes the site unknown. Otherwise changes together with refusals make it
    partial; refusals alone end as their kind says; without any refusal it is drift, changed
    or unchanged.
    """
    keys = tuple(keys)
    verdicts = {key.verdict for key in keys}
    refused = [key for key in keys if key.verdict in (Verdict.REJECTED, Verdict.UNSUPPORTED)]
    if Verdict.UNKNOWN in verdicts:
        return Status.UNKNOWN, "write.unconfirmed"
    if refused and Verdict.CHANGED in verdicts:
        return Status.PARTIAL, "write.partial"
    if refused:
        kind = next((key.kind for key in refused if key.kind), "jetpack.refused")
        return Status(KINDS[kind].ends), kind
    for verdict, status in ((Verdict.DRIFT, Status.DRIFT), (Verdict.CHANGED, Status.CHANGED)):
        if verdict in verdicts:
            return status, None
    return Status.UNCHANGED, None


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins.

    Args:
        run_id: Unique name of the run.
        operation: Name of the operation, such as ``modules.activate``.
        parameters: Its parameters, secrets masked; JSON values only.
        read_only: True where the operation cannot write.
        sites: (name, url) of each selected site, in the order of the inventory; they may be made
            as they are asked for.
        at: When, with time zone.
    """

    run_id: str
    operation: str
    parameters: Mapping[str, object]
    read_only: bool
    sites: Sequence[tuple[str, str]]
    at: datetime


@dataclass(frozen=True, slots=True)
class SiteStarted:
    """A worker took a site."""

    site: str


@dataclass(frozen=True, slots=True)
class SiteFinished:
    """A site ended."""

    result: SiteResult


class Halt(StrEnum):
    """What ended a run before all its sites were done, other than a signal."""

    BUDGET = "budget"
    CREDENTIALS = "credentials"
    JOURNAL = "journal"
    LOCK = "lock"
    WORKERS = "workers"


@dataclass(frozen=True, slots=True)
class Halted:
    """Why a run ended early.

    Args:
        by: What ended it.
        reason: One sentence with the numbers.
    """

    by: Halt
    reason: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A run ended.

    Args:
        at: When, with time zone.
        interrupted: The signal that ended it early (``SIGINT`` or ``SIGTERM``), or None.
        halted: What else ended it early, or None.
    """

    at: datetime
    interrupted: str | None = None
    halted: Halted | None = None


Event = RunStarted | SiteStarted | SiteFinished | RunFinished


class Tally:
    """What results add up to, counted as they arrive.

    Args:
        waiting: Sites that have no result yet; they count as `not_started`.
    """

    __slots__ = ("bugs", "left_out", "logins", "received", "requests", "totals", "writes")

    def __init__(self, waiting: int = 0) -> None:
        self.totals = dict.fromkeys(Status, 0)
        self.totals[Status.NOT_STARTED] = waiting
        self.bugs = self.left_out = 0
        self.requests = self.writes = self.logins = self.received = 0

    @classmethod
    def of(cls, results: Iterable[SiteResult]) -> Tally:
        """Return what `results` add up to."""
        tally = cls()
        for result in results:
            tally.count(result)
        return tally

    def count(self, result: SiteResult, times: int = 1) -> None:
        """Count `result`; with `times` -1, take back that it was counted."""
        self.totals[result.status] += times
        self.bugs += times * (result.kind == "internal.bug")
        self.left_out += times * result.left_out
        self.requests += times * result.usage.requests
        self.writes += times * result.usage.writes
        self.logins += times * result.usage.logins
        self.received += times * result.usage.received


class Results(Series[SiteResult]):
    """Results that know what they add up to."""

    __slots__ = ()

    @property
    @abstractmethod
    def tally(self) -> Tally:
        """Return what they add up to."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run with the result of every selected site, in the order of the inventory.

    `results` may be walked as often as needed; each walk may read them anew, so whoever walks
    keeps none that it does not need.
    """

    run_id: str
    operation: str
    parameters: Mapping[str, object]
    read_only: bool
    started: datetime
    finished: datetime | None
    interrupted: str | None
    results: Sequence[SiteResult]
    halted: Halted | None = None

    @property
    def tally(self) -> Tally:
        """Return what the results add up to."""
        found = self.results
        return found.tally if isinstance(found, Results) else Tally.of(found)

    @property
    def totals(self) -> dict[Status, int]:
        """Return the number of sites per status, every status present; they add up."""
        return dict(self.tally.totals)

    @property
    def usage(self) -> Usage:
        """Return what the whole run cost; seconds are its wall clock."""
        tally = self.tally
        return Usage(
            requests=tally.requests,
            writes=tally.writes,
            logins=tally.logins,
            received=tally.received,
            seconds=(self.finished - self.started).total_seconds() if self.finished else 0.0,
        )

    @property
    def exit_code(self) -> int:
        """Return the exit code of the command that made this run.

        1 a bug of ours, 74 the journal failed, 6 the lock was lost, 130 or 143 interrupted, 4 over
        the failure budget or too many passwords rejected, 3 a site is not in the asked state, 2
        drift only, 0 all well; the first that applies.
        """
        halt, tally = self.halted.by if self.halted else None, self.tally
        if tally.bugs:
            return 1
        if halt is Halt.JOURNAL:
            return 74
        if halt is Halt.LOCK:
            return 6
        if self.interrupted:
            return 143 if self.interrupted == "SIGTERM" else 130
        if halt in (Halt.BUDGET, Halt.CREDENTIALS):
            return 4
        counted = {**tally.totals}
        counted[Status.SKIPPED] -= tally.left_out
        found = {status for status, count in counted.items() if count}
        if found - {Status.UNCHANGED, Status.CHANGED, Status.DRIFT}:
            return 3
        return 2 if Status.DRIFT in found else 0
