"""Plans carried out on simulated fleets; the sites' ledgers tell what was really done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fleet.engine.stop import Stop
from fleet.errors import Refused
from fleet.policy.plan import Limits
from fleet.policy.rollback import plan_rollback
from fleet.results import (
    Event,
    Halt,
    RunReport,
    SiteFinished,
    SiteResult,
    SiteStarted,
    Status,
    Verdict,
)
from fleet.simulator.faults import Fault
from fleet.simulator.site import SiteSpec
from tests.policy.governed import governed

BASELINE = """
policies:
  - name: baseline
    modules: {active: [sitemaps, latex], inactive: [likes]}
    settings: {carousel_background_color: white}
"""
SHADE = "carousel_background_color"
WAVES = """
rollout: {waves: [1, 3, 100%], max_failures: 1}
"""
SETTINGS = "/jetpack/v4/settings"


def spec(name: str, **more: object) -> SiteSpec:
    return SiteSpec(name, era="13.9", modules=("likes", "notes"), **more)  # type: ignore[arg-type]


def fleet_of(count: int) -> list[SiteSpec]:
    return [spec(f"s{number:02}") for number in range(count)]


def statuses(report: RunReport) -> dict[str, Status]:
    return {result.site: result.status for result in report.results}


def result_of(report: RunReport, site: str) -> SiteResult:
    return next(result for result in report.results if result.site == site)


async def test_plan_apply_plan_is_empty_and_a_second_apply_writes_nothing(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(5)) as running:
        plan = await running.plan()
        assert running.writes == 0
        assert [len(site.changes) for site in plan.changing] == [4] * 5
        report = await running.apply(plan)
        assert set(statuses(report).values()) == {Status.CHANGED}
        for site in running.world:
            assert site.active_modules == {"sitemaps", "latex", "notes"}
            assert site.options[SHADE] == "white"
        writes = running.writes
        again = await running.plan()
        assert again.changing == ()
        assert (await running.apply(again)).results == ()
        assert running.writes == writes


async def test_planning_only_reads(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(3)) as running:
        await running.plan()
        seen = [each for site in running.world for each in site.requests]
        assert {each.method for each in seen if each.path != "/wp-login.php"} == {"GET"}


async def test_a_plan_is_applied_once(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(2)) as running:
        plan = await running.plan()
        first = await running.apply(plan)
        requests = running.requests
        with pytest.raises(Refused, match=first.run_id):
            await running.apply(plan)
        assert running.requests == requests
        assert await running.journal.leases() == []


async def test_an_expired_plan_is_refused_before_anything_is_contacted(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(2)) as running:
        plan = await running.plan()
        requests = running.requests
        old = replace(plan, expires=datetime.now(UTC) - timedelta(seconds=1))
        with pytest.raises(Refused, match="expired"):
            await running.apply(old)
        moved = replace(plan.sites[0], url="https://elsewhere.example/")
        with pytest.raises(Refused, match="another address"):
            await running.apply(replace(plan, sites=(moved, *plan.sites[1:])))
        gone = replace(plan.sites[0], name="gone")
        with pytest.raises(Refused, match="no more"):
            await running.apply(replace(plan, sites=(gone, *plan.sites[1:])))
        assert running.requests == requests


async def test_fault_56_a_site_that_moved_is_left_alone_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(50)) as running:
        plan = await running.plan()
        running.site("s07").state.options[SHADE] = "grey-by-hand"
        before = running.site("s07").active_modules
        report = await running.apply(plan)
        assert report.totals[Status.CHANGED] == 49
        stale = result_of(report, "s07")
        assert (stale.status, stale.kind) == (Status.SKIPPED, "plan.stale")
        (moved,) = [key for key in stale.keys if key.key == f"settings.{SHADE}"]
        assert (moved.before, moved.found, moved.wanted) == ("black", "grey-by-hand", "white")
        assert '"black" when planned, is "grey-by-hand" now, "white" is wanted' in moved.reason
        assert running.site("s07").ledger == []
        assert running.site("s07").active_modules == before
        assert report.exit_code == 3


async def test_a_site_that_was_brought_there_by_hand_is_not_stale(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(1)) as running:
        plan = await running.plan()
        running.site("s00").state.options[SHADE] = "white"
        report = await running.apply(plan)
        verdicts = {key.key: key.verdict for key in result_of(report, "s00").keys}
        assert verdicts.pop(f"settings.{SHADE}") is Verdict.UNCHANGED
        assert set(verdicts.values()) == {Verdict.CHANGED}


async def test_stale_sites_are_changed_where_that_is_asked_for(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(2)) as running:
        plan = await running.plan()
        running.site("s00").state.options[SHADE] = "grey-by-hand"
        report = await running.apply(plan, replan_stale=True)
        assert set(statuses(report).values()) == {Status.CHANGED}
        assert running.site("s00").options[SHADE] == "white"


class Order:
    """The order in which sites started and ended."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.ended: list[str] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, SiteStarted):
            self.started.append(event.site)
        if isinstance(event, SiteFinished):
            self.ended.append(event.result.site)


async def test_a_wave_begins_when_the_one_before_has_ended(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE + WAVES, *fleet_of(8)) as running:
        plan = await running.plan()
        assert [len(wave.sites) for wave in plan.waves] == [1, 2, 5]
        events: list[tuple[str, str]] = []

        def note(event: Event) -> None:
            if isinstance(event, SiteStarted):
                events.append(("start", event.site))
            if isinstance(event, SiteFinished):
                events.append(("end", event.result.site))

        await running.apply(plan, listeners=[note])
        place = {each: number for number, each in enumerate(events)}
        for earlier, later in zip(plan.waves, plan.waves[1:], strict=False):
            last = max(place["end", name] for name in earlier.sites)
            assert all(place["start", name] > last for name in later.sites)


async def test_more_failures_than_the_budget_stop_the_run(tmp_path: Path) -> None:
    ill = Fault("server_error", where=SETTINGS, methods=("GET",))
    specs = fleet_of(8)
    async with governed(tmp_path, BASELINE + WAVES, *specs) as running:
        plan = await running.plan()
        for name in ("s01", "s02"):
            running.site(name).faults.add(ill)
        report = await running.apply(plan)
        assert report.halted is not None
        assert report.halted.by is Halt.BUDGET
        assert report.halted.reason == "2 sites of the run ended badly, and 1 may"
        assert report.exit_code == 4
        assert report.totals[Status.NOT_STARTED] == 5
        assert {name for name, status in statuses(report).items() if status is Status.FAILED} == {
            "s01",
            "s02",
        }
        assert all(running.site(f"s0{number}").ledger == [] for number in range(3, 8))
        assert (await running.journal.report(report.run_id)) == report


async def test_exactly_the_budget_goes_on(tmp_path: Path) -> None:
    ill = Fault("server_error", where=SETTINGS, methods=("GET",))
    async with governed(tmp_path, BASELINE + WAVES, *fleet_of(8)) as running:
        plan = await running.plan()
        running.site("s01").faults.add(ill)
        report = await running.apply(plan)
        assert report.halted is None
        assert report.totals[Status.CHANGED] == 7
        assert report.exit_code == 3


async def test_a_halted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    ill = Fault("server_error", where=SETTINGS, methods=("GET",))
    async with governed(tmp_path, BASELINE + WAVES, *fleet_of(8)) as running:
        plan = await running.plan()
        for name in ("s01", "s02"):
            running.site(name).faults.add(ill)
        halted = await running.apply(plan)
        assert halted.exit_code == 4
        requests, writes = running.requests, running.writes
        # Both failures still count, so nothing starts until more of them are allowed.
        again = await running.resume(halted.run_id)
        assert (again.exit_code, again.halted) == (4, halted.halted)
        assert again.totals == halted.totals
        assert (running.requests, running.writes) == (requests, writes)
        more = replace(plan, limits=Limits(2))
        resumed = await running.resume(halted.run_id, plan=more)
        assert (resumed.halted, resumed.exit_code) == (None, 3)
        assert resumed.totals[Status.CHANGED] == 6
        assert {name for name, status in statuses(resumed).items() if status is Status.FAILED} == {
            "s01",
            "s02",
        }


async def test_an_interrupted_run_goes_on_without_touching_what_is_done(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(30)) as running:
        plan = await running.plan()
        stop = Stop()

        def interrupt(event: Event) -> None:
            if isinstance(event, SiteFinished):
                stop.request("SIGTERM")

        first = await running.apply(plan, listeners=[interrupt], stop=stop)
        assert first.exit_code == 143
        done = [name for name, status in statuses(first).items() if status is Status.CHANGED]
        assert 0 < len(done) < 30
        seen = {name: len(running.site(name).requests) for name in done}
        second = await running.resume(first.run_id)
        assert second.run_id == first.run_id
        assert set(statuses(second).values()) == {Status.CHANGED}
        assert second.exit_code == 0
        assert {name: len(running.site(name).requests) for name in done} == seen
        assert await running.journal.report(first.run_id) == second


async def test_a_run_that_is_over_has_nothing_to_go_on_with(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(3)) as running:
        first = await running.apply()
        requests = running.requests
        again = await running.resume(first.run_id)
        assert running.requests == requests
        assert statuses(again) == statuses(first)
        assert again.exit_code == 0


async def test_rollback_puts_back_exactly_what_the_run_changed(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(3)) as running:
        before = {site.spec.name: site.state.copy() for site in running.world}
        run = await running.apply()
        plan, _ = await plan_rollback(
            running.fleet, running.journal, run.run_id, running.fleet.inventory
        )
        report = await running.apply(plan)
        assert set(statuses(report).values()) == {Status.CHANGED}
        for site in running.world:
            was = before[site.spec.name]
            assert site.state.modules == was.modules
            assert site.options.get(SHADE) == "black"


async def test_fault_70_rollback_leaves_what_was_changed_since(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(2)) as running:
        run = await running.apply()
        running.site("s00").state.options[SHADE] = "grey-by-hand"
        plan, _ = await plan_rollback(
            running.fleet, running.journal, run.run_id, running.fleet.inventory
        )
        planned = plan.site("s00")
        assert {change.key for change in planned.changes} == {
            "modules.sitemaps",
            "modules.latex",
            "modules.likes",
        }
        assert [(each.key, each.kind) for each in planned.blocked] == [
            (f"settings.{SHADE}", "plan.stale")
        ]
        await running.apply(plan)
        assert running.site("s00").options[SHADE] == "grey-by-hand"
        assert running.site("s00").active_modules == {"likes", "notes"}


async def test_rollback_of_a_site_that_was_as_wanted_does_nothing(tmp_path: Path) -> None:
    specs = [spec("s00"), SiteSpec("s01", era="13.9", modules=("sitemaps", "latex"))]
    specs[1].options[SHADE] = "white"  # type: ignore[index]
    async with governed(tmp_path, BASELINE, *specs) as running:
        run = await running.apply()
        plan, _ = await plan_rollback(
            running.fleet, running.journal, run.run_id, running.fleet.inventory
        )
        assert [site.name for site in plan.sites] == ["s00"]


async def test_a_failing_check_makes_a_changed_site_fail(tmp_path: Path) -> None:
    checks = """
rollout: {checks: [{path: /, contains: "s01", within: 5s}]}
"""
    async with governed(tmp_path, BASELINE + checks, *fleet_of(3)) as running:
        report = await running.apply()
        assert result_of(report, "s01").status is Status.CHANGED
        ill = result_of(report, "s02")
        assert (ill.status, ill.kind) == (Status.FAILED, "site.unhealthy")
        assert {key.verdict for key in ill.keys} == {Verdict.CHANGED}
        assert ill.message == ("changed, and then the check of / failed: it does not contain 's01'")
        assert report.totals[Status.CHANGED] == 1


async def test_the_journal_tells_the_whole_run_again(tmp_path: Path) -> None:
    async with governed(tmp_path, BASELINE, *fleet_of(4)) as running:
        report = await running.apply()
        assert await running.journal.report(report.run_id) == report
        row = await running.journal.run("last")
        assert (row.run_id, row.kind, row.totals[Status.CHANGED]) == (report.run_id, "apply", 4)
        stored = await running.journal.intents(report.run_id)
        assert len(stored) == 16
        assert all(each.settled for each in stored)
