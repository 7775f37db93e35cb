"""Statuses follow from keys, and reports balance."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import KINDS, SiteError
from fleet.journal.ledger import Ledger
from fleet.results import (
    Event,
    Halt,
    Halted,
    KeyResult,
    RunFinished,
    RunReport,
    RunStarted,
    SiteFinished,
    SiteResult,
    Status,
    Usage,
    Verdict,
    status_of,
)

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
GOOD = KeyResult("a", Verdict.UNCHANGED)
CHANGED = KeyResult("b", Verdict.CHANGED)
DRIFT = KeyResult("c", Verdict.DRIFT)
OFFLINE = KeyResult("d", Verdict.REJECTED, kind="jetpack.offline")
LIE = KeyResult("e", Verdict.REJECTED, kind="verify.mismatch")
ABSENT = KeyResult("f", Verdict.UNSUPPORTED, kind="jetpack.unsupported")
UNKNOWN = KeyResult("g", Verdict.UNKNOWN, kind="write.unconfirmed")


@pytest.mark.parametrize(
    ("keys", "status", "kind"),
    [
        pytest.param([], Status.UNCHANGED, None, id="nothing asked"),
        pytest.param([GOOD], Status.UNCHANGED, None, id="as wanted"),
        pytest.param([GOOD, CHANGED], Status.CHANGED, None, id="changed"),
        pytest.param([GOOD, DRIFT], Status.DRIFT, None, id="would change"),
        pytest.param([CHANGED, LIE], Status.PARTIAL, "write.partial", id="some refused"),
        pytest.param([GOOD, LIE], Status.FAILED, "verify.mismatch", id="refused"),
        pytest.param([OFFLINE], Status.BLOCKED, "jetpack.offline", id="blocked"),
        pytest.param([ABSENT], Status.BLOCKED, "jetpack.unsupported", id="unsupported"),
        pytest.param([CHANGED, LIE, UNKNOWN], Status.UNKNOWN, "write.unconfirmed", id="unknown"),
    ],
)
def test_a_site_ends_as_its_keys_do(
    keys: list[KeyResult], status: Status, kind: str | None
) -> None:
    assert status_of(keys) == (status, kind)


@given(st.lists(st.sampled_from(Verdict)))
def test_a_site_is_only_good_when_every_key_is(verdicts: list[Verdict]) -> None:
    status, _ = status_of(KeyResult(str(n), each) for n, each in enumerate(verdicts))
    assert status.good == all(each.good for each in verdicts)


def report_of(*results: SiteResult, interrupted: str | None = None) -> RunReport:
    names = [(result.site, result.url) for result in results] + [("late", "https://late.example")]
    events: list[Event] = [RunStarted("r1", "modules.list", {}, True, tuple(names[:-1]), AT)]
    events += [SiteFinished(result) for result in results]
    events.append(RunFinished(AT + timedelta(seconds=3), interrupted))
    return Ledger.fold(events)


def result(status: Status, kind: str | None = None) -> SiteResult:
    return SiteResult(f"s-{status}-{kind}", "https://s.example", status, kind)


@pytest.mark.parametrize(
    ("statuses", "interrupted", "code"),
    [
        pytest.param([Status.UNCHANGED, Status.CHANGED], None, 0, id="all well"),
        pytest.param([Status.UNCHANGED, Status.DRIFT], None, 2, id="drift only"),
        pytest.param([Status.DRIFT, Status.BLOCKED], None, 3, id="a site is not well"),
        pytest.param([Status.UNCHANGED, Status.SKIPPED], None, 0, id="skipped on purpose"),
        pytest.param([Status.FAILED], "SIGINT", 130, id="interrupted"),
        pytest.param([Status.CHANGED], "SIGTERM", 143, id="terminated"),
    ],
)
def test_the_exit_code_is_the_gravest_that_applies(
    statuses: list[Status], interrupted: str | None, code: int
) -> None:
    assert report_of(*map(result, statuses), interrupted=interrupted).exit_code == code


def test_a_site_that_was_skipped_for_a_reason_is_not_well() -> None:
    assert report_of(result(Status.SKIPPED, "plan.stale")).exit_code == 3


@pytest.mark.parametrize(
    ("halt", "code"),
    [(Halt.BUDGET, 4), (Halt.CREDENTIALS, 4), (Halt.JOURNAL, 74), (Halt.LOCK, 6)],
)
def test_a_run_that_halted_says_so_by_its_exit_code(halt: Halt, code: int) -> None:
    whole = replace(report_of(result(Status.BLOCKED)), halted=Halted(halt, "why"))
    assert whole.exit_code == code


def test_a_bug_of_ours_outweighs_everything() -> None:
    report = report_of(result(Status.FAILED, "internal.bug"), interrupted="SIGINT")
    assert report.exit_code == 1


@given(st.lists(st.sampled_from(Status), max_size=30), st.integers(0, 5))
def test_totals_add_up_and_silent_sites_are_not_started(found: list[Status], silent: int) -> None:
    results = [SiteResult(f"s{n}", "u", status) for n, status in enumerate(found)]
    names = tuple((f"s{n}", "u") for n in range(len(found) + silent))
    events: list[Event] = [RunStarted("r", "x", {}, True, names, AT)]
    report = Ledger.fold([*events, *(SiteFinished(each) for each in results)])
    assert sum(report.totals.values()) == len(names)
    assert report.totals[Status.NOT_STARTED] == silent + found.count(Status.NOT_STARTED)


def test_a_report_needs_its_start() -> None:
    with pytest.raises(ValueError, match="start"):
        Ledger.fold([SiteFinished(result(Status.CHANGED))])


def test_a_result_of_a_stranger_is_refused() -> None:
    start = RunStarted("r", "x", {}, True, (("a", "u"),), AT)
    with pytest.raises(ValueError, match="not selected"):
        Ledger.fold([start, SiteFinished(SiteResult("b", "u", Status.CHANGED))])


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_becomes_a_result_with_its_status_and_hint(kind: str) -> None:
    ended = SiteResult.from_error("s", "u", SiteError(kind, "why", said="oops"))
    assert (str(ended.status), ended.kind, ended.message, ended.said, ended.hint) == (
        KINDS[kind].ends,
        kind,
        "why",
        "oops",
        KINDS[kind].hint,
    )


def test_the_run_costs_what_its_sites_cost() -> None:
    one = SiteResult("a", "u", Status.CHANGED, usage=Usage(5, 1, 1, 900, 1.5))
    two = SiteResult("b", "u", Status.CHANGED, usage=Usage(3, 0, 1, 100, 2.5))
    assert report_of(one, two).usage == Usage(8, 1, 2, 1000, 3.0)
