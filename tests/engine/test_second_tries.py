"""Second tries, pauses that are asked for, and black holes, with real connections."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fleet.config import HttpLimits, Limits
from fleet.engine.budget import Budget
from fleet.engine.fleet import Fleet
from fleet.inventory.secrets import SecretResolver
from fleet.operations.module_list import ListModules
from fleet.operations.modules import ActivateModules
from fleet.results import Event, RunReport, SiteFinished, Status
from fleet.simulator.faults import Fault
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import SiteSpec
from fleet.simulator.world import World
from tests.engine.simulated import ADMIN, QUICK, simulated
from tests.engine.sites import inventory

LOGIN = "/wp-login.php"
TASK = ActivateModules(("latex",))
AGAIN = "tried again at the end, after "


async def test_a_site_that_was_down_is_found_at_the_end(tmp_path: Path) -> None:
    """A visit asks twice, and the library twice each time: the fifth is the second visit's."""
    ill = SiteSpec("ill", modules=(), faults=(Fault("reset_before", times=4),))
    well = [SiteSpec(f"well-{n}", modules=()) for n in range(5)]
    heard: list[Event] = []
    async with simulated(tmp_path, ill, *well) as running:
        report = await running.fleet.run(
            TASK, budget=Budget("the run", max_unreachable=0), listeners=[heard.append]
        )
        assert (report.totals[Status.CHANGED], report.halted) == (6, None)
        assert running.site("ill").login_attempts == 1
    (found,) = [result for result in report.results if result.site == "ill"]
    assert found.notes == (f"{AGAIN}net.reset",)
    others = {result.usage.requests for result in report.results if result.site != "ill"}
    assert {found.usage.requests} == {number + 2 for number in others}
    ended = [event.result.site for event in heard if isinstance(event, SiteFinished)]
    assert sorted(ended) == sorted(["ill", *(spec.name for spec in well)])
    assert ended[-1] == "ill"


@pytest.mark.parametrize(
    ("fault", "logins"),
    [
        pytest.param(Fault("reset_before", where=LOGIN, methods=("POST",)), 1, id="at the login"),
        pytest.param(Fault("reset_before", where="/wp/v2/users/me"), 1, id="after the login"),
    ],
)
async def test_no_password_is_sent_again(fault: Fault, logins: int, tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("ill", faults=(fault,))) as running:
        (result,) = (await running.fleet.run(TASK)).results
    assert (result.status, result.usage.logins, result.notes) == (Status.UNREACHABLE, logins, ())


async def test_an_application_password_is_not_sent_again(tmp_path: Path) -> None:
    fault = Fault("reset_before", where="/wp/v2/users/me")
    spec = SiteSpec("ill", faults=(fault,))
    password = ADMIN.application_passwords[0]
    async with simulated(
        tmp_path, spec, password=password, method="application-password"
    ) as running:
        (result,) = (await running.fleet.run(TASK)).results
    assert (result.status, result.notes) == (Status.UNREACHABLE, ())


async def test_fault_18_a_pause_of_one_site_is_kept_by_its_neighbour(tmp_path: Path) -> None:
    """Both are at one address, one at a time."""
    limited = SiteSpec("limited", faults=(Fault("rate_limit", times=1, value=1),))
    settings = replace(QUICK, limits=Limits(concurrency=5, per_host=1))
    async with simulated(tmp_path, limited, SiteSpec("neighbour"), settings=settings) as running:
        report = await running.fleet.run(ListModules())
    assert report.totals[Status.UNCHANGED] == 2
    seconds = {result.site: result.usage.seconds for result in report.results}
    (found,) = [result for result in report.results if result.site == "limited"]
    assert found.notes == (f"{AGAIN}throttle.limited",)
    assert sum(seconds.values()) < 1  # nobody waited within a visit


async def test_fault_10_a_site_that_is_not_done_in_time_is_tried_once_more(
    tmp_path: Path,
) -> None:
    slow = Fault("slow", times=1, value=30)
    async with simulated(
        tmp_path, SiteSpec("slow", faults=(slow,)), http="{timeout: 500ms, deadline: 500ms}"
    ) as running:
        (result,) = (await running.fleet.run(ListModules())).results
    assert result.notes == (f"{AGAIN}net.timeout",)


@contextmanager
def swallowing(*hosts: str) -> Iterator[list[int]]:
    """Listen at some addresses and take no connection: yield their ports."""
    with ExitStack() as stack:
        ports = []
        for host in hosts:
            deaf = stack.enter_context(socket.socket())
            deaf.bind((host, 0))
            deaf.listen(0)
            for _ in range(3):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(deaf.getsockname())
            ports.append(int(deaf.getsockname()[1]))
        yield ports


async def run_beside(folder: Path, sites: int, holes: int) -> RunReport:
    """Return the report of a run on some sites with a latency, a few of which swallow."""
    world = World()
    for number in range(sites):
        world.add(SiteSpec(f"s{number}"))
    hosts = [f"127.77.1.{number + 1}" for number in range(holes)]
    async with SimulatorServer(world, host="0.0.0.0", latency=0.05) as server:
        with swallowing(*hosts) as ports:
            auth = f"{{method: cookie, username: {ADMIN.name}, password: 'env:PW'}}"
            lines = ["version: 1", "defaults:", f"  auth: {auth}", "sites:"]
            every = sites // holes if holes else 0
            for number in range(sites):
                url = server.url_of(f"s{number}", f"127.78.{number // 200}.{number % 200 + 1}")
                if holes and number % every == 0:
                    hole = number // every
                    url = f"http://{hosts[hole]}:{ports[hole]}/s{number}/"
                lines.append(f"  s{number}: '{url}'")
            http = HttpLimits(connect_timeout=0.5, first_connect_timeout=0.5)
            limits = Limits(concurrency=10, per_host=2)
            settings = replace(QUICK, http=http, limits=limits)
            resolver = SecretResolver({"PW": ADMIN.password})
            fleet = Fleet(inventory(folder, "\n".join(lines)), settings, resolver=resolver)
            return await fleet.run(ListModules())


async def test_fault_02_a_tenth_of_black_holes_leaves_most_of_the_throughput(
    tmp_path: Path,
) -> None:
    clean = await run_beside(tmp_path, 80, 0)
    holed = await run_beside(tmp_path, 80, 8)
    assert clean.totals[Status.UNCHANGED] == 80
    assert holed.totals[Status.UNCHANGED] == 72
    lost = [result for result in holed.results if result.status is not Status.UNCHANGED]
    assert {(each.kind, each.notes) for each in lost} == {("net.timeout", (f"{AGAIN}net.timeout",))}
    assert _seconds(clean) >= 0.6 * _seconds(holed)


def _seconds(report: RunReport) -> float:
    assert report.finished is not None
    return (report.finished - report.started).total_seconds()
