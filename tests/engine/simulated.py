"""A fleet of simulated sites on loopback, as a user would list it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fleet.config import Limits, Retries, Settings
from fleet.engine.fleet import Fleet
from fleet.engine.sessions import SessionCache
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretResolver
from fleet.journal.journal import Journal
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import DEFAULT_USERS, SimSite, SiteSpec
from fleet.simulator.world import World

__all__ = ["QUICK", "Simulated", "simulated"]

ADMIN = DEFAULT_USERS[0]
QUICK = Settings(
    limits=Limits(concurrency=20, per_host=20, first=20, ramp=20),
    retries=Retries(attempts=2, within=5.0, first_pause=0.001, longest_pause=0.01),
)
"""Limits that do not make a test wait."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A running fleet with its oracle.

    Args:
        fleet: What is tested.
        world: What the sites know of what happened to them.
    """

    fleet: Fleet
    world: World

    def site(self, name: str) -> SimSite:
        """Return what a site knows."""
        return self.world.site(name)


@asynccontextmanager
async def simulated(
    folder: Path,
    *specs: SiteSpec,
    username: str = ADMIN.name,
    password: str = ADMIN.password,
    method: str = "cookie",
    http: str = "{timeout: 5s, deadline: 20s}",
    paused: tuple[str, ...] = (),
    also: Mapping[str, str] | None = None,
    settings: Settings = QUICK,
    latency: float = 0.0,
    journal: Journal | None = None,
    world: World | None = None,
    sessions: SessionCache | None = None,
) -> AsyncIterator[Simulated]:
    """Yield a running fleet of `specs`, all with the same account."""
    world = world or World()
    for spec in specs:
        world.add(spec)
    async with SimulatorServer(world, latency=latency) as server:
        lines = ["version: 1", "defaults:", f"  http: {http}"]
        lines += [f"  auth: {{method: {method}, username: {username}, password: 'env:PW'}}"]
        lines += ["sites:"]
        for spec in specs:
            state = "paused" if spec.name in paused else "active"
            more = (also or {}).get(spec.name, "")
            url = server.url_of(spec.name)
            lines.append(f"  {spec.name}: {{url: '{url}', state: {state}{more}}}")
        path = folder / "inventory.yaml"
        path.write_text("\n".join(lines))
        resolver = SecretResolver({"PW": password})
        inventory = Inventory.load([path])
        fleet = Fleet(inventory, settings, resolver=resolver, journal=journal, sessions=sessions)
        yield Simulated(fleet, world)
