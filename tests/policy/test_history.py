"""Two runs compared: what is new, fixed, still open, and what nobody can tell."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from fleet.journal.findings import Finding, FindingName, StoredFinding, TrendPoint
from fleet.policy.history import Entry, compare, daily, mean_time_to_fix
from fleet.results import KeyResult, RunReport, SiteResult, Status, Verdict, status_of

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def run(run_id: str, *results: SiteResult) -> RunReport:
    return RunReport(run_id, "audit", {}, True, AT, AT, None, results)


def looked(site: str, **keys: object) -> SiteResult:
    """Return a site whose modules are as wanted (True) or not."""
    found = tuple(
        KeyResult(key, Verdict.UNCHANGED if value is True else Verdict.DRIFT, value, True, value)
        for key, value in keys.items()
    )
    return SiteResult(site, f"https://{site}/", status_of(found)[0], keys=found)


def lost(site: str, kind: str = "net.timeout") -> SiteResult:
    return SiteResult(site, f"https://{site}/", Status.UNREACHABLE, kind, "no answer")


def names(entries: tuple[Entry, ...]) -> list[str]:
    return [f"{e.finding.name.site} {e.finding.name.key or e.finding.name.error}" for e in entries]


def test_new_fixed_and_still_open_are_told_apart() -> None:
    found = compare(
        run("r1", looked("a", x=False, y=False, z=True)),
        run("r2", looked("a", x=False, y=True, z=None)),
    )
    assert names(found.new) == ["a z"]
    assert names(found.fixed) == ["a y"]
    assert names(found.still_open) == ["a x"]
    assert found.not_seen == ()
    assert found.exit_code == 2


def test_a_site_that_could_not_be_reached_is_not_fixed() -> None:
    found = compare(run("r1", looked("a", x=False)), run("r2", lost("a")))
    assert found.fixed == ()
    assert names(found.not_seen) == ["a x"]
    assert found.not_seen[0].remark == "the site ended unreachable (net.timeout)"
    assert names(found.new) == ["a net.timeout"]


def test_a_site_that_is_in_one_run_only_is_told_apart() -> None:
    found = compare(
        run("r1", looked("gone", x=False), looked("a", x=True)),
        run("r2", looked("a", x=True), looked("fresh", x=False)),
    )
    assert (found.only_earlier, found.only_later) == (("gone",), ("fresh",))
    assert found.fixed == ()
    assert found.not_seen[0].remark == "the site was not in the later run"
    assert found.new[0].remark == "the site was not in the earlier run"


def test_drift_behind_an_outage_is_new_and_says_so() -> None:
    found = compare(run("r1", lost("a")), run("r2", looked("a", x=False)))
    assert names(found.fixed) == ["a net.timeout"]
    assert found.new[0].remark == "the earlier run could not look at the site"


def test_one_failure_in_place_of_another_proves_nothing() -> None:
    found = compare(run("r1", lost("a")), run("r2", lost("a", "tls.expired")))
    assert names(found.new) == ["a tls.expired"]
    assert names(found.not_seen) == ["a net.timeout"]


def test_a_key_that_is_not_asked_about_any_more_is_not_fixed() -> None:
    found = compare(run("r1", looked("a", x=False)), run("r2", looked("a", y=True)))
    assert found.fixed == ()
    assert found.not_seen[0].remark == "the later run did not check this key"


def test_a_finding_with_another_value_is_open_and_moved() -> None:
    found = compare(run("r1", looked("a", x=1)), run("r2", looked("a", x=2)))
    (entry,) = found.still_open
    assert entry.moved
    assert entry.before is not None
    assert (entry.before.found, entry.finding.found) == (1, 2)


def test_a_site_left_out_on_purpose_says_nothing() -> None:
    skipped = SiteResult("a", "https://a/", Status.SKIPPED, message="paused")
    found = compare(run("r1", looked("a", x=False)), run("r2", skipped))
    assert found.new == ()
    assert found.not_seen[0].remark == "the site ended skipped"


sites = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.none() | st.dictionaries(st.sampled_from("xyz"), st.sampled_from([True, False, None])),
    ),
    unique_by=lambda pair: pair[0],
)
reports = sites.map(
    lambda found: run(
        "r", *(lost(name) if keys is None else looked(name, **keys) for name, keys in found)
    )
)


@given(reports, reports)
def test_every_finding_of_both_runs_stands_in_one_place(a: RunReport, b: RunReport) -> None:
    found = compare(a, b)
    there = compare(b, a)
    assert sorted(names(found.new)) == sorted([*names(there.fixed), *names(there.not_seen)])
    assert sorted(names(found.still_open)) == sorted(names(there.still_open))
    assert len(found.new) + len(found.still_open) == len(compare(run("none"), b).new)
    assert found.only_later == there.only_earlier


def test_a_day_is_told_by_its_last_run_in_the_zone_asked_for() -> None:
    late = TrendPoint("r1", datetime(2026, 11, 22, 23, 30, tzinfo=UTC), "audit", "", 1, 1)
    later = TrendPoint("r2", datetime(2026, 11, 23, 3, 0, tzinfo=UTC), "audit", "", 2, 0)
    assert daily([late, later], ZoneInfo("Europe/Vienna")) == [(date(2026, 11, 23), later)]
    assert [day.day for day, _ in daily([late, later], UTC)] == [22, 23]


def test_the_mean_time_to_fix_weighs_every_fix_alike() -> None:
    finding = Finding(FindingName("a", "https://a/", "x"))
    one = StoredFinding(finding, AT, AT, AT, "r", AT + timedelta(days=1), fixes=1, fixing=100.0)
    three = StoredFinding(finding, AT, AT, AT, "r", None, fixes=3, fixing=600.0)
    assert mean_time_to_fix([one, three]) == 175.0
    assert mean_time_to_fix([]) is None
