"""What every back end keeps of runs: the contract of the record."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from fleet.errors import InputError, JournalError
from fleet.journal.journal import open_journal
from fleet.journal.ledger import Ledger
from fleet.journal.records import Owner
from fleet.results import (
    Halt,
    Halted,
    RunFinished,
    RunReport,
    RunStarted,
    SiteFinished,
    SiteResult,
    Status,
)
from tests.journal.made import AT, OWNER, Clock, Opens, result, start
from tests.report.strategies import hostile_reports

NUMBERS = itertools.count()


async def test_a_report_is_folded_from_the_journal(opens: Opens) -> None:
    end = RunFinished(AT + timedelta(seconds=9), "SIGINT", Halted(Halt.BUDGET, "2 of 3 sites"))
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        await journal.record("run-1", result("b", Status.FAILED, kind="net.timeout", message="no"))
        await journal.record("run-1", result("a"))
        await journal.finish("run-1", end)

    async with opens() as journal:
        events = [event async for event in journal.events("run-1")]
        report = await journal.report("run-1")

    finished = [event.result.site for event in events if isinstance(event, SiteFinished)]
    assert (events[0], finished, events[-1]) == (start(), ["a", "b"], end)
    assert report == Ledger.fold(events)
    assert [each.status for each in report.results] == [
        Status.CHANGED,
        Status.FAILED,
        Status.NOT_STARTED,
    ]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(report=hostile_reports)
def test_whatever_sites_send_comes_back_as_it_was(store: str, report: RunReport) -> None:
    if report.finished is None:
        report = replace(report, interrupted=None, halted=None)
    report = replace(report, run_id=f"{next(NUMBERS)} {report.run_id}")
    assert asyncio.run(kept(store, report)) == report


async def kept(store: str, report: RunReport) -> RunReport:
    async with open_journal(store) as journal:
        sites = tuple((each.site, each.url) for each in report.results)
        await journal.begin(
            RunStarted(
                report.run_id,
                report.operation,
                report.parameters,
                report.read_only,
                sites,
                report.started,
            ),
            owner=OWNER,
        )
        for each in report.results:
            await journal.record(report.run_id, each)
        if report.finished is not None:
            end = RunFinished(report.finished, report.interrupted, report.halted)
            await journal.finish(report.run_id, end)
        return await journal.report(report.run_id)


async def test_the_last_result_of_a_site_stands(opens: Opens) -> None:
    async with opens(flush_rows=2) as journal:
        await journal.begin(start(), owner=OWNER)
        for status in (Status.UNKNOWN, Status.FAILED, Status.UNCHANGED):
            await journal.record("run-1", result("a", status))
        found = [outcome async for outcome in journal.outcomes("run-1")]

    assert [outcome.result.status for outcome in found] == [Status.UNCHANGED]


async def test_outcomes_come_in_the_order_of_the_sites_and_with_their_time(
    opens: Opens, clock: Clock
) -> None:
    names = [f"s{number}" for number in range(1203)]
    async with opens() as journal:
        await journal.begin(start(sites=names), owner=OWNER)
        for name in reversed(names):
            await journal.record("run-1", result(name))
        clock.pass_by(5)
        await journal.record("run-1", result("s7"))
        found = [outcome async for outcome in journal.outcomes("run-1")]

    assert [outcome.result.site for outcome in found] == names
    assert found[6].at == AT
    assert found[7].at == AT + timedelta(seconds=5)


async def test_what_waits_is_kept_when_the_journal_is_closed(opens: Opens) -> None:
    async with opens(flush_rows=1000, flush_seconds=3600) as journal:
        await journal.begin(start(), owner=OWNER)
        await journal.record("run-1", result("a"))

    async with opens() as journal:
        assert (await journal.run("run-1")).totals[Status.CHANGED] == 1


async def test_many_tasks_record_at_once(opens: Opens) -> None:
    names = [f"s{number}" for number in range(300)]
    async with opens(flush_rows=7) as journal:
        await journal.begin(start(sites=names), owner=OWNER)
        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(journal.record("run-1", result(name)))
        await journal.flush()

    async with opens() as journal:
        assert (await journal.run("run-1")).totals[Status.CHANGED] == 300


async def test_a_run_in_the_list_tells_everything_about_itself(opens: Opens) -> None:
    end = RunFinished(AT + timedelta(seconds=9), None, Halted(Halt.LOCK, "gone"))
    async with opens() as journal:
        await journal.begin(
            start(), kind="apply", owner=OWNER, parent="run-0", document={"plan": [1, None]}
        )
        await journal.record("run-1", result("a"))
        await journal.record("run-1", result("b", Status.NOT_STARTED))
        await journal.finish("run-1", end)
        (row,) = await journal.runs()

        assert row == await journal.run("run-1")
    assert (row.kind, row.operation, row.owner, row.parent) == (
        "apply",
        "modules.activate",
        OWNER,
        "run-0",
    )
    assert (row.parameters, row.read_only) == ({"modules": ["protect"]}, False)
    assert (row.started, row.finished, row.interrupted) == (AT, end.at, None)
    assert (row.halted, row.document) == (end.halted, {"plan": [1, None]})
    assert row.sites == 3
    assert {status: count for status, count in row.totals.items() if count} == {
        Status.CHANGED: 1,
        Status.NOT_STARTED: 2,
    }
    assert set(row.totals) == set(Status)


async def test_runs_are_listed_newest_first_and_by_kind(opens: Opens) -> None:
    async with opens() as journal:
        for number, kind in enumerate(["run", "plan", "run"]):
            at = AT + timedelta(hours=number)
            await journal.begin(start(f"run-{number}", at=at), kind=kind, owner=OWNER)
        everything = [row.run_id for row in await journal.runs()]

        assert everything == ["run-2", "run-1", "run-0"]
        assert [row.run_id for row in await journal.runs(kind="plan")] == ["run-1"]
        assert [row.run_id for row in await journal.runs(limit=1)] == ["run-2"]
        assert (await journal.run("last")).run_id == "run-2"


async def test_a_run_is_found_by_the_start_of_its_name(opens: Opens) -> None:
    async with opens() as journal:
        for name in ("20261123-0300-k3x9", "20261123-0301-abcd", "50%_\\x"):
            await journal.begin(start(name), owner=OWNER)

        assert (await journal.run("20261123-0300")).run_id == "20261123-0300-k3x9"
        assert (await journal.run("50%_\\")).run_id == "50%_\\x"
        with pytest.raises(InputError, match="start of several runs: 20261123-0301-abcd, 2026"):
            await journal.run("20261123")
        with pytest.raises(InputError, match="did you mean 20261123-0300-k3x9"):
            await journal.run("20261123-0300-k3y9")
        with pytest.raises(InputError, match="there is no run"):
            await journal.run("'); drop table journal_runs; --")
        with pytest.raises(InputError, match="there is no run"):
            await journal.run("")


async def test_an_empty_journal_has_no_last_run(opens: Opens) -> None:
    async with opens() as journal:
        with pytest.raises(InputError, match="no run in the journal yet"):
            await journal.run("last")
        assert await journal.runs() == []


async def test_a_name_is_given_to_one_run_only(opens: Opens) -> None:
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        with pytest.raises(JournalError, match="has a run run-1 already"):
            await journal.begin(start(sites=["z"]), owner=OWNER)
        assert (await journal.run("run-1")).sites == 3


async def test_a_resumed_run_is_no_longer_over(opens: Opens) -> None:
    other = Owner("bob", "ops-2", 1)
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        await journal.finish("run-1", RunFinished(AT, "SIGTERM", Halted(Halt.BUDGET, "many")))
        await journal.reopen("run-1", other)
        row = await journal.run("run-1")

        assert (row.finished, row.interrupted, row.halted) == (None, None, None)
        assert row.owner == other
        with pytest.raises(InputError, match="there is no run run-2"):
            await journal.reopen("run-2", other)
        with pytest.raises(InputError, match="there is no run run-2"):
            await journal.finish("run-2", RunFinished(AT))


async def test_notes_are_kept_with_their_run(opens: Opens) -> None:
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        await journal.note("run-1", "wave", 1)
        await journal.note("run-1", "wave", {"number": 2, "sites": ["a"]})
        await journal.note("run-1", "pause", None)

    async with opens() as journal:
        found = await journal.notes("run-1")
    assert found == {"wave": {"number": 2, "sites": ["a"]}, "pause": None}


async def test_facts_are_kept_per_site_with_their_age(opens: Opens, clock: Clock) -> None:
    async with opens() as journal:
        await journal.put_facts("b", {"jetpack": "14.1"})
        await journal.put_facts("a", {"wordpress": "6.7"})
        await journal.flush()
        clock.pass_by(60)
        await journal.put_facts("a", {"wordpress": "6.8", "php": None})

        assert await journal.facts() == {
            "a": ({"wordpress": "6.8", "php": None}, AT + timedelta(seconds=60)),
            "b": ({"jetpack": "14.1"}, AT),
        }


async def test_pruning_keeps_what_is_young_new_or_in_use(opens: Opens, clock: Clock) -> None:
    async with opens() as journal:
        for age in (50, 40, 30, 20, 1):
            begun = start(f"{age}-days", at=AT - timedelta(days=age))
            await journal.begin(begun, owner=OWNER)
            await journal.record(begun.run_id, result("a"))
            await journal.note(begun.run_id, "wave", 1)
        await journal.acquire("40-days", ["a"], OWNER, ttl=3600)

        assert await journal.prune(keep_days=60, keep_runs=0) == 0
        assert await journal.prune(keep_days=0, keep_runs=5) == 0
        assert await journal.prune(keep_days=25, keep_runs=1) == 2
        assert [row.run_id for row in await journal.runs()] == ["1-days", "20-days", "40-days"]
        assert await journal.prune(keep_days=10, keep_runs=1) == 1
        assert await journal.prune(keep_days=10, keep_runs=1) == 0


async def test_site_names_are_never_taken_for_statements(opens: Opens) -> None:
    hostile = "'); drop table journal_sites; --"
    async with opens() as journal:
        await journal.begin(start(sites=[hostile]), owner=OWNER)
        await journal.record("run-1", result(hostile))
        report = await journal.report("run-1")

    assert [each.site for each in report.results] == [hostile]


async def test_a_result_nested_too_deeply_is_kept_cut_off(opens: Opens) -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    async with opens() as journal:
        await journal.begin(start(), owner=OWNER)
        await journal.record("run-1", result("a", data={"deep": nested, "moment": AT}))
        report = await journal.report("run-1")

    data = report.results[0].data
    assert "nested too deeply" in str(data["deep"])
    assert data["moment"] == str(AT)
    unwind(nested)


def unwind(nested: list[object]) -> None:
    """Take a deep list apart by hand, which its own end would do by recursion."""
    while nested:
        below = nested.pop()
        nested = below if isinstance(below, list) else []


async def test_results_of_a_read_only_run_need_no_keys(opens: Opens) -> None:
    plain = SiteResult("a", "https://a.example/", Status.UNCHANGED, data={"n": 1})
    async with opens() as journal:
        await journal.begin(start(read_only=True), owner=OWNER)
        await journal.record("run-1", plain)
        assert (await journal.report("run-1")).results[0] == plain
