"""What a transport keeps to itself: origins, cookies, redirects, the machine's environment."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import aiohttp
import anyio
import pytest
from aiohttp import web
from yarl import URL

from fleet.config import USER_AGENT, HttpLimits
from fleet.errors import SiteError
from fleet.site.transport import Connections, Meter, Request, web_address
from tests.shim import FixedResponses
from tests.site.servers import SMALL, raw_server, read_head, saying, transport_to, web_server

HOME = URL("https://harbour.example/")
CLOSED = saying(b"")


async def mirror(request: web.Request) -> web.Response:
    """Answer with what came, and set a cookie."""
    seen = {
        "method": request.method,
        "headers": dict(request.headers),
        "cookies": dict(request.cookies),
        "body": await request.text(),
    }
    answer = web.json_response(seen)
    answer.set_cookie("wordpress_logged_in_0", f"session of {request.url.port}")
    return answer


async def seen_by(url: URL, *requests: Request, cookies: bool = True) -> list[str]:
    """Return the mirrored bodies of `requests`."""
    async with transport_to(url, cookies=cookies) as transport:
        return [(await transport.send(request)).text for request in requests]


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("http://harbour.example/", id="downgrade"),
        pytest.param("https://harbour.example:8443/", id="port"),
        pytest.param("https://www.harbour.example/", id="host"),
        pytest.param("https://harbour.example.evil.example/", id="longer host"),
    ],
)
async def test_another_origin_is_refused_before_anything_is_sent(target: str) -> None:
    meter = Meter()
    with FixedResponses() as network:
        async with transport_to(HOME, meter=meter) as transport:
            with pytest.raises(SiteError) as caught:
                await transport.send(Request("GET", URL(target), {"Authorization": "Basic x"}))
        assert network.sent == []
    assert (caught.value.kind, caught.value.sent) == ("redirect.cross_origin", False)
    assert meter.requests == 0


@pytest.mark.parametrize(
    ("text", "address"),
    [
        pytest.param("/a?b=c", "https://harbour.example/a?b=c", id="path"),
        pytest.param("//cdn.example/", "https://cdn.example/", id="without scheme"),
        pytest.param("http://u:p@a.example/", "http://a.example/", id="with credentials"),
        *(
            pytest.param(text, None, id=text)
            for text in ("mailto:a@b", "ftp://a/", "http:///x", "//0@", "//[]@", "http://a:99999/")
        ),
        pytest.param("//xn--aaaaaaaaaaaaaaaa/", None, id="encoded name of nothing"),
        pytest.param("/" + "a" * 4095, f"https://harbour.example/{'a' * 4095}", id="long"),
        pytest.param("/" + "a" * 4096, None, id="too long"),
        pytest.param("/" + "é" * 256, None, id="too many foreign characters"),
    ],
)
def test_an_address_a_site_names_is_a_web_address_or_nothing(
    text: str, address: str | None
) -> None:
    found = web_address(text, HOME)
    assert found == (URL(address) if address else None)


async def test_a_post_that_breaks_is_not_repeated() -> None:
    with FixedResponses() as network:
        network.post(HOME, exception=aiohttp.ServerDisconnectedError())
        network.post(HOME, payload={})
        async with transport_to(HOME) as transport:
            with pytest.raises(SiteError, match="broke off"):
                await transport.send(Request("POST", HOME, json={"a": 1}))
        assert [sent.method for sent in network.sent] == ["POST"]


async def test_a_post_on_a_kept_connection_that_breaks_is_not_repeated() -> None:
    """The library repeats idempotent methods there."""
    heads: list[bytes] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await read_head(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        heads.append(await read_head(reader))

    async with raw_server(once) as server, transport_to(server.url) as transport:
        await transport.send(Request("GET", server.url))
        with pytest.raises(SiteError) as caught:
            await transport.send(Request("POST", server.url, json={}))
    assert (caught.value.kind, caught.value.sent) == ("net.reset", True)
    assert [head.split()[0] for head in heads] == [b"GET", b"POST"]


async def test_bodies_are_json_or_a_form() -> None:
    async with web_server(mirror) as url:
        as_json, as_form, none = await seen_by(
            url,
            Request("POST", url, json={"active": False}),
            Request("POST", url, form={"pwd": "a b&c+d%é"}),
            Request("GET", url),
        )
    assert '"body": "{\\"active\\": false}"' in as_json
    assert '"Content-Type": "application/json"' in as_json
    assert '"body": "pwd=a+b%26c%2Bd%25%C3%A9"' in as_form
    assert '"body": ""' in none
    assert f'"User-Agent": "{USER_AGENT}"' in none


async def test_cookies_come_back_to_their_own_site_only() -> None:
    """Ports are no part of a cookie's scope, so only separate jars keep sites apart."""
    async with (
        web_server(mirror) as one,
        web_server(mirror) as two,
        Connections(2, HttpLimits()) as connections,
        connections.open(one, timeout=5, meter=Meter(), ca_file=SMALL) as first,
        connections.open(two, timeout=5, meter=Meter(), ca_file=SMALL) as second,
    ):
        await first.send(Request("GET", one))
        kept = await first.send(Request("GET", one))
        other = await second.send(Request("GET", two))
    assert f"session of {one.port}" in kept.text
    assert '"cookies": {}' in other.text


async def test_forgotten_cookies_are_gone() -> None:
    async with web_server(mirror) as url, transport_to(url) as transport:
        await transport.send(Request("GET", url))
        transport.forget_cookies()
        assert '"cookies": {}' in (await transport.send(Request("GET", url))).text


async def test_no_cookies_are_kept_where_none_may_be() -> None:
    async with web_server(mirror) as url:
        _, second = await seen_by(url, Request("GET", url), Request("GET", url), cookies=False)
    assert '"cookies": {}' in second


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(status: int) -> None:
    """Even with a body, which 307 and 308 would hand on."""
    async with raw_server(CLOSED) as elsewhere:
        target = elsewhere.url / "steal"
        answer = f"HTTP/1.1 {status} Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"
        async with raw_server(saying(answer.encode())) as server, transport_to(server.url) as site:
            request = Request("POST", server.url, {"X-WP-Nonce": "n"}, form={"pwd": "secret"})
            reply = await site.send(request)
        assert (reply.status, reply.location) == (status, target)
        assert elsewhere.connections == 0


async def test_a_transport_for_another_origin_shares_jar_and_meter() -> None:
    meter = Meter()
    async with web_server(mirror) as url, transport_to(HOME, meter=meter) as transport:
        moved = transport.at(url)
        await moved.send(Request("GET", url))
        again = await moved.at(url).send(Request("GET", url))
    assert "session of" in again.text
    assert meter.requests == 2
    assert meter.received > 0


class Patient:
    """Answers every request of a connection and knows how many are open."""

    def __init__(self) -> None:
        self.open = 0
        self.all_closed = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.all_closed.clear()
        try:
            while await read_head(reader):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        finally:
            self.open -= 1
            if not self.open:
                self.all_closed.set()


async def test_a_site_keeps_one_connection_and_closes_it_when_it_is_done() -> None:
    patient = Patient()
    async with raw_server(patient) as server, Connections(2, HttpLimits()) as connections:
        for visit in range(3):
            async with connections.open(server.url, timeout=5, meter=Meter()) as transport:
                for _ in range(4):
                    await transport.send(Request("GET", server.url))
                assert (patient.open, server.connections) == (1, visit + 1)
            # Far less than the time for which an idle connection would be kept.
            with anyio.fail_after(5):
                await patient.all_closed.wait()


async def test_a_site_that_is_called_off_closes_its_connections() -> None:
    patient = Patient()
    async with raw_server(patient) as server, Connections(2, HttpLimits()) as connections:
        with anyio.CancelScope() as scope:
            async with connections.open(server.url, timeout=5, meter=Meter()) as transport:
                await transport.send(Request("GET", server.url))
                scope.cancel()
                await anyio.lowlevel.checkpoint()
        with anyio.fail_after(5):
            await patient.all_closed.wait()
    assert server.connections == 1


FEW_FILES = """
import asyncio, os, resource, sys
from yarl import URL
from fleet.config import HttpLimits
from fleet.errors import SiteError
from fleet.site.transport import Connections, Meter, Request

async def ask(connections, url):
    async with connections.open(url, timeout=10, meter=Meter()) as transport:
        try:
            await transport.send(Request("GET", url))
        except SiteError as error:
            print(error.kind, error.sent, error.message)

async def main(url):
    async with Connections(1, HttpLimits()) as connections:
        await ask(connections, url)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        unused = os.dup(0)
        os.close(unused)
        resource.setrlimit(resource.RLIMIT_NOFILE, (unused, most))
        await ask(connections, url)
        await ask(connections, url.with_host("harbour.invalid"))

asyncio.run(main(URL(sys.argv[1])))
"""


async def test_a_machine_out_of_files_does_not_blame_the_site() -> None:
    async with raw_server(Patient()) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", FEW_FILES, str(server.url), stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
    line = "net.timeout False this machine ran out of open files"
    lines = printed.decode().splitlines()
    assert [each.partition(":")[0] for each in lines] == [line, line]


PROGRAM = """
import asyncio, sys
from yarl import URL
from fleet.config import HttpLimits
from fleet.site.transport import Connections, Meter, Request, web_address

async def main(url):
    async with Connections(1, HttpLimits()) as connections:
        async with connections.open(url, timeout=10, meter=Meter()) as transport:
            print((await transport.send(Request("GET", url))).text)

asyncio.run(main(URL(sys.argv[1])))
"""


async def test_the_environment_adds_no_proxy_and_no_password(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login keeper password sesame\n")
    netrc.chmod(0o600)
    async with raw_server(CLOSED) as proxy, web_server(mirror) as url:
        names = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
        environ = {**os.environ, **dict.fromkeys(names, str(proxy.url)), "NETRC": str(netrc)}
        environ.pop("NO_PROXY", None)
        environ.pop("no_proxy", None)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, str(url), stdout=asyncio.subprocess.PIPE, env=environ
        )
        printed, _ = await process.communicate()
        assert b'"method": "GET"' in printed
        assert b"Authorization" not in printed
        assert proxy.connections == 0
