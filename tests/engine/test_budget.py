"""The failure budget: greater than the limit stops, equal does not, whatever comes in between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.engine.budget import Budget
from fleet.results import Status

BAD = (Status.FAILED, Status.PARTIAL, Status.UNKNOWN, Status.BLOCKED)
FINE = (Status.UNCHANGED, Status.CHANGED, Status.DRIFT, Status.SKIPPED, Status.NOT_STARTED)


def stops_at(budget: Budget, statuses: list[Status]) -> int | None:
    """Return the number of the site at which the budget is exceeded, counted from 1."""
    for number, status in enumerate(statuses, 1):
        if budget.count(status):
            return number
    return None


@pytest.mark.parametrize("status", BAD)
@pytest.mark.parametrize(("limit", "stop"), [(0, 1), (1, 2), (2, 3), (3, None)])
def test_it_stops_at_the_first_bad_site_beyond_the_limit(
    status: Status, limit: int, stop: int | None
) -> None:
    assert stops_at(Budget("the run", limit), [status] * 3) == stop


@pytest.mark.parametrize("status", [*FINE, Status.UNREACHABLE])
def test_what_is_no_failure_never_counts_as_one(status: Status) -> None:
    assert stops_at(Budget("the run", 0), [status] * 50) is None


def test_unreachable_sites_have_a_limit_of_their_own() -> None:
    statuses = [Status.FAILED, Status.UNREACHABLE, Status.FAILED, Status.UNREACHABLE]
    assert stops_at(Budget("the run", 2, 1), statuses) == 4
    assert stops_at(Budget("the run", 1, 2), statuses) == 3
    assert stops_at(Budget("the run", None, 0), statuses) == 2


def test_without_limits_nothing_stops() -> None:
    assert stops_at(Budget("the run"), [Status.FAILED] * 1000) is None


def test_the_reason_has_the_numbers() -> None:
    budget = Budget("wave 2", 1)
    budget.count(Status.FAILED)
    assert budget.count(Status.BLOCKED) == "2 sites of wave 2 ended badly, and 1 may"
    assert Budget("wave 1", 0).count(Status.FAILED) == "1 site of wave 1 ended badly, and 0 may"


@given(
    statuses=st.lists(st.sampled_from(Status), max_size=80),
    failures=st.none() | st.integers(0, 20),
    unreachable=st.none() | st.integers(0, 20),
)
def test_it_stops_exactly_where_the_formula_says(
    statuses: list[Status], failures: int | None, unreachable: int | None
) -> None:
    def beyond(end: int) -> bool:
        bad = sum(status in BAD for status in statuses[:end])
        lost = statuses[:end].count(Status.UNREACHABLE)
        return (failures is not None and bad > failures) or (
            unreachable is not None and lost > unreachable
        )

    expected = next((end for end in range(1, len(statuses) + 1) if beyond(end)), None)
    assert stops_at(Budget("the run", failures, unreachable), statuses) == expected
