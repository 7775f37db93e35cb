"""When schedules are due, also on the days on which clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.front.watch.cron import check_cron, next_due, passed
from fleet.front.watch.nouns import Schedule
from fleet.front.watch.watcher import jitter_of

VIENNA = "Europe/Vienna"


def due(cron: str, day: str, clock: str = "00:00", fold: int = 0, tz: str = VIENNA) -> str:
    wall = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZoneInfo(tz), fold=fold)
    found = next_due(cron, tz, wall.astimezone(UTC)).astimezone(ZoneInfo(tz))
    return f"{found:%m-%d %H:%M %Z}"


@pytest.mark.parametrize(
    ("cron", "day", "clock", "fold", "expected"),
    [
        # 2026-03-29: at 02:00 CET clocks are put forward to 03:00 CEST.
        ("30 2 * * *", "2026-03-28", "12:00", 0, "03-29 03:00 CEST"),
        ("30 2 * * *", "2026-03-29", "03:00", 0, "03-30 02:30 CEST"),
        ("0 3 * * *", "2026-03-29", "00:00", 0, "03-29 03:00 CEST"),
        ("30 1 * * *", "2026-03-29", "00:00", 0, "03-29 01:30 CET"),
        ("*/30 * * * *", "2026-03-29", "01:30", 0, "03-29 03:00 CEST"),
        # 2026-10-25: at 03:00 CEST clocks are put back to 02:00 CET.
        ("30 2 * * *", "2026-10-25", "00:00", 0, "10-25 02:30 CEST"),
        ("30 2 * * *", "2026-10-25", "02:30", 0, "10-26 02:30 CET"),
        ("30 2 * * *", "2026-10-25", "02:15", 1, "10-26 02:30 CET"),
        ("*/30 * * * *", "2026-10-25", "02:30", 0, "10-25 02:00 CET"),
        ("0 3 * * *", "2026-10-25", "02:30", 1, "10-25 03:00 CET"),
        ("0 12 13 * 5", "2026-11-01", "00:00", 0, "11-06 12:00 CET"),
        ("0 12 * * 7", "2026-11-23", "00:00", 0, "11-29 12:00 CET"),
        ("0 0 29 2 *", "2026-11-23", "00:00", 0, "02-29 00:00 CET"),
    ],
)
def test_the_clock_on_the_wall_counts(
    cron: str, day: str, clock: str, fold: int, expected: str
) -> None:
    assert due(cron, day, clock, fold) == expected


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.integers(0, 59),
    st.integers(0, 23),
)
def test_a_daily_time_comes_once_a_day(at: datetime, minute: int, hour: int) -> None:
    start = at.replace(tzinfo=UTC)
    found = list(passed(f"{minute} {hour} * * *", VIENNA, start, start + timedelta(days=9)))
    days = [each.astimezone(ZoneInfo(VIENNA)).date() for each in found]
    assert len(set(days)) == len(days)
    assert len(days) in (8, 9, 10)
    assert all(each > start for each in found)
    assert found == sorted(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "* * * * * *",
        "@daily",
        "61 * * * *",
        "0 0 30 2 *",
        "0 0 L * *",
        "1;2 * * * *",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"five fields|no time of a crontab|never comes"):
        check_cron(text)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))
def test_jitter_is_the_same_in_every_process_and_bounded(at: datetime) -> None:
    schedule = Schedule("nightly", "audit", "* * * * *", jitter=300.0)
    moment = at.replace(tzinfo=UTC)
    assert jitter_of(schedule, moment) == jitter_of(schedule, moment)
    assert timedelta() <= jitter_of(schedule, moment) < timedelta(minutes=5)
