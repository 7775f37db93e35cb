from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.inventory.windows import Freeze, Window, opens, parse_day, parse_span, parse_zone
from tests.inventory.support import HEAD, complaints_about, load

VIENNA = ZoneInfo("Europe/Vienna")
AHEAD = [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC)]
BACK = [datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, tzinfo=UTC)]


def window(*spans: str, tz: str = "Europe/Vienna") -> Window:
    return Window(tz, tuple(map(parse_span, spans)))


def vienna(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIENNA, fold=fold)


def told(moment: datetime | None) -> str:
    return f"{moment.astimezone(VIENNA):%a %d %H:%M:%S %z}" if moment else "never"


WORK = ("Mon-Thu 07:00-16:00", "Sat 22:00-02:00")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-02 06:59:59", "Mon 02 07:00:00 +0100"),
        ("2026-11-02 07:00:00", "now"),
        ("2026-11-02 15:59:59", "now"),
        ("2026-11-02 16:00:00", "Tue 03 07:00:00 +0100"),
        ("2026-11-05 16:00:00", "Sat 07 22:00:00 +0100"),
        ("2026-11-07 23:59:59", "now"),
        ("2026-11-08 00:00:00", "now"),
        ("2026-11-08 01:59:59", "now"),
        ("2026-11-08 02:00:00", "Mon 09 07:00:00 +0100"),
        ("2026-11-07 01:00:00", "Sat 07 22:00:00 +0100"),
    ],
)
def test_a_change_waits_for_the_next_opening(now: str, expected: str) -> None:
    moment = vienna(now)
    found = opens(window(*WORK), (), moment)
    assert found is moment if expected == "now" else told(found) == expected


@pytest.mark.parametrize(
    ("spans", "now", "fold", "expected"),
    [
        pytest.param(
            ["02:30-05:00"], "2026-03-29 01:00", 0, "Sun 29 03:00:00 +0200", id="begins in the gap"
        ),
        pytest.param(
            ["02:00-02:45"], "2026-03-29 01:00", 0, "Mon 30 02:00:00 +0200", id="is in the gap"
        ),
        pytest.param(
            ["02:00-02:30"], "2026-10-25 02:40", 0, "Sun 25 02:00:00 +0100", id="comes twice"
        ),
        pytest.param(
            ["02:00-02:30"], "2026-10-25 02:30", 1, "Mon 26 02:00:00 +0100", id="has come twice"
        ),
        pytest.param(
            ["02:30-03:00"], "2026-10-25 02:10", 1, "Sun 25 02:30:00 +0100", id="the second time"
        ),
        pytest.param(["Sat 22:00-04:00"], "2026-03-29 03:10", 0, "now", id="over the gap"),
        pytest.param(["Sat 22:00-03:00"], "2026-10-25 02:50", 1, "now", id="over the hour again"),
        pytest.param(
            ["09:00-10:00"], "2026-03-28 12:00", 0, "Sun 29 09:00:00 +0200", id="the day it starts"
        ),
    ],
)
def test_clocks_that_are_put_forward_or_back(
    spans: list[str], now: str, fold: int, expected: str
) -> None:
    moment = vienna(now, fold)
    found = opens(window(*spans), (), moment)
    assert found is moment if expected == "now" else told(found) == expected


def test_midnight_may_be_missing_too() -> None:
    """In Beirut clocks are put forward at midnight."""
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    found = opens(window("Sun 00:00-01:30", tz="Asia/Beirut"), (), start)
    assert found is not None
    assert str(found.astimezone(ZoneInfo("Asia/Beirut"))) == "2026-03-29 01:00:00+03:00"


def test_a_freeze_ends_with_its_last_day_where_the_site_is() -> None:
    freeze = Freeze(date(2026, 11, 20), date(2026, 12, 28), "holiday sales")
    zone = window()
    assert opens(zone, [freeze], vienna("2026-11-19 23:59")) == vienna("2026-11-19 23:59")
    assert told(opens(zone, [freeze], vienna("2026-11-20 00:00"))) == "Tue 29 00:00:00 +0100"
    assert told(opens(window(*WORK), [freeze], vienna("2026-12-01 09:00"))) == (
        "Tue 29 07:00:00 +0100"
    )
    late = datetime(2026, 12, 28, 23, 30, tzinfo=UTC)
    assert opens(zone, [freeze], late) == late
    assert opens(None, [freeze], late) == datetime(2026, 12, 29, tzinfo=UTC)


def test_a_night_s_window_closes_when_a_freeze_begins() -> None:
    freeze = Freeze(date(2026, 11, 8), date(2026, 11, 8))
    night = window("Sat 22:00-02:00")
    assert told(opens(night, [freeze], vienna("2026-11-08 00:30"))) == "Sat 14 22:00:00 +0100"


def test_without_a_window_it_is_always_open() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert opens(None, (), now) is now


def test_what_never_opens_is_told() -> None:
    freeze = Freeze(date(2026, 1, 1), date(2099, 12, 31))
    assert opens(window(*WORK), [freeze], vienna("2026-11-02 09:00")) is None


def test_a_freeze_of_more_than_a_year_opens_in_the_end() -> None:
    freeze = Freeze(date(2026, 1, 1), date(2027, 1, 15))
    assert told(opens(window(*WORK), [freeze], vienna("2026-01-01 09:00"))) == (
        "Sat 16 22:00:00 +0100"
    )


DAYS = st.sampled_from(["Mon-Fri", "Sat,Sun", "Sun", "Sat-Mon", "Sun,Wed", ""])
CLOCK = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
SPANS = st.builds(
    lambda days, begin, end: f"{days} {begin}-{end}".strip(), DAYS, CLOCK, CLOCK
).filter(lambda text: text[-11:-6] != text[-5:])


def by_the_minute(spans: list[str], freezes: list[Freeze], now: datetime) -> datetime | None:
    """Return the next opening by looking at the wall clock of each minute."""
    for minutes in range(4 * 24 * 60):
        moment = now + timedelta(minutes=minutes)
        wall = moment.astimezone(VIENNA)
        if any(each.first <= wall.date() <= each.last for each in freezes):
            continue
        if any(on_the_wall(span, wall) for span in spans):
            return moment
    return None


def on_the_wall(span: str, wall: datetime) -> bool:
    days, _, times = span.rpartition(" ")
    begin, end = times.split("-")
    clock = f"{wall:%H:%M}"
    if begin < end:
        return is_day(days, wall) and begin <= clock < end
    before = wall.replace(tzinfo=None) - timedelta(days=1)
    return (is_day(days, wall) and clock >= begin) or (is_day(days, before) and clock < end)


def is_day(days: str, wall: datetime) -> bool:
    named = {"Mon-Fri": "Mon Tue Wed Thu Fri", "Sat-Mon": "Sat Sun Mon", "": f"{wall:%a}"}
    return f"{wall:%a}" in named.get(days, days)


@given(
    st.lists(SPANS, min_size=1, max_size=3),
    st.sampled_from([*AHEAD, *BACK]),
    st.integers(-36 * 60, 12 * 60),
    st.booleans(),
)
def test_openings_are_what_the_clock_on_the_wall_shows(
    spans: list[str], change: datetime, minutes: int, frozen: bool
) -> None:
    now = change + timedelta(minutes=minutes)
    day = change.astimezone(VIENNA).date()
    freezes = [Freeze(day, day)] if frozen else []
    expected = by_the_minute(spans, freezes, now)
    found = opens(window(*spans), freezes, now)
    assert found == expected if expected else found is None or found > now + timedelta(days=3)


@given(
    st.lists(SPANS, max_size=2),
    st.datetimes(
        datetime(2020, 1, 1),
        datetime(2030, 1, 1),
        timezones=st.sampled_from([UTC, VIENNA, ZoneInfo("America/St_Johns")]),
    ),
    st.sampled_from(["Europe/Vienna", "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
)
def test_an_opening_is_open_and_never_in_the_past(spans: list[str], now: datetime, tz: str) -> None:
    found = opens(window(*spans, tz=tz), (), now)
    assert found is not None
    assert found.astimezone(UTC) >= now.astimezone(UTC)
    assert opens(window(*spans, tz=tz), (), found) is found


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Mon 00:00-24:00", {0}),
        ("Fri-Mon 09:00-17:00", {4, 5, 6, 0}),
        ("Mon,Wed-Thu 09:00-17:00", {0, 2, 3}),
        ("Mon-Sun 09:00-17:00", set(range(7))),
        ("23:00-01:00", set(range(7))),
    ],
)
def test_days_of_a_span(text: str, days: set[int]) -> None:
    assert parse_span(text).days == days


@pytest.mark.parametrize(
    "text",
    [
        *("", "Mon", "Mon-Thu", "mon 07:00-16:00", "Mon 7:00-16:00", "Mon 07:00-16"),
        *("Mon 07:00 - 16:00", "Mon  07:00-16:00", "Mon 24:00-02:00", "Mon 07:60-16:00"),
        *("Mo 07:00-16:00", "Mon, Tue 07:00-16:00", "Mon 09:00-09:00", "Mon 09:00-24:01", 5, None),
    ],
)
def test_other_texts_are_no_spans(text: object) -> None:
    with pytest.raises(ValueError, match=r"expected days and times|at the same time"):
        parse_span(text)


def test_zones_are_those_with_a_place() -> None:
    for zone in ("UTC", "Europe/Vienna", "America/Argentina/Buenos_Aires", "Etc/GMT+5"):
        assert parse_zone(zone) == zone
    for bad in (
        "localtime",
        "posixrules",
        "Europe",
        "/etc/x",
        "../x",
        "right/UTC",
        "",
        "x" * 99,
        5,
    ):
        with pytest.raises(ValueError, match="expected a time zone"):
            parse_zone(bad)
    with pytest.raises(ValueError, match="did you mean 'Europe/Vienna'"):
        parse_zone("Europe/Viena")


@pytest.mark.parametrize("text", ["2026-2-3", "2026-02-30", "20260203", "", "today", 20260203])
def test_other_texts_are_no_days(text: object) -> None:
    with pytest.raises(ValueError, match="expected a day, such as"):
        parse_day(text)


LAYERED = (
    HEAD.rstrip()
    + """
  window: {tz: Europe/Vienna, allow: ["Mon-Thu 07:00-16:00"]}
  freeze: [{from: 2026-12-20, to: "2027-01-06", reason: winter}]
groups:
  nordic:
    window: {tz: Europe/Oslo}
    freeze: [{from: 2026-05-17, to: 2026-05-17}]
sites:
  plain: https://plain.example
  shop:
    url: https://shop.example
    groups: [nordic]
    window:
      allow:
        - Sat 22:00-02:00
        - Sun 06:00-08:00
    freeze:
      - {from: 2026-12-20, to: 2027-01-06, reason: sales}
"""
)


def test_windows_are_laid_over_one_another_and_freezes_add_up(tmp_path: Path) -> None:
    sites = load(tmp_path, LAYERED).sites
    assert str(sites["plain"].window) == "Mon-Thu 07:00-16:00 (Europe/Vienna)"
    assert str(sites["shop"].window) == "Sat 22:00-02:00, Sun 06:00-08:00 (Europe/Oslo)"
    assert list(map(str, sites["plain"].freezes)) == ["2026-12-20 to 2027-01-06 (winter)"]
    assert list(map(str, sites["shop"].freezes)) == [
        "2026-05-17",
        "2026-12-20 to 2027-01-06 (sales)",
    ]
    assert len({*sites.values()}) == 2
    assert told(sites["plain"].opens(vienna("2026-12-21 09:00"))) == "Thu 07 07:00:00 +0100"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("window.tz", "Europe/Oslo 8:18 group nordic"),
        ("window.allow", "Sat 22:00-02:00, Sun 06:00-08:00 17:9 site"),
        ("freeze.2026-05-17..2026-05-17", " 9:14 group nordic"),
        ("freeze.2026-12-20..2027-01-06", "sales 20:9 site"),
    ],
)
def test_windows_and_freezes_tell_where_they_come_from(
    tmp_path: Path, path: str, expected: str
) -> None:
    found = load(tmp_path, LAYERED).sites["shop"].origins[path]
    assert found.place is not None
    assert f"{found.value} {found.place.line}:{found.place.column} {found.source}" == expected


def test_sites_without_a_window_have_none(tmp_path: Path) -> None:
    site = load(tmp_path, HEAD + "sites: {a: https://a.example}\n").sites["a"]
    assert (site.window, site.freezes) == (None, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("window: x", ["12 expected a mapping, found text"]),
        ("window: {zone: UTC}", ["13 unknown key 'zone'"]),
        ("tz: UTC", ["4 unknown key 'tz' (it belongs under window)"]),
        ("window: {tz: Mars}", ["17 expected a time zone"]),
        ("window: {allow: Mon 07:00-16:00}", ["20 expected a list of days and times"]),
        ("window: {allow: []}", ["20 expected a list of days and times"]),
        ("window: {allow: [x, &a y, 5]}", ["21 expected days", "24 anchors", "30 expected days"]),
        ("freeze: x", ["12 expected a list of freezes with 'from' and 'to', found text"]),
        ("freeze: [x]", ["13 expected a mapping, found text"]),
        ("freeze: [{to: 2026-01-01}]", ["13 a freeze needs its key 'from'"]),
        ("freeze: [{form: 2026-01-01, to: 2026-01-02}]", ["14 unknown key 'form'", "20 this may"]),
        ("freeze: [{from: 2026-1-1, to: 2026-01-02}]", ["20 expected a day"]),
        ("freeze: [{from: 2026-02-30, to: 2026-03-02}]", ["20 expected a day"]),
        ("freeze: [{from: 2026-02-03, to: 2026-02-02}]", ["36 this day is before the one"]),
        ("freeze: [{from: 5, to: 2026-02-02}]", ["20 expected a day"]),
        (
            'freeze: [{from: 2026-02-02, to: 2026-02-02, reason: "\\e"}]',
            ["56 a reason has up to 200 characters"],
        ),
        (
            "freeze: [{from: 2026-02-02, to: 2026-02-02, reason: 2026-02-02}]",
            ["56 this may be read as a date: write it in quotes"],
        ),
        ("labels: {since: 2026-02-02}", ["20 this may be read as a date: write it in quotes"]),
    ],
)
def test_mistakes_are_told_where_they_stand(tmp_path: Path, text: str, expected: list[str]) -> None:
    lines = complaints_about(tmp_path, f"{HEAD}groups:\n  g:\n   {text}\n")
    found = [line.removeprefix("inventory.yaml:6:") for line in lines]
    assert [line[: len(want)] for line, want in zip(found, expected, strict=True)] == expected
