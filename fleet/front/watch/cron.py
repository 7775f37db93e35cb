"""When a schedule is due; the only module that uses the optional package ``cronsim``.

Where clocks are put forward a time that does not exist is due when the clock has jumped past it;
where they are put back a time that comes twice is due once, the first time. That is what Debian's
cron does. Expressions that begin with a star in minute or hour go by real time.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from fleet.errors import InputError

__all__ = ["Fields", "check_cron", "cron_fields", "next_due", "passed"]

Fields = tuple[frozenset[int], frozenset[int], frozenset[int], frozenset[int], frozenset[int], bool]
"""Minutes, hours, days, months and weekdays (Sunday 0), and whether both kinds of day must fit."""

_PLAIN = re.compile(r"[0-9A-Za-z*,/-]+(?: +[0-9A-Za-z*,/-]+){4}")
_MOST = 10_000
"""Times looked through at most."""


@cache
def _package() -> Any:
    try:
        return importlib.import_module("cronsim")
    except ImportError:
        raise InputError(
            "schedules need an optional package: pip install 'jetfleet[schedule]'"
        ) from None


def check_cron(text: str) -> None:
    """Raise ValueError where `text` is no cron expression of five fields that ever comes."""
    if not _PLAIN.fullmatch(text) or "L" in text.upper().replace("JUL", ""):
        raise ValueError("expected five fields as in a crontab, such as '30 2 * * *'")
    try:
        next(_package().CronSim(text, datetime(2026, 1, 1, tzinfo=UTC)))
    except StopIteration:
        raise ValueError("this day never comes") from None
    except _package().CronSimError as error:
        raise ValueError(f"this is no time of a crontab: {str(error).lower()}") from None


def next_due(cron: str, tz: str, after: datetime) -> datetime:
    """Return the first moment after `after` at which `cron` is due, in UTC."""
    zone = ZoneInfo(tz)
    for local in _package().CronSim(cron, after.astimezone(zone)):
        due: datetime = local.astimezone(UTC)
        # The clock on the wall shows an hour twice: its first pass is over already.
        if due > after:
            return due
    raise ValueError("this day never comes")


def passed(cron: str, tz: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the moments behind `after` and up to `until` at which `cron` was due."""
    due = after
    for _ in range(_MOST):
        due = next_due(cron, tz, due)
        if due > until:
            return
        yield due


def cron_fields(cron: str) -> Fields:
    """Return an expression as the numbers it stands for."""
    found = _package().CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC))
    minutes, hours, days, months = (
        frozenset[int](each) for each in (found.minutes, found.hours, found.days, found.months)
    )
    weekdays = frozenset(day % 7 for day in found.weekdays)
    return minutes, hours, days, months, weekdays, bool(found.day_and)
