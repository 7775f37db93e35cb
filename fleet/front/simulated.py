"""A simulated fleet on loopback with an inventory for it, for ``fleet demo`` and ``simulate``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fleet.report.writer import write_file
from fleet.simulator.fleets import PASSWORD_VARIABLE, demo_fleet, inventory_text
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import DEFAULT_USERS
from fleet.simulator.world import World

__all__ = ["SimulatedFleet", "simulated_fleet"]


@dataclass(frozen=True, slots=True)
class SimulatedFleet:
    """A fleet that answers on loopback while its context is open.

    Args:
        inventory: The inventory file that names its sites.
        environ: The variable that the inventory's password refers to, with its value.
    """

    inventory: Path
    environ: dict[str, str]


@asynccontextmanager
async def simulated_fleet(
    folder: Path, sites: int, *, faults: bool, latency: float = 0.0, port: int = 0
) -> AsyncIterator[SimulatedFleet]:
    """Yield a running fleet of made-up sites.

    Args:
        folder: Where the inventory is written.
        sites: How many sites.
        faults: Whether a few of them have troubles.
        latency: Seconds that each answer takes.
        port: Port to listen on; 0 takes a free one.
    """
    specs = demo_fleet(sites, faults=faults)
    world = World()
    for spec in specs:
        world.add(spec)
    async with SimulatorServer(world, port=port, latency=latency) as server:
        path = folder / "inventory.yaml"
        write_file(path, inventory_text(specs, server.base_url))
        yield SimulatedFleet(path, {PASSWORD_VARIABLE: DEFAULT_USERS[0].password})
