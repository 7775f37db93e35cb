"""Hypothesis strategies for everything a report can hold."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from fleet.errors import KINDS
from fleet.results import Halt, Halted, KeyResult, RunReport, SiteResult, Status, Usage, Verdict

patient = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""For tests that draw whole reports: a busy machine may take its time."""

hostile = st.text(st.characters()) | st.sampled_from(
    ["\x1b[2J", "\u202egnp", "##[error]x", "::error::x", "[red]x[/red]", "a\nb", "\ud800"]
)
"""Any text at all, lone surrogates included."""

words = st.text(max_size=30)
"""Valid text."""

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)

json_values: st.SearchStrategy[object] = st.recursive(
    scalars,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4),
    max_leaves=8,
)

json_objects = st.dictionaries(st.text(max_size=12), json_values, max_size=4)

moments = st.datetimes(
    min_value=datetime(2000, 1, 1),
    max_value=datetime(2100, 1, 1),
    timezones=st.integers(-600, 600).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)

kinds = st.none() | st.sampled_from(sorted(KINDS))

counts = st.integers(0, 10**9)

usages = st.builds(Usage, counts, counts, counts, counts, st.floats(0, 1e6))


def key_results(text: st.SearchStrategy[str]) -> st.SearchStrategy[KeyResult]:
    verdicts = st.sampled_from(Verdict)
    return st.builds(KeyResult, text, verdicts, json_values, json_values, json_values, kinds, text)


def site_results(
    name: str, text: st.SearchStrategy[str], data: st.SearchStrategy[dict[str, object]]
) -> st.SearchStrategy[SiteResult]:
    return st.builds(
        SiteResult,
        site=st.just(name),
        url=text,
        status=st.sampled_from(Status),
        kind=kinds,
        message=text,
        said=text,
        keys=st.lists(key_results(text), max_size=3).map(tuple),
        data=data,
        notes=st.lists(text, max_size=2).map(tuple),
        usage=usages,
    )


@st.composite
def run_reports(
    draw: st.DrawFn,
    text: st.SearchStrategy[str] = words,
    data: st.SearchStrategy[dict[str, object]] = json_objects,
) -> RunReport:
    """Draw a report; `text` is what its sites and its operator may have written."""
    names = draw(st.lists(text, max_size=4, unique=True))
    return RunReport(
        run_id=draw(text),
        operation=draw(text),
        parameters=draw(data),
        read_only=draw(st.booleans()),
        started=draw(moments),
        finished=draw(st.none() | moments),
        interrupted=draw(st.sampled_from([None, "SIGINT", "SIGTERM"])),
        results=tuple(draw(site_results(name, text, data)) for name in names),
        halted=draw(st.none() | st.builds(Halted, st.sampled_from(Halt), text)),
    )


hostile_reports = run_reports(hostile, st.dictionaries(hostile, json_values | hostile, max_size=4))
"""Reports whose every text a hostile site may have written."""
