"""What is done again, and what is not, after this machine slept in the middle of a visit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from fleet.config import Retries, Watching
from fleet.engine.stop import Stop
from fleet.engine.visit import Visitor
from fleet.engine.watch import Clocks, Watch
from fleet.inventory.model import Site
from fleet.operations.base import Task
from fleet.operations.connection import ConnectionStatus
from fleet.operations.modules import ActivateModules
from fleet.results import SiteResult, Status
from fleet.simulator.faults import Fault
from fleet.simulator.site import SimSite, SiteSpec
from fleet.site.transport import Connections
from tests.engine.simulated import ADMIN, QUICK, simulated
from tests.local.governed import PHASES
from tests.local.processes import Snare

NIGHT = 30_000.0
BEAT = 1000.0
"""Longer than any test takes: these clocks are looked at where a visit asks for it."""

SHOP = SiteSpec("shop", modules=("likes",))
READ, WRITE, LOGIN = "before the intent", "mid-write", "login"


@dataclass
class Hands:
    """Clocks set by hand."""

    running: float = 50.0
    slept: float = 0.0
    worked: float = 0.0

    @property
    def clocks(self) -> Clocks:
        return Clocks(self.tick, lambda: self.running + self.slept, lambda: self.worked)

    def tick(self) -> float:
        """Return a later moment at each look."""
        self.running += 0.001
        return self.running


@dataclass
class Machine:
    """A machine that visits one site and can be put to sleep meanwhile."""

    hands: Hands
    told: list[str]
    stop: Stop
    world: Snare
    visitor: Visitor
    site: Site

    @property
    def shop(self) -> SimSite:
        return self.world.site("shop")

    def sleeps(self, phase: str) -> None:
        """Sleep for a night at the first request of a phase, before it is answered."""
        self.world.arm(self.night, PHASES[phase][0])

    def night(self) -> None:
        self.hands.slept += NIGHT

    async def visit(self, task: Task) -> SiteResult:
        return await self.visitor.visit(self.site, task)


@asynccontextmanager
async def machine(folder: Path, *faults: Fault) -> AsyncIterator[Machine]:
    """Yield a machine; what goes wrong on the way to the site is asked for once only."""
    hands, told, stop, world = Hands(), list[str](), Stop(), Snare()
    settings = replace(QUICK, retries=Retries(attempts=1))
    watch = Watch(Watching(beat=BEAT), hands.clocks, told.append)
    async with (
        simulated(folder, replace(SHOP, faults=faults), world=world) as running,
        Connections(1, settings.http) as connections,
        watch.watching(),
    ):
        site = running.fleet.inventory.sites["shop"]
        secrets = {site.auth.password: SecretStr(ADMIN.password)}
        visitor = Visitor(connections, settings, secrets, watch=watch, stop=stop)
        yield Machine(hands, told, stop, world, visitor, site)


LOST_READ = Fault("truncate", "/jetpack/v4/*", methods=("GET",), times=1)
LOST_WRITE = Fault("reset_after", "/jetpack/v4/*", methods=("POST",), times=1)
LOST_LOGIN = Fault("reset_after", "/wp-login.php", methods=("POST",), times=1)


async def test_fault_65_a_read_that_was_slept_through_is_asked_again(tmp_path: Path) -> None:
    async with machine(tmp_path, LOST_READ) as laptop:
        laptop.sleeps(READ)
        result = await laptop.visit(ConnectionStatus())
        assert (result.status, result.kind) == (Status.UNCHANGED, None)
        assert result.usage.logins == 2
        assert laptop.told == [
            "this machine slept for 30000 s; sites are not blamed for answers that were missed"
        ]


async def test_without_sleep_it_is_the_sites_own_trouble(tmp_path: Path) -> None:
    async with machine(tmp_path, LOST_READ) as laptop:
        result = await laptop.visit(ConnectionStatus())
        assert (result.status, result.kind) == (Status.FAILED, "proto.truncated")
        assert laptop.told == []


async def test_sleep_excuses_nothing_that_a_site_said(tmp_path: Path) -> None:
    async with machine(tmp_path, Fault("waf", "/jetpack/v4/*")) as laptop:
        laptop.sleeps(READ)
        result = await laptop.visit(ConnectionStatus())
        assert (result.status, result.usage.logins) == (Status.BLOCKED, 1)


async def test_a_site_that_stays_silent_is_left_for_the_next_run(tmp_path: Path) -> None:
    async with machine(tmp_path, replace(LOST_READ, times=None)) as laptop:
        laptop.world.arm(laptop.night, PHASES[READ][0])
        await laptop.visit(ConnectionStatus())
        # Awake from here on, so what follows is the site's.
        result = await laptop.visit(ConnectionStatus())
        assert (result.status, result.kind) == (Status.FAILED, "proto.truncated")


async def test_a_login_nobody_heard_the_end_of_is_not_sent_again(tmp_path: Path) -> None:
    async with machine(tmp_path, LOST_LOGIN) as laptop:
        laptop.sleeps(LOGIN)
        result = await laptop.visit(ConnectionStatus())
        assert (result.status, result.kind) == (Status.NOT_STARTED, None)
        assert result.message == (
            "this machine slept or stood still for 30000 s, and nothing was changed"
        )
        assert laptop.shop.login_attempts == 1


async def test_no_visit_is_made_again_once_the_run_is_to_end(tmp_path: Path) -> None:
    async with machine(tmp_path, LOST_READ) as laptop:
        laptop.sleeps(READ)
        laptop.stop.request("SIGINT")
        result = await laptop.visit(ConnectionStatus())
        assert (result.status, result.usage.logins) == (Status.NOT_STARTED, 1)


async def test_what_was_read_before_a_night_is_read_again_before_a_change(tmp_path: Path) -> None:
    async with machine(tmp_path) as laptop:
        laptop.sleeps(READ)
        result = await laptop.visit(ActivateModules(("latex",)))
        assert (result.status, result.usage.logins) == (Status.CHANGED, 2), result
        assert len(laptop.shop.ledger) == 1


@pytest.mark.parametrize("asleep", [True, False])
async def test_fault_65_a_change_that_was_slept_through_is_settled_by_reading(
    tmp_path: Path, *, asleep: bool
) -> None:
    async with machine(tmp_path, LOST_WRITE) as laptop:

        def lost() -> None:
            laptop.shop.faults.add(LOST_READ)
            if asleep:
                laptop.night()

        laptop.world.arm(lost, PHASES[WRITE][0])
        result = await laptop.visit(ActivateModules(("latex",)))
        assert result.status is (Status.CHANGED if asleep else Status.UNKNOWN)
        assert (len(laptop.shop.ledger), result.usage.writes) == (1, 1)


@pytest.mark.parametrize(
    ("ran", "slept", "worked", "words"),
    [
        pytest.param(0.5, 0.0, 0.1, None, id="as usual"),
        pytest.param(2.5, 0.0, 2.0, None, id="not worth a word"),
        pytest.param(0.5, 600.0, 0.1, "this machine slept for 600 s", id="asleep"),
        pytest.param(5.5, 0.0, 5.0, "this process was too busy to listen for 5 s", id="busy"),
        pytest.param(
            300.5, 0.0, 0.2, "this process was stopped or held up for 300 s", id="stopped"
        ),
    ],
)
async def test_each_way_of_standing_still_is_told_once(
    ran: float, slept: float, worked: float, words: str | None
) -> None:
    hands, told = Hands(), list[str]()
    watch = Watch(Watching(beat=0.5), hands.clocks, told.append)
    assert watch.missed(0.0) == 0.0
    async with watch.watching():
        for _ in range(2):
            began = watch.now()
            hands.running += ran
            hands.slept += slept
            hands.worked += worked
            missed = watch.missed(began)
            expected = slept or ran - 0.5 if words or ran > 1.5 else 0.0
            assert missed == pytest.approx(expected, abs=0.1)
            hands.running += 0.1
            assert watch.missed(watch.now()) == 0.0
    assert [line.partition(";")[0] for line in told] == ([words] if words else [])
