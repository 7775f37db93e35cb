"""Which sites share a server, and what dead names cost a run."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from fleet.config import HttpLimits
from fleet.engine.addresses import host_of, resolve_address
from fleet.engine.fleet import Fleet
from fleet.inventory.secrets import SecretResolver
from fleet.operations.module_list import ListModules
from fleet.results import Status
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import SiteSpec
from fleet.simulator.world import World
from tests.engine.simulated import ADMIN, QUICK
from tests.engine.sites import inventory, site


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "label:rack-1"])
async def test_addresses_and_labels_are_not_looked_up(host: str) -> None:
    async def refuse(name: str) -> str:
        raise AssertionError(name)

    assert await resolve_address(host, refuse) == host


async def test_names_share_the_address_they_lead_to() -> None:
    async def lookup(name: str) -> str:
        return "192.0.2.7"

    assert await resolve_address("a.example", lookup) == "192.0.2.7"


async def test_a_name_that_leads_nowhere_stands_for_itself() -> None:
    async def lookup(name: str) -> str:
        raise socket.gaierror(socket.EAI_AGAIN, "no answer within 5 s")

    assert await resolve_address("gone.example", lookup) == "gone.example"


def test_a_site_without_a_label_is_known_by_its_host() -> None:
    assert host_of(site("x", "shop.example:80")) == "shop.example"


def test_a_label_stands_for_the_server_of_its_sites() -> None:
    """Behind a CDN, addresses say nothing about the server."""
    labelled = [
        replace(site(name, f"{name}.example:80"), labels={"host": "rack-1"}) for name in "xy"
    ]
    assert {host_of(each) for each in labelled} == {"label:rack-1"}
    assert host_of(replace(labelled[0], labels={"tier": "gold"})) == "x.example"


def test_a_site_is_known_by_its_name_as_it_is_looked_up() -> None:
    assert host_of(site("x", "köln.example:80")) == "xn--kln-sna.example"


class System:
    """Stands for the operating system: ``dead`` names block their thread until let go."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked: Counter[str] = Counter()

    def getaddrinfo(self, host: str, *_: object, **__: object) -> list[Any]:
        """Answer as `socket.getaddrinfo` does."""
        self.asked[host] += 1
        if host.startswith("dead"):
            self.gate.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 0))]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    found = System()
    monkeypatch.setattr(socket, "getaddrinfo", found.getaddrinfo)
    yield found
    found.gate.set()


async def test_dead_names_cost_healthy_sites_nothing(tmp_path: Path, system: System) -> None:
    """They come first, and are more than the loop has threads of its own."""
    world = World()
    alive = [f"alive{n}" for n in range(20)]
    dead = [f"dead{n}" for n in range(20)]
    for name in alive:
        world.add(SiteSpec(name))
    async with SimulatorServer(world) as server:
        text = "version: 1\ndefaults:\n  http: {allow_plaintext: true}\n"
        text += f"  auth: {{method: cookie, username: {ADMIN.name}, password: 'env:PW'}}\nsites:\n"
        for name in (*dead, *alive):
            url = URL(server.url_of(alive[0])).with_host(f"{name}.example").with_path(f"/{name}/")
            text += f"  {name}: '{url}'\n"
        settings = replace(QUICK, http=HttpLimits(dns_timeout=0.05))
        resolver = SecretResolver({"PW": ADMIN.password})
        fleet = Fleet(inventory(tmp_path, text), settings, resolver=resolver)
        report = await fleet.run(ListModules())
    ends = {result.site: (result.status, result.kind) for result in report.results}
    assert ends == {
        **dict.fromkeys(alive, (Status.UNCHANGED, None)),
        **dict.fromkeys(dead, (Status.UNREACHABLE, "net.dns")),
    }
    hosts = {f"{name}.example": 1 for name in (*alive, *dead)}
    assert {host: system.asked[host] for host in hosts} == hosts
