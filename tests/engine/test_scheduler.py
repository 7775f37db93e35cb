"""Workers are few, every site ends once, and a run can be ended politely or at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest

from fleet.config import Limits
from fleet.engine.scheduler import Scheduler
from fleet.engine.stop import Stop
from fleet.engine.wave import Calls
from fleet.inventory.model import Site
from fleet.results import Event, SiteFinished, SiteResult, SiteStarted, Status
from tests.engine.sites import site


async def same_server(host: str) -> str:
    return "server"


async def own_server(host: str) -> str:
    return host


def done(where: Site) -> SiteResult:
    return SiteResult(where.name, str(where.url), Status.UNCHANGED)


class Visits:
    """Visits that count themselves and end when they are let go."""

    def __init__(self) -> None:
        self.running = 0
        self.peak = 0
        self.gate = anyio.Event()

    async def __call__(self, where: Site) -> SiteResult:
        self.running += 1
        self.peak = max(self.peak, self.running)
        await self.gate.wait()
        self.running -= 1
        return done(where)


async def settled(result: SiteResult) -> SiteResult:
    return result


async def run(
    visit: Callable[[Site], Awaitable[SiteResult]],
    count: int,
    limits: Limits,
    resolve: Callable[[str], Awaitable[str]] = own_server,
    stop: Stop | None = None,
    abort: Callable[[], None] = lambda: None,
) -> list[Event]:
    events: list[Event] = []
    sites = [site(f"s{n}", f"host{n}.example:80") for n in range(count)]
    calls = Calls(visit, settled, events.append)
    await Scheduler(limits, resolve).run(sites, calls, stop or Stop(), abort)
    return events


def finished(events: list[Event]) -> list[str]:
    return [event.result.site for event in events if isinstance(event, SiteFinished)]


async def test_every_site_starts_and_ends_exactly_once() -> None:
    visits = Visits()
    visits.gate.set()
    events = await run(visits, 40, Limits(concurrency=7, per_host=2))
    names = sorted(f"s{n}" for n in range(40))
    assert sorted(finished(events)) == names
    assert sorted(e.site for e in events if isinstance(e, SiteStarted)) == names


@pytest.mark.parametrize(
    ("limits", "resolve", "peak"),
    [
        pytest.param(Limits(5, 2), own_server, 5, id="all servers together"),
        pytest.param(Limits(20, 3), same_server, 3, id="one server"),
    ],
)
async def test_limits_hold(
    limits: Limits, resolve: Callable[[str], Awaitable[str]], peak: int
) -> None:
    visits = Visits()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run, visits, 30, limits, resolve)
        await anyio.wait_all_tasks_blocked()
        assert visits.peak == peak
        visits.gate.set()
    assert visits.peak == peak


async def test_the_first_stop_lets_running_sites_finish_and_starts_no_other() -> None:
    visits, stop = Visits(), Stop()
    events: list[Event] = []
    async with anyio.create_task_group() as tasks:

        async def whole_run() -> None:
            events.extend(await run(visits, 30, Limits(4, 4), stop=stop))

        tasks.start_soon(whole_run)
        await anyio.wait_all_tasks_blocked()
        stop.request("SIGINT")
        await anyio.wait_all_tasks_blocked()
        visits.gate.set()
    assert len(finished(events)) == 4
    assert stop.signal == "SIGINT"


async def test_the_second_stop_ends_running_visits_at_once() -> None:
    visits, stop = Visits(), Stop()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run, visits, 5, Limits(5, 5), own_server, stop, visits.gate.set)
        await anyio.wait_all_tasks_blocked()
        stop.request("SIGINT")
        await anyio.wait_all_tasks_blocked()
        assert visits.running == 5
        stop.request("SIGTERM")
    assert visits.running == 0
    assert stop.signal == "SIGINT"


async def test_no_sites_is_no_work() -> None:
    assert await run(Visits(), 0, Limits()) == []
