"""Networks that refuse, swallow, break off, drip and never end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from anyio import create_task_group
from yarl import URL

from fleet.config import HttpLimits, Retries
from fleet.results import Event, SiteStarted, Status
from fleet.site.transport import Connections, Meter, Request
from tests.engine.simulated import QUICK
from tests.evil.acts import Answer, Close, Drip, Endless, Hang, Reset, Say, as_bytes
from tests.evil.company import TASK, Bad, Company
from tests.evil.evilsite import Strike
from tests.evil.pages import HEAD
from tests.evil.world_of_names import NameServers
from tests.site.servers import SMALL, raw_server, read_head

CHANGED = (Status.CHANGED, None)
MODULES = "/jetpack/v4/module/all"
SHORT = "{timeout: 300ms, deadline: 1s}"
ON_ITS_WAY = HEAD + b"Content-Length: 1000000\r\n\r\n"


async def test_fault_01_a_closed_port_is_refused(company: Company) -> None:
    ran = (await company.strike_all({"evil": Bad(closed=True)}))["evil"]
    assert ran.ended == (Status.UNREACHABLE, "net.refused")
    assert f"127.66.6.1:{ran.evil.port}" in ran.result.message
    assert ran.report.exit_code == 3


async def test_fault_01_a_port_that_opens_in_time_is_reached(company: Company) -> None:
    patient = Retries(attempts=100_000, within=30.0, first_pause=0.001, longest_pause=0.01)
    company.settings = replace(QUICK, retries=patient)
    async with company.facing({"evil": Bad(closed=True)}) as scene:
        begun = asyncio.Event()

        def tell(event: Event) -> None:
            if isinstance(event, SiteStarted) and event.site == "evil":
                begun.set()

        async def open_later() -> None:
            await begun.wait()
            await scene.evils["evil"].open()

        async with create_task_group() as tasks:
            tasks.start_soon(open_later)
            report = await scene.fleet.run(TASK, listeners=[tell])
    assert report.totals[Status.CHANGED] == company.size + 1


@contextmanager
def black_hole(family: socket.AddressFamily, host: str, port: int = 0) -> Iterator[int]:
    """Listen and take nothing: what comes after the queue is full gets no answer at all."""
    with ExitStack() as stack:
        deaf = stack.enter_context(socket.socket(family))
        deaf.bind((host, port))
        deaf.listen(0)
        where = deaf.getsockname()
        for _ in range(3):
            waiting = stack.enter_context(socket.socket(family))
            waiting.setblocking(False)
            waiting.connect_ex(where)
        yield int(where[1])


async def test_fault_02_a_server_that_takes_no_connection_costs_its_timeout(
    company: Company,
) -> None:
    with black_hole(socket.AF_INET, "127.66.9.9") as port:
        bad = {
            f"evil-{number}": Bad(http=SHORT, url=f"http://127.66.9.9:{port}/evil-{number}/")
            for number in range(4)
        }
        ran = await company.strike_all(bad)
    assert {each.ended for each in ran.values()} == {(Status.UNREACHABLE, "net.timeout")}


async def test_fault_03_a_name_that_does_not_exist_is_told_from_one_that_nobody_tells(
    company: Company, names: NameServers
) -> None:
    names.rows = {"gone.example": socket.EAI_NONAME, "mute.example": socket.EAI_AGAIN}
    http = "{timeout: 5s, deadline: 20s, allow_plaintext: true}"
    bad = {
        "gone": Bad(http=http, url="http://gone.example/gone/"),
        "mute": Bad(http=http, url="http://mute.example/mute/"),
    }
    ran = await company.strike_all(bad)
    assert {each.ended for each in ran.values()} == {(Status.UNREACHABLE, "net.dns")}
    assert ran["gone"].result.message == "the host gone.example is not known"
    assert ran["mute"].result.message.startswith("the host mute.example could not be looked up:")


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_fault_04_a_visit_stays_on_the_addresses_it_began_with(names: NameServers) -> None:
    """Also when they are no longer good, and the connection is a new one each time."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    clock = Clock()
    async with raw_server(once) as server, Connections(2, HttpLimits(), clock) as connections:
        url = URL(f"http://moves.example:{server.url.port}/")
        names.rows["moves.example"] = ["127.0.0.1"]
        async with connections.open(url, timeout=5, meter=Meter(), ca_file=SMALL) as transport:
            await transport.send(Request("GET", url))
            names.rows["moves.example"] = ["127.66.9.9"]
            clock.now += 3600
            for _ in range(3):
                await transport.send(Request("GET", url))
        assert server.connections == 4
        assert await connections.address("moves.example") == "127.66.9.9"


async def test_fault_05_a_broken_ipv6_costs_no_site_its_visit(
    company: Company, names: NameServers
) -> None:
    url = "http://both.example:PORT/evil/"
    http = "{timeout: 10s, deadline: 30s, allow_plaintext: true}"
    async with company.facing({"evil": Bad(http=http, url=url)}) as scene:
        port = scene.evils["evil"].port
        names.rows["both.example"] = ["::1", "127.66.6.1"]
        with black_hole(socket.AF_INET6, "::1", port):
            ran = (await scene.run())["evil"]
    assert (ran.ended, ran.writes) == (CHANGED, 1)


async def test_fault_06_a_reset_before_an_answer_is_asked_again_for_reads(
    company: Company,
) -> None:
    bad = {
        "once": Bad([Strike((Reset(),), MODULES, "GET", times=1)]),
        "always": Bad([Strike((Reset(),), MODULES, "GET")]),
    }
    ran = await company.strike_all(bad)
    assert (ran["once"].ended, ran["once"].writes) == (CHANGED, 1)
    assert ran["always"].ended == (Status.UNREACHABLE, "net.reset")
    assert ran["always"].writes == 0


async def test_fault_08_a_body_that_breaks_off_is_never_read(company: Company) -> None:
    """Half of it is asked for in a form that would be whole JSON by itself."""
    cut = Say(HEAD + b"Content-Length: 100\r\n\r\n{}")
    bad = {
        f"{end.__class__.__name__.lower()}-{often}": Bad(
            [Strike((cut, end), MODULES, "GET", times=times)]
        )
        for end in (Close(), Reset())
        for often, times in (("once", 1), ("always", None))
    }
    ran = await company.strike_all(bad)
    assert {name: each.ended for name, each in ran.items()} == {
        "close-once": CHANGED,
        "reset-once": CHANGED,
        "close-always": (Status.FAILED, "proto.truncated"),
        "reset-always": (Status.FAILED, "proto.truncated"),
    }


async def test_fault_10_11_a_drip_ends_at_the_deadline(company: Company) -> None:
    """Each byte comes long before a timeout between two of them would."""
    drips = {
        "body": (Say(ON_ITS_WAY), Drip(b" ")),
        "headers": (Say(HEAD + b"X-Long: "), Drip(b"x")),
        "status": (Drip(b"HTTP/1.1 200 OKOKOKOKOKOKOKOKOKOKOKOKOKOKOK"),),
    }
    bad = {
        f"{name}-{where.rpartition('/')[2] or 'index'}": Bad([Strike(acts, where)], SHORT)
        for name, acts in drips.items()
        for where in ("/", "/wp-login.php", MODULES)
    }
    ran = await company.strike_all(bad)
    assert {name: each.ended for name, each in ran.items()} == dict.fromkeys(
        bad, (Status.UNREACHABLE, "net.timeout")
    )
    assert all(each.writes == 0 for each in ran.values())


async def test_fault_10_an_answer_to_a_write_that_never_ends_leaves_time_to_read_back(
    company: Company,
) -> None:
    http = "{timeout: 2s, deadline: 30s}"
    strike = Strike((Answer(lambda good: as_bytes(good)[:-1]), Hang()), "*active", "POST")
    ran = await company.strike(strike, http=http)
    assert (ran.ended, ran.writes) == (CHANGED, 1)


async def test_fault_12_interim_answers_are_passed_over_and_have_an_end(
    company: Company,
) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x.css>\r\n\r\n"
    bad = {
        "few": Bad([Strike((Say(early * 20), Answer()))]),
        "endless": Bad([Strike((Endless(early * 100),), MODULES)]),
        "continue": Bad([Strike((Endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),), MODULES)]),
    }
    ran = await company.strike_all(bad)
    assert (ran["few"].ended, ran["few"].writes) == (CHANGED, 1)
    for name in ("endless", "continue"):
        assert ran[name].ended == (Status.FAILED, "proto.too_large")
        assert ran[name].evil.ledger.sent < 40_000_000, "what fills the buffers on the way"
