"""A double of WordPress sites with Jetpack: for tests, for `fleet demo` and for measuring.

It imports no other room of fleet, so that client and double can only be wrong independently.
"""

from __future__ import annotations

from fleet.simulator.auth import SimUser
from fleet.simulator.faults import Fault
from fleet.simulator.fleets import demo_fleet, inventory_text
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import DEFAULT_USERS, Applied, Seen, SimSite, SiteSpec
from fleet.simulator.wire import SimRequest, SimResponse
from fleet.simulator.world import World

__all__ = [
    "DEFAULT_USERS",
    "Applied",
    "Fault",
    "Seen",
    "SimRequest",
    "SimResponse",
    "SimSite",
    "SimUser",
    "SimulatorServer",
    "SiteSpec",
    "World",
    "demo_fleet",
    "inventory_text",
]
