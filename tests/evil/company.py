"""Runs on a fleet with evil sites in it, alone and among neighbours."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from fleet.config import Settings
from fleet.engine.fleet import Fleet
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretResolver
from fleet.operations.base import Task
from fleet.operations.modules import ActivateModules
from fleet.results import RunReport, SiteResult, Status
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import DEFAULT_USERS, SiteSpec
from fleet.simulator.world import World
from tests.engine.simulated import QUICK
from tests.evil.evilsite import EvilSite, Strike, evilsite

__all__ = ["ADMIN", "BULK", "PAIR", "TASK", "Bad", "Company", "Ran", "Scene"]

ADMIN = DEFAULT_USERS[0]
PAIR = ("latex", "sitemaps")
BULK = "/jetpack/v4/module/all/active"
TASK = ActivateModules(PAIR)


@dataclass(frozen=True, slots=True)
class Bad:
    """One evil site of a run.

    Args:
        strikes: Its script.
        http: Its ``http`` in the inventory.
        method: How it is signed in to.
        tls: Makes it speak TLS.
        url: Its address in the inventory, with PORT for its port; empty for its own.
        closed: Whether it refuses connections until it is opened.
    """

    strikes: Sequence[Strike] = ()
    http: str = "{timeout: 10s, deadline: 30s}"
    method: str = "cookie"
    tls: ssl.SSLContext | None = None
    url: str = ""
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended for one evil site.

    Args:
        evil: The site with its ledger.
        result: Its result.
        report: The whole report.
    """

    evil: EvilSite
    result: SiteResult
    report: RunReport

    @property
    def ended(self) -> tuple[Status, str | None]:
        """Return how it ended, and its kind of trouble."""
        return self.result.status, self.result.kind

    @property
    def writes(self) -> int:
        """Return how many writes changed it."""
        return len(self.evil.writes)

    def count(self, request: str) -> int:
        """Return how often a request came."""
        return self.evil.ledger.count(request)


@dataclass(frozen=True, slots=True)
class Scene:
    """A fleet that is served.

    Args:
        fleet: What is tested.
        evils: Its evil sites by name.
        neighbours: Names of the others.
        world: Gives all good answers.
    """

    fleet: Fleet
    evils: Mapping[str, EvilSite]
    neighbours: tuple[str, ...]
    world: World

    async def run(self, task: Task = TASK) -> dict[str, Ran]:
        """Return how a run ended for each evil site; all others are unharmed."""
        report = await self.fleet.run(task)
        assert sum(report.totals.values()) == len(self.evils) + len(self.neighbours)
        results = {result.site: result for result in report.results}
        harmed = {
            name: (results[name].status, results[name].kind, results[name].message)
            for name in self.neighbours
            if results[name].status not in (Status.CHANGED, Status.UNCHANGED)
        }
        assert harmed == {}
        assert all(len(self.world.site(name).ledger) <= 1 for name in self.neighbours)
        return {name: Ran(evil, results[name], report) for name, evil in self.evils.items()}


@dataclass(slots=True)
class Company:
    """Makes runs.

    Args:
        folder: Where the inventory is written.
        size: How many well-behaved sites share each run.
        seed: Of everything that is left to chance.
        settings: The settings of the runs.
    """

    folder: Path
    size: int
    seed: int
    settings: Settings = field(default_factory=lambda: QUICK)

    async def strike(
        self,
        *strikes: Strike,
        task: Task = TASK,
        http: str = "{timeout: 10s, deadline: 30s}",
        method: str = "cookie",
    ) -> Ran:
        """Return how one run ended for one evil site; its neighbours are unharmed."""
        bad = Bad(strikes, http=http, method=method)
        return (await self.strike_all({"evil": bad}, task))["evil"]

    async def strike_all(self, bad: Mapping[str, Bad], task: Task = TASK) -> dict[str, Ran]:
        """Return how one run ended for several evil sites; their neighbours are unharmed."""
        async with self.facing(bad) as scene:
            return await scene.run(task)

    @asynccontextmanager
    async def facing(self, bad: Mapping[str, Bad]) -> AsyncIterator[Scene]:
        """Yield a fleet that is served, its evil sites each on an address of its own."""
        world = World(seed=self.seed)
        good = tuple(f"good-{number}" for number in range(self.size))
        for name in (*bad, *good):
            world.add(SiteSpec(name, modules=()))
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(SimulatorServer(world))
            evils = {}
            for number, (name, each) in enumerate(bad.items(), start=1):
                chance = Random(f"{self.seed} {name}")  # noqa: S311 - to be repeated
                site = EvilSite(name, world, each.strikes, chance)
                served = evilsite(site, f"127.66.6.{number}", each.tls, closed=each.closed)
                evils[name] = await stack.enter_async_context(served)
            lines = [_line(evils[name], each) for name, each in bad.items()]
            lines += [f"  {name}: {{url: '{server.url_of(name)}'}}" for name in good]
            path = self.folder / "inventory.yaml"
            path.write_text("\n".join([*_DEFAULTS, *lines]))
            secrets = {"PW": ADMIN.password, "APP": ADMIN.application_passwords[0]}
            fleet = Fleet(Inventory.load([path]), self.settings, resolver=SecretResolver(secrets))
            yield Scene(fleet, evils, good, world)


_DEFAULTS = (
    "version: 1",
    "defaults:",
    f"  auth: {{method: cookie, username: {ADMIN.name}, password: 'env:PW'}}",
    "  http: {timeout: 30s, deadline: 120s}",
    "sites:",
)


def _line(site: EvilSite, bad: Bad) -> str:
    url = bad.url.replace("PORT", str(site.port)) or site.url
    reference = "env:PW" if bad.method == "cookie" else "env:APP"
    auth = f"{{method: {bad.method}, username: {ADMIN.name}, password: '{reference}'}}"
    return f"  {site.name}: {{url: '{url}', http: {bad.http}, auth: {auth}}}"
