"""What pages say, apart from how it is laid out: words for times, ends of runs and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from fleet.journal.records import RunRow
from fleet.report.inert import inert
from fleet.report.leaves import leaves
from fleet.report.values import shown
from fleet.results import Status

__all__ = [
    "GRAVEST",
    "Bar",
    "Live",
    "ago",
    "bars",
    "duration",
    "how_it_ended",
    "link",
    "moment",
    "of_data",
    "value",
    "words",
]

GRAVEST = (
    Status.FAILED,
    Status.UNKNOWN,
    Status.PARTIAL,
    Status.BLOCKED,
    Status.UNREACHABLE,
    Status.DRIFT,
    Status.SKIPPED,
    Status.CHANGED,
    Status.UNCHANGED,
)
"""How sites end, the gravest first."""

_STEPS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
_LEAVES = 200
"""Values shown of one result."""


def ago(at: datetime, now: datetime) -> str:
    """Return how long ago something was, in one unit."""
    seconds = (now - at).total_seconds()
    if seconds < 0:
        return "just now"
    for size, name in _STEPS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count:,} {name}{'' if count == 1 else 's'} ago"
    return f"{int(seconds)} s ago" if seconds >= 5 else "just now"


def duration(seconds: float) -> str:
    """Return a length of time for people."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def moment(at: datetime) -> str:
    """Return a time in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def words(status: str) -> str:
    """Return a status as a person writes it."""
    return status.replace("_", " ")


def value(found: object) -> str:
    """Return a value in JSON's notation, cut."""
    return shown(found, 160)


def of_data(data: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return what a site told as paths and values, the first of them."""
    found = [(leaf.path, leaf.words) for leaf in leaves(data, lists=True)]
    if len(found) > _LEAVES:
        rest = len(found) - _LEAVES
        return [*found[:_LEAVES], ("and", f"{rest:,} more: fleet runs show tells them all")]
    return found


def link(path: str, **query: object) -> str:
    """Return an address with those parts of a query that are not empty."""
    given = [
        (name, str(each))
        for name, found in query.items()
        for each in (found if isinstance(found, list | tuple) else [found])
        if each not in ("", None, False)
    ]
    return f"{path}?{urlencode(given)}" if given else path


def how_it_ended(run: RunRow) -> str:
    """Return what became of a run, in a few words."""
    if run.finished is None:
        return "running"
    if run.interrupted:
        return f"interrupted by {inert(run.interrupted)}"
    if run.halted:
        return f"halted: {run.halted.by.value}"
    return "finished"


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of a bar of statuses.

    Args:
        status: The status.
        count: Sites.
        x: Where it begins, out of 1000.
        width: How long it is, out of 1000.
    """

    status: Status
    count: int
    x: float
    width: float


def bars(totals: Mapping[Status, int]) -> Sequence[Bar]:
    """Return the parts of a bar, the gravest first; nothing where there is nothing to show."""
    whole = sum(totals.values())
    found: list[Bar] = []
    x = 0.0
    for status in (*GRAVEST, Status.NOT_STARTED):
        if whole and (count := totals.get(status, 0)):
            width = 1000 * count / whole
            found.append(Bar(status, count, round(x, 2), round(width, 2)))
            x += width
    return found


@dataclass(frozen=True, slots=True)
class Live:
    """How far a run is.

    Args:
        done: Sites that ended.
        sites: Sites it has.
        seconds: Since it began, or how long it took.
    """

    done: int
    sites: int
    seconds: float

    @classmethod
    def of(cls, run: RunRow, now: datetime) -> Live:
        """Return how far a run is at a time."""
        done = run.sites - run.totals[Status.NOT_STARTED]
        return cls(done, run.sites, max(((run.finished or now) - run.started).total_seconds(), 0.0))

    @property
    def rate(self) -> str:
        """Return how many sites end within a second, on average."""
        if not self.done or self.seconds <= 0:
            return "no rate yet"
        each = self.done / self.seconds
        return f"{each:,.0f} sites/s" if each >= 10 else f"{each:,.1f} sites/s"

    @property
    def left(self) -> str:
        """Return how long the rest takes at that rate."""
        if not self.done or self.done >= self.sites:
            return ""
        return duration((self.sites - self.done) * self.seconds / self.done)
