"""A host that nobody answers for holds up those who ask for it, and nobody else."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from aiohttp import web
from yarl import URL

from fleet.config import HttpLimits
from fleet.errors import SiteError
from fleet.site.names import Names
from fleet.site.transport import Connections, Meter, Request
from tests.site.servers import SMALL, web_server

LONG = 60.0
"""Patience that no test uses up."""


class System:
    """Stands for the operating system: ``dead`` names block their thread until let go."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked: Counter[str] = Counter()
        self.running = 0
        self.peak = 0
        self.addresses = ["127.0.0.1"]
        self._lock = threading.Lock()

    def getaddrinfo(self, host: str, *_: object, **__: object) -> list[Any]:
        """Answer as `socket.getaddrinfo` does."""
        with self._lock:
            self.asked[host] += 1
            self.running += 1
            self.peak = max(self.peak, self.running)
        try:
            if host.startswith("dead"):
                self.gate.wait()
            if "gone" in host:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            if host.startswith("odd"):
                raise UnicodeError("label too long")
            return [self._found(address) for address in self.addresses]
        finally:
            with self._lock:
                self.running -= 1

    @staticmethod
    def _found(address: str) -> tuple[Any, ...]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        where = (address, 0, 0, 0) if ":" in address else (address, 0)
        return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    found = System()
    monkeypatch.setattr(socket, "getaddrinfo", found.getaddrinfo)
    yield found
    found.gate.set()


async def until(true: Callable[[], bool]) -> None:
    """Wait for threads."""
    with anyio.fail_after(10):
        while not true():
            await anyio.lowlevel.checkpoint()


async def hello(request: web.Request) -> web.Response:
    return web.json_response({})


async def ask(connections: Connections, url: URL, timeout: float = 20) -> str:
    """Return how a request ended: ``well``, or the kind of its error."""
    async with connections.open(url, timeout=timeout, meter=Meter(), ca_file=SMALL) as transport:
        try:
            await transport.send(Request("GET", url))
        except SiteError as error:
            return error.kind
    return "well"


async def test_dead_names_hold_up_no_others(system: System) -> None:
    """More of them than the loop has threads of its own."""
    async with (
        web_server(hello) as url,
        Connections(60, HttpLimits(dns_timeout=LONG)) as connections,
        anyio.create_task_group() as tasks,
    ):
        for n in range(40):
            tasks.start_soon(ask, connections, url.with_host(f"dead{n}.example"))
        await until(lambda: system.running == 40)
        ends = [await ask(connections, url.with_host(f"alive{n}.example")) for n in range(40)]
        assert ends == ["well"] * 40
        assert system.running == 40
        tasks.cancel_scope.cancel()


async def test_a_dead_name_is_told_in_time_and_nothing_was_sent(system: System) -> None:
    url = URL("http://dead.example/")
    async with (
        Connections(1, HttpLimits(dns_timeout=0.01)) as connections,
        connections.open(url, timeout=20, meter=Meter(), ca_file=SMALL) as transport,
    ):
        with pytest.raises(SiteError, match=r"no answer within 0\.01 s") as caught:
            await transport.send(Request("GET", url))
    assert (caught.value.kind, caught.value.sent) == ("net.dns", False)
    assert system.running == 1


async def test_a_host_name_that_cannot_be_one_is_no_bug_of_ours(system: System) -> None:
    async with Connections(1, HttpLimits()) as connections:
        assert await ask(connections, URL("http://odd.example/")) == "net.dns"


async def test_addresses_are_not_looked_up(system: System) -> None:
    async with web_server(hello) as url, Connections(1, HttpLimits()) as connections:
        assert await ask(connections, url) == "well"
    assert "127.0.0.1" not in system.asked


async def test_a_name_is_looked_up_once_for_all(system: System) -> None:
    async with web_server(hello) as url, Connections(9, HttpLimits()) as connections:
        named = url.with_host("alive.example")
        assert await connections.address("alive.example") == "127.0.0.1"
        assert await ask(connections, named) == await ask(connections, named) == "well"
    assert system.asked["alive.example"] == 1


async def test_those_who_ask_together_share_one_lookup(system: System) -> None:
    names = Names(LONG, 9)
    found: list[tuple[str, ...]] = []

    async def wait() -> None:
        found.append(await names.addresses("dead.example"))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(wait)
        with anyio.move_on_after(0.01):
            await names.addresses("dead.example")
        system.gate.set()
    assert found == [("127.0.0.1",)] * 5
    assert system.asked == {"dead.example": 1}


async def test_both_families_are_told_once_each(system: System) -> None:
    system.addresses = ["::1", "127.0.0.1", "::1"]
    assert await Names(LONG, 1).addresses("alive.example") == ("::1", "127.0.0.1")


async def test_a_host_is_reached_by_any_of_its_addresses(system: System) -> None:
    """Nobody listens on the first."""
    system.addresses = ["::1", "127.0.0.1"]
    async with web_server(hello) as url, Connections(1, HttpLimits()) as connections:
        assert await ask(connections, url.with_host("alive.example")) == "well"


async def test_a_lookup_that_took_too_long_is_joined_and_its_address_taken(system: System) -> None:
    names = Names(0.01, 9)
    for _ in range(3):
        with pytest.raises(socket.gaierror, match="no answer within"):
            await names.addresses("dead.example")
    assert system.asked["dead.example"] == 1
    system.gate.set()
    await until(lambda: system.running == 0)
    with anyio.fail_after(10):
        while True:
            try:
                assert await names.addresses("dead.example") == ("127.0.0.1",)
                break
            except socket.gaierror:
                await anyio.lowlevel.checkpoint()
    assert system.asked["dead.example"] == 1


async def test_threads_are_bounded_and_patience_begins_with_the_lookup(system: System) -> None:
    names = Names(0.3, 2)
    errors: list[str] = []

    async def wait(host: str) -> None:
        try:
            await names.addresses(host)
        except socket.gaierror as error:
            errors.append(f"{host}: {error.strerror}")

    async with anyio.create_task_group() as tasks:
        for n in range(2):
            tasks.start_soon(wait, f"dead{n}.example")
        await until(lambda: len(errors) == 2)
        tasks.start_soon(wait, "alive.example")
        await anyio.wait_all_tasks_blocked()
        assert system.asked["alive.example"] == 0
        system.gate.set()
    assert system.peak == 2
    assert len(errors) == 2


async def test_an_address_is_forgotten_in_the_end(system: System) -> None:
    now = 0.0
    names = Names(LONG, 1, lambda: now)
    for now, lookups in ((0.0, 1), (299.0, 1), (301.0, 2)):  # noqa: B007 - read by the clock
        await names.addresses("alive.example")
        assert system.asked["alive.example"] == lookups


async def test_a_failure_is_remembered_for_as_long_as_it_took(system: System) -> None:
    now = 0.0
    names = Names(LONG, 1, lambda: now)

    async def fail(host: str) -> None:
        with pytest.raises(socket.gaierror, match="not known"):
            await names.addresses(host)

    for lookups in (1, 2):
        await fail("gone.example")
        assert system.asked["gone.example"] == lookups
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fail, "dead-and-gone.example")
        await until(lambda: system.running == 1)
        now = 30.0
        system.gate.set()
    for now, lookups in ((59.0, 1), (61.0, 2)):  # noqa: B007 - read by the clock
        await fail("dead-and-gone.example")
        assert system.asked["dead-and-gone.example"] == lookups


ENDLESS = """
import asyncio, socket, sys, threading
from yarl import URL
from fleet.config import HttpLimits
from fleet.errors import SiteError
from fleet.site.transport import Connections, Meter, Request

socket.getaddrinfo = lambda *_, **__: threading.Event().wait()

async def main(url):
    async with Connections(1, HttpLimits(dns_timeout=0.01)) as connections:
        async with connections.open(url, timeout=10, meter=Meter()) as transport:
            try:
                await transport.send(Request("GET", url))
            except SiteError as error:
                print(error.kind, flush=True)

asyncio.run(main(URL("http://dead.example/")))
print("end")
"""


async def test_a_lookup_that_never_ends_does_not_keep_the_process() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ENDLESS, stdout=asyncio.subprocess.PIPE
    )
    try:
        with anyio.fail_after(30):
            printed, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    assert printed.split() == [b"net.dns", b"end"]
    assert process.returncode == 0


async def test_whoever_still_waits_at_the_end_is_told(system: System) -> None:
    names = Names(LONG, 1)
    errors: list[OSError] = []

    async def wait(host: str) -> None:
        try:
            await names.addresses(host)
        except OSError as error:
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait, "dead.example")
        tasks.start_soon(wait, "alive.example")
        await until(lambda: system.running == 1)
        names.close()
    assert len(errors) == 2
    system.gate.set()
    await until(lambda: system.running == 0)
    assert system.asked["alive.example"] == 0
