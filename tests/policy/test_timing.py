"""Pauses and change windows, with a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from fleet.engine.stop import Stop
from fleet.results import Event, RunReport, SiteFinished, Status
from fleet.simulator.site import SiteSpec
from tests.policy.governed import Governed, governed

POLICY = """
policies:
  - name: baseline
    modules: {active: [sitemaps]}
rollout: {waves: [1, 100%], pause: 10m, guard: {max_sites: 100%}}
"""
AT_ONCE = POLICY.replace("[1, 100%], pause: 10m", "[100%]")
NIGHT = ", window: {tz: Europe/Vienna, allow: ['Mon-Sun 22:00-02:00']}"
NEVER = ", freeze: [{from: 2026-01-01, to: 2030-01-01, reason: sold}]"
NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)


class Clock:
    """A clock that moves only when somebody waits on it."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.waits: list[float] = []

    def __call__(self) -> datetime:
        return self.now


class Waiting(Stop):
    """A stop whose waits move the clock; it may ask for an end in the middle of one."""

    def __init__(self, clock: Clock, interrupt_at: int | None = None) -> None:
        super().__init__()
        self._clock = clock
        self._interrupt_at = interrupt_at

    async def sleep(self, seconds: float) -> bool:
        self._clock.waits.append(seconds)
        if len(self._clock.waits) == self._interrupt_at:
            self._clock.now += timedelta(seconds=seconds / 4)
            self.request("SIGTERM")
            return False
        self._clock.now += timedelta(seconds=max(seconds, 0))
        return True


def fleet_of(count: int) -> list[SiteSpec]:
    return [SiteSpec(f"s{number}", era="13.9", modules=()) for number in range(count)]


def on_time(running: Governed) -> Clock:
    clock = Clock(NOON)
    running.fleet.now = clock
    return clock


def totals(report: RunReport) -> dict[str, int]:
    return {status.value: count for status, count in report.totals.items() if count}


async def test_the_next_wave_waits_for_the_pause(tmp_path: Path) -> None:
    async with governed(tmp_path, POLICY, *fleet_of(3)) as running:
        clock = on_time(running)
        told: list[str] = []
        report = await running.apply(stop=Waiting(clock), tell=told.append)
        assert totals(report) == {"changed": 3}
        assert clock.waits == [600.0]
        assert "wave 1 is done; the next one begins in 600 s" in told


async def test_a_pause_goes_on_after_a_restart_for_as_long_as_is_left(tmp_path: Path) -> None:
    async with governed(tmp_path, POLICY, *fleet_of(3)) as running:
        clock = on_time(running)
        first = await running.apply(stop=Waiting(clock, interrupt_at=1))
        assert totals(first) == {"changed": 1, "not_started": 2}
        assert first.exit_code == 143
        assert clock.waits == [600.0]
        clock.now += timedelta(seconds=30)
        second = await running.resume(first.run_id, stop=Waiting(clock))
        assert totals(second) == {"changed": 3}
        assert clock.waits == [600.0, 600.0 - 150.0 - 30.0]


async def test_a_pause_that_is_over_is_not_waited_for_again(tmp_path: Path) -> None:
    async with governed(tmp_path, POLICY, *fleet_of(3)) as running:
        clock = on_time(running)
        first = await running.apply(stop=Waiting(clock, interrupt_at=1))
        clock.now += timedelta(hours=1)
        await running.resume(first.run_id, stop=Waiting(clock))
        assert [wait for wait in clock.waits[1:] if wait > 0] == []


async def test_sites_outside_their_window_wait_while_the_others_go_on(tmp_path: Path) -> None:
    also = {"s1": NIGHT}
    async with governed(tmp_path, AT_ONCE, *fleet_of(3), also=also) as running:
        clock = on_time(running)
        ended: list[tuple[str, datetime]] = []

        def note(event: Event) -> None:
            if isinstance(event, SiteFinished):
                ended.append((event.result.site, clock.now))

        told: list[str] = []
        report = await running.apply(stop=Waiting(clock), listeners=[note], tell=told.append)
        assert totals(report) == {"changed": 3}
        moments = dict(ended)
        assert moments["s0"] == moments["s2"] == NOON
        # 22:00 in Vienna in winter.
        assert moments["s1"] == datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
        assert any("may not be changed before 2026-11-24 21:00 UTC" in line for line in told)


async def test_waiting_can_be_ended_and_gone_on_with(tmp_path: Path) -> None:
    also = {"s1": NIGHT}
    async with governed(tmp_path, AT_ONCE, *fleet_of(2), also=also) as running:
        clock = on_time(running)
        first = await running.apply(stop=Waiting(clock, interrupt_at=1))
        assert totals(first) == {"changed": 1, "not_started": 1}
        clock.now = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
        second = await running.resume(first.run_id, stop=Waiting(clock))
        assert totals(second) == {"changed": 2}


async def test_where_nobody_waits_a_site_outside_its_window_is_not_started(tmp_path: Path) -> None:
    also = {"s1": NIGHT, "s2": NEVER}
    async with governed(tmp_path, AT_ONCE, *fleet_of(3), also=also) as running:
        clock = on_time(running)
        report = await running.apply(stop=Waiting(clock), wait=False)
        assert totals(report) == {"changed": 1, "not_started": 1, "skipped": 1}
        assert clock.waits == []
        assert (report.interrupted, report.halted, report.exit_code) == (None, None, 3)
        assert running.site("s1").ledger == running.site("s2").ledger == []


async def test_a_site_that_never_opens_is_no_reason_to_wait_forever(tmp_path: Path) -> None:
    also = {"s1": NEVER}
    async with governed(tmp_path, AT_ONCE, *fleet_of(2), also=also) as running:
        clock = on_time(running)
        report = await running.apply(stop=Waiting(clock))
        assert totals(report) == {"changed": 1, "skipped": 1}
        assert clock.waits == []
        (skipped,) = [each for each in report.results if each.status is Status.SKIPPED]
        assert skipped.message == "its change window does not open within a year"


async def test_a_site_that_never_opens_keeps_no_wave_back(tmp_path: Path) -> None:
    also = {"s0": NEVER}
    async with governed(tmp_path, POLICY, *fleet_of(3), also=also) as running:
        clock = on_time(running)
        report = await running.apply(stop=Waiting(clock))
        assert totals(report) == {"changed": 2, "skipped": 1}


async def test_a_wave_with_a_waiting_site_keeps_the_next_one_back(tmp_path: Path) -> None:
    also = {"s0": NIGHT}
    async with governed(tmp_path, POLICY, *fleet_of(3), also=also) as running:
        clock = on_time(running)
        report = await running.apply(stop=Waiting(clock), wait=False)
        assert totals(report) == {"not_started": 3}
        assert report.totals[Status.CHANGED] == 0
