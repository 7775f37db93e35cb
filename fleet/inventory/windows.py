"""When a site may be changed: weekly windows and freezes, in the site's own time zone.

A moment is open when a clock on the wall at the site shows an allowed time and the calendar there
an unfrozen day. That rule needs no exceptions where clocks are put forward or back: an hour that
is left out is never open, one that comes twice is open twice, and a span that would begin in the
missing hour begins when the clock jumps past it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from fleet.inventory.wording import described, guess

__all__ = [
    "DAY_PATTERN",
    "SPAN_PATTERN",
    "ZONE_PATTERN",
    "Freeze",
    "Span",
    "Window",
    "opens",
    "parse_day",
    "parse_span",
    "parse_zone",
]

FAR = 400
"""Days after which no further opening is looked for."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = f"(?:{'|'.join(_DAYS)})"
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
SPAN_PATTERN = rf"(?:{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)* )?{_CLOCK}-(?:{_CLOCK}|24:00)"
"""Pattern of a whole span of a week, such as ``Mon-Thu 07:00-16:00``."""
# Names with a city only: files such as localtime are there too, and differ between machines.
ZONE_PATTERN = r"(?:UTC|(?!posix/|right/)[A-Za-z_]+(?:/[A-Za-z0-9_+-]+){1,2})"
"""Pattern of a whole name of a time zone."""
DAY_PATTERN = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
"""Pattern of a whole day."""
_SPAN, _ZONE, _ISO = (re.compile(each) for each in (SPAN_PATTERN, ZONE_PATTERN, DAY_PATTERN))


@dataclass(frozen=True, slots=True)
class Span:
    """A time of day on some days of the week.

    Args:
        days: The days on which it begins, Monday as 0.
        begin: Minutes after midnight at which it begins.
        end: Minutes after midnight at which it ends; where that is no later than `begin`, on the
            day after.
        text: The same as it is written.
    """

    days: frozenset[int]
    begin: int
    end: int
    text: str

    def covers(self, local: datetime) -> bool:
        """Return whether it is open when the clock on the wall shows `local`."""
        minutes = local.hour * 60 + local.minute
        today = local.weekday() in self.days
        if self.begin < self.end:
            return today and self.begin <= minutes < self.end
        yesterday = (local.weekday() - 1) % 7 in self.days
        return (today and minutes >= self.begin) or (yesterday and minutes < self.end)

    def __str__(self) -> str:
        """Return it as it is written."""
        return self.text


@dataclass(frozen=True, slots=True)
class Window:
    """When in a week changes may start.

    Args:
        tz: Name of the time zone.
        allow: The spans; none allow any time, so that the zone is only that of the freezes.
    """

    tz: str = "UTC"
    allow: tuple[Span, ...] = ()

    def covers(self, local: datetime) -> bool:
        """Return whether it is open when the clock on the wall shows `local`."""
        return not self.allow or any(span.covers(local) for span in self.allow)

    def __str__(self) -> str:
        """Return it for people."""
        return f"{', '.join(map(str, self.allow)) or 'any time'} ({self.tz})"


@dataclass(frozen=True, slots=True)
class Freeze:
    """Days on which nothing is changed.

    Args:
        first: The first of them.
        last: The last of them.
        reason: Why; empty where it was not said.
    """

    first: date
    last: date
    reason: str = ""

    def covers(self, local: datetime) -> bool:
        """Return whether it is in force when the calendar on the wall shows `local`."""
        return self.first <= local.date() <= self.last

    def __str__(self) -> str:
        """Return it for people."""
        days = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        return f"{days} ({self.reason})" if self.reason else days


def opens(window: Window | None, freezes: Sequence[Freeze], now: datetime) -> datetime | None:
    """Return the earliest moment from `now` on at which a change may start.

    Args:
        window: The site's window; None allows any time, and freezes count in UTC.
        freezes: The site's freezes.
        now: A moment with its time zone.

    Returns:
        `now` itself where it is open, else a moment in UTC; None where there is none within 400
        days.
    """
    calendar = _Calendar(window or Window(), freezes)
    if calendar.is_open(now):
        return now
    start = now.astimezone(UTC)
    today = now.astimezone(calendar.zone).date()
    for number in range(-1, FAR + 1):
        day = today + timedelta(days=number)
        found = [each for each in calendar.edges(day) if each >= start and calendar.is_open(each)]
        if found:
            return min(found)
    return None


class _Calendar:
    """Tells which moments are open, and at which they may begin to be."""

    def __init__(self, window: Window, freezes: Sequence[Freeze]) -> None:
        self.zone = ZoneInfo(window.tz)
        self._window = window
        self._freezes = freezes

    def is_open(self, moment: datetime) -> bool:
        local = moment.astimezone(self.zone)
        return self._window.covers(local) and not any(each.covers(local) for each in self._freezes)

    def edges(self, day: date) -> Iterator[datetime]:
        """Yield every moment of `day` at which it may become open, in UTC and in any order."""
        begins = {0, *(span.begin for span in self._window.allow)}
        for minutes in begins:
            yield from (self._instant(day, minutes, fold) for fold in (0, 1))
        yield from self._jump(day)

    def _jump(self, day: date) -> Iterator[datetime]:
        """Yield the moment at which clocks are put forward or back on `day`, if there is one."""
        low = self._instant(day, 0, fold=0)
        high = self._instant(day + timedelta(days=1), 0, fold=1)
        while self._offset(low) != self._offset(high):
            middle = low + (high - low) / 2
            if high - low <= timedelta(seconds=1):
                yield high.replace(microsecond=0)
                return
            if self._offset(middle) == self._offset(low):
                low = middle
            else:
                high = middle

    def _instant(self, day: date, minutes: int, fold: int) -> datetime:
        wall = datetime.combine(day, time(minutes // 60, minutes % 60, fold=fold), self.zone)
        return wall.astimezone(UTC)

    def _offset(self, moment: datetime) -> timedelta | None:
        return moment.astimezone(self.zone).utcoffset()


def parse_span(text: object) -> Span:
    """Return the span written as `text`.

    Raises:
        ValueError: It is none; what was written is not repeated.
    """
    if not isinstance(text, str) or not _SPAN.fullmatch(text):
        raise ValueError(
            "expected days and times, such as 'Mon-Thu 07:00-16:00', 'Sat,Sun 22:00-02:00' or "
            "'09:00-17:00'"
        )
    days, _, times = text.rpartition(" ")
    begin, end = (int(each[:2]) * 60 + int(each[3:]) for each in times.split("-"))
    if begin == end:
        raise ValueError("this begins and ends at the same time: write 00:00-24:00 for a whole day")
    return Span(frozenset(_days(days)), begin, end, text)


def _days(text: str) -> Iterator[int]:
    for part in (text or "Mon-Sun").split(","):
        first, _, last = part.partition("-")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        yield from (day % 7 for day in range(begin, end + (7 if end < begin else 0) + 1))


def parse_zone(text: object) -> str:
    """Return `text` where it is the name of a time zone.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(text, str):
        raise ValueError(f"expected a time zone, such as Europe/Vienna, found {described(text)}")
    try:
        if not _ZONE.fullmatch(text):
            raise ValueError(text)
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of zones
        hint = guess(text, (zone for zone in available_timezones() if _ZONE.fullmatch(zone)))
        message = f"expected a time zone, such as Europe/Vienna or UTC{hint}"
        raise ValueError(message) from None
    return text


def parse_day(text: object) -> date:
    """Return the day written as `text`.

    Raises:
        ValueError: It is none.
    """
    try:
        if not isinstance(text, str) or not _ISO.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("expected a day, such as 2027-01-31") from None
