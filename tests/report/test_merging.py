"""One report out of the reports of parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import InputError
from fleet.report.data import report_document
from fleet.report.merging import merged
from fleet.results import Halt, Halted, RunReport, Status
from tests.report.made import STARTED, broken, healthy, run, switched, url

SITES = (
    [healthy(f"h{number}") for number in range(4)]
    + [switched(f"c{number}") for number in range(3)]
    + [broken("gone", "net.timeout", "no answer")]
)


@given(st.lists(st.integers(0, 3), min_size=len(SITES), max_size=len(SITES)))
def test_the_parts_of_a_run_make_the_report_of_the_whole(places: list[int]) -> None:
    whole = run(SITES, read_only=True)
    parts = [
        run([site for site, place in zip(SITES, places, strict=True) if place == part])
        for part in range(4)
    ]
    parts = [replace(part, read_only=True) for part in parts]
    pairs = [(site.site, site.url) for site in SITES]
    assert report_document(merged(parts, pairs, whole.run_id)) == report_document(whole)


def test_a_site_in_no_part_is_told_as_not_started() -> None:
    pairs = [("lost", url("lost")), ("h0", url("h0"))]
    found = merged([run([healthy("h0")])], pairs, "whole")
    assert [(each.site, each.status) for each in found.results] == [
        ("lost", Status.NOT_STARTED),
        ("h0", Status.UNCHANGED),
    ]
    assert found.exit_code == 3


def test_the_whole_lasts_from_the_first_part_to_the_last() -> None:
    early, late = run([healthy("a")], seconds=5), run([healthy("b")], seconds=2)
    late = replace(late, started=STARTED + timedelta(seconds=60), finished=None)
    pairs = [("a", url("a")), ("b", url("b"))]
    unfinished = merged([late, early], pairs, "whole")
    assert (unfinished.started, unfinished.finished) == (STARTED, None)
    ended = replace(late, finished=STARTED + timedelta(seconds=90))
    assert merged([ended, early], pairs, "whole").usage.seconds == 90


def test_what_ended_a_part_early_ended_the_whole() -> None:
    halted = replace(run([healthy("a")]), halted=Halted(Halt.BUDGET, "2 sites ended badly"))
    stopped = run([healthy("b")], interrupted="SIGTERM")
    found = merged([halted, stopped], [("a", url("a")), ("b", url("b"))], "whole")
    assert (found.halted, found.interrupted, found.exit_code) == (halted.halted, "SIGTERM", 143)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (run([healthy("a")]), "a is in two parts"),
        (run([healthy("x")]), "x is in run .* and not among the selected sites"),
        (replace(run([healthy("b")]), operation="modules.list"), "are not parts of one run"),
        (replace(run([healthy("b")]), parameters={}), "are not parts of one run"),
        (run([healthy("b")], read_only=True), "are not parts of one run"),
    ],
)
def test_what_does_not_belong_together_is_refused(second: RunReport, said: str) -> None:
    second = replace(second, run_id="second")
    with pytest.raises(InputError, match=said):
        merged([run([healthy("a")]), second], [("a", url("a")), ("b", url("b"))], "whole")
