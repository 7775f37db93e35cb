"""Runs whose visits are made by worker processes: real processes, real sockets, simulated sites."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from fleet.config import Limits
from fleet.engine.breaker import LEAST
from fleet.engine.budget import Budget
from fleet.engine.processes import processes_for
from fleet.engine.sessions import SessionCache
from fleet.engine.stop import Stop
from fleet.journal.journal import open_journal
from fleet.operations.base import Task
from fleet.operations.connection import ConnectionStatus
from fleet.operations.module_list import ListModules
from fleet.operations.modules import ActivateModules
from fleet.results import Event, Halt, RunReport, SiteFinished, SiteResult, SiteStarted, Status
from fleet.simulator.faults import Fault
from fleet.simulator.site import SiteSpec
from tests.engine.simulated import ADMIN, QUICK, Simulated, simulated
from tests.local.processes import Snare

COUNT = 3
SHARED = replace(QUICK, limits=replace(QUICK.limits, processes=COUNT))
CHILDREN = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
WRONG = "a wrong one"


def specs(count: int, **more: Any) -> list[SiteSpec]:
    return [SiteSpec(f"site{number:02}", **more) for number in range(count)]


@asynccontextmanager
async def shared(folder: Path, sites: list[SiteSpec], **more: Any) -> AsyncIterator[Simulated]:
    """Yield a fleet that processes visit, each site on a server of its own."""
    also = {each.name: f", labels: {{host: h-{each.name}}}" for each in sites}
    async with simulated(folder, *sites, settings=SHARED, also=also, **more) as running:
        yield running


def workers() -> list[int]:
    """Return the worker processes of this process."""
    found = map(int, CHILDREN.read_text().split())
    return [pid for pid in found if b"fleet.engine.worker" in of_process(pid, "cmdline")]


def of_process(pid: int, what: str) -> bytes:
    return Path(f"/proc/{pid}/{what}").read_bytes()


def told(report: RunReport) -> list[SiteResult]:
    """Return what a report says of each site, but for how long it took."""
    return [replace(each, usage=replace(each.usage, seconds=0.0)) for each in report.results]


@dataclass
class Heard:
    """Counts events, and looks at the workers whenever a site begins."""

    starts: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    seen: set[int] = field(default_factory=set)

    def __call__(self, event: Event) -> None:
        if isinstance(event, SiteStarted):
            self.starts[event.site] += 1
            self.seen.update(workers())
        elif isinstance(event, SiteFinished):
            self.ends[event.result.site] += 1


@pytest.mark.parametrize(
    "task",
    [
        pytest.param(ConnectionStatus(), id="query"),
        pytest.param(ActivateModules(("latex",)), id="dry run of an operation"),
    ],
)
async def test_processes_tell_what_one_process_tells(task: Task, tmp_path: Path) -> None:
    sites = specs(10, modules=("sitemaps",))
    sites += [SiteSpec("bare", era=None), SiteSpec("ill", faults=(Fault("fatal"),))]
    sites += [SiteSpec("dead", faults=(Fault("reset_before"),)), SiteSpec("left")]
    heard, reports = Heard(), list[list[SiteResult]]()
    async with shared(tmp_path, sites, paused=("left",)) as running:
        for settings, listeners in ((SHARED, [heard]), (QUICK, [])):
            async with open_journal(str(tmp_path / f"{len(reports)}.db")) as journal:
                running.fleet.settings, running.fleet.journal = settings, journal
                report = await running.fleet.run(task, dry_run=True, listeners=listeners)
                reports += [told(report), told(await journal.report(report.run_id))]
    assert reports == [reports[0]] * 4
    assert heard.starts == heard.ends == Counter(each.name for each in sites)
    assert len(heard.seen) == COUNT
    assert workers() == []


async def test_what_a_killed_process_leaves_is_done_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard, world = Heard(), Snare()
    async with shared(tmp_path, specs(30), world=world, latency=0.01) as running:
        world.arm(lambda: os.kill(workers()[0], signal.SIGKILL), after=20)
        report = await running.fleet.run(ConnectionStatus(), listeners=[heard])
    assert world.sprung.is_set()
    assert report.totals[Status.UNCHANGED] == 30
    assert heard.starts == heard.ends
    assert set(heard.starts.values()) == {1}
    assert "a worker process ended early" in caplog.text


async def test_without_processes_the_run_does_all_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    async with shared(tmp_path, specs(6)) as running:
        report = await running.fleet.run(ConnectionStatus())
    assert report.totals[Status.UNCHANGED] == 6
    assert "could not be started" in caplog.text


async def test_a_fleet_with_one_wrong_password_sees_five_of_it_in_all(tmp_path: Path) -> None:
    sites = specs(40)
    async with (
        open_journal(str(tmp_path / "journal.db")) as journal,
        shared(tmp_path, sites, journal=journal, password=WRONG, latency=0.01) as running,
    ):
        report = await running.fleet.run(ConnectionStatus())
        tried = [each.name for each in sites if posted(running.site(each.name))]
        assert len(tried) == LEAST
        assert report.halted is not None
        assert report.halted.by is Halt.CREDENTIALS
        again = await running.fleet.run(ConnectionStatus())
        assert [again.results[int(name[4:])].usage.logins for name in tried] == [0] * LEAST
        assert all(len(posted(running.site(name))) == 1 for name in tried)


def posted(site: Any) -> list[Any]:
    return [each for each in site.requests if each.method == "POST"]


async def test_sessions_are_kept_by_the_processes(tmp_path: Path) -> None:
    sites = specs(12)
    cache = SessionCache(tmp_path / "cache" / "sessions.db", tmp_path / "state" / "key")
    async with shared(tmp_path, sites, sessions=cache) as running:
        for _ in range(2):
            report = await running.fleet.run(ListModules())
            assert report.totals[Status.UNCHANGED] == 12
        assert [running.site(each.name).logins for each in sites] == [1] * 12


async def test_two_entries_for_one_site_are_told_across_processes(tmp_path: Path) -> None:
    twins = {f"twin{number}": f"alias{number}" for number in range(6)}
    one = SiteSpec("shop", aliases=tuple(twins.values()))
    async with (
        open_journal(str(tmp_path / "journal.db")) as journal,
        shared(tmp_path, [one, *specs(3)], journal=journal) as running,
    ):
        path = tmp_path / "inventory.yaml"
        line = next(row for row in path.read_text().splitlines() if row.startswith("  shop:"))
        more = [
            line.replace("shop", name).replace(f"/{name}/", f"/{alias}/")
            for name, alias in twins.items()
        ]
        path.write_text("\n".join([path.read_text(), *more]))
        running.fleet.inventory = type(running.fleet.inventory).load([path])
        report = await running.fleet.run(ConnectionStatus())
    noted = [each.site for each in report.results if any("same site" in n for n in each.notes)]
    assert len(noted) == len(twins)


async def test_a_run_that_writes_stays_in_one_process(tmp_path: Path) -> None:
    heard = Heard()
    async with shared(tmp_path, specs(6, modules=())) as running:
        report = await running.fleet.run(ActivateModules(("latex",)), listeners=[heard])
    assert report.totals[Status.CHANGED] == 6
    assert heard.seen == set()


async def test_what_cannot_be_sent_stays_in_one_process(tmp_path: Path) -> None:
    class Own(ConnectionStatus):
        """Known to nobody but this test."""

    heard = Heard()
    async with shared(tmp_path, specs(6)) as running:
        report = await running.fleet.run(Own(), listeners=[heard])
    assert (report.totals[Status.UNCHANGED], heard.seen) == (6, set())


@pytest.mark.parametrize("signals", [1, 2], ids=["drain", "abort"])
async def test_a_stop_is_passed_on(
    signals: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stop, world, heard = Stop(), Snare(), Heard()

    def strike() -> None:
        for _ in range(signals):
            stop.request("SIGINT")

    async with shared(tmp_path, specs(60), world=world, latency=0.01) as running:
        world.arm(strike, after=30)
        report = await running.fleet.run(ConnectionStatus(), stop=stop, listeners=[heard])
    assert report.interrupted == "SIGINT"
    assert report.totals[Status.NOT_STARTED] > 0
    assert heard.starts == heard.ends
    assert sum(report.totals.values()) == 60
    assert "ended early" not in caplog.text
    assert workers() == []


async def test_a_budget_counts_over_all_processes(tmp_path: Path) -> None:
    sites = specs(90, era=None)
    async with shared(tmp_path, sites, latency=0.01) as running:
        report = await running.fleet.run(ConnectionStatus(), budget=Budget("the run", 5))
    assert report.halted is not None
    assert report.halted.by is Halt.BUDGET
    assert report.totals[Status.NOT_STARTED] > 0


async def test_no_secret_is_in_what_the_system_tells_of_a_process(tmp_path: Path) -> None:
    shown: list[bytes] = []

    def look() -> None:
        shown.extend(of_process(pid, "cmdline") + of_process(pid, "environ") for pid in workers())

    world = Snare()
    async with shared(tmp_path, specs(9), world=world) as running:
        world.arm(look)
        await running.fleet.run(ConnectionStatus())
    assert len(shown) == COUNT
    assert not any(ADMIN.password.encode() in each for each in shown)


@pytest.mark.parametrize(
    ("sites", "limits", "expected"),
    [
        (100_000, Limits(processes=1), 1),
        (100_000, Limits(processes=3), 3),
        (2, Limits(processes=3), 2),
        (100_000, Limits(processes=3, concurrency=1), 1),
        (1_999, Limits(), 1),
    ],
)
def test_how_many_processes_pay(sites: int, limits: Limits, expected: int) -> None:
    assert processes_for(sites, limits) == expected


def test_by_itself_a_run_takes_no_more_processes_than_processors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)))
    assert [processes_for(sites, Limits()) for sites in (2_500, 10**6)] == [2, 4]
