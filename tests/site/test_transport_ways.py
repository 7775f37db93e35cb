"""Ways to a site: proxies that were asked for, those that were not, names that lead inside."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web
from yarl import URL

from fleet.config import HttpLimits
from fleet.errors import SiteError
from fleet.site.transport import Connections, Meter, Reply, Request, Transport
from tests.site.servers import SMALL, free_port, raw_server, read_head, web_server


@asynccontextmanager
async def through(proxy: str, url: URL, ca_file: Path = SMALL) -> AsyncIterator[Transport]:
    async with (
        Connections(1, HttpLimits()) as connections,
        connections.open(url, timeout=5, meter=Meter(), ca_file=ca_file, proxy=proxy) as transport,
    ):
        yield transport


async def ask(proxy: str, url: URL, ca_file: Path = SMALL) -> Reply:
    async with through(proxy, url, ca_file) as transport:
        return await transport.send(Request("GET", url, {"Authorization": "Basic canary"}))


async def hello(request: web.Request) -> web.Response:
    return web.json_response(dict(request.headers))


class Tunnel:
    """A proxy that joins two connections and remembers what it was told before."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await read_head(reader)
        self.heads.append(head)
        host, _, port = head.split()[1].decode().rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        target.write(data)
    target.close()


async def test_a_proxy_that_was_asked_for_sees_no_secret_of_a_secure_site(tmp_path: Path) -> None:
    authority = trustme.CA()
    ca_file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(ca_file)
    context = _server_side(authority)
    tunnel = Tunnel()
    async with raw_server(tunnel) as proxy, web_server(hello, context) as url:
        reply = await ask(str(proxy.url).rstrip("/"), url, ca_file)
    assert '"Authorization": "Basic canary"' in reply.text
    assert "Proxy" not in reply.text
    assert len(tunnel.heads) == 1
    assert tunnel.heads[0].startswith(b"CONNECT ")
    assert b"canary" not in tunnel.heads[0]
    assert b"Authorization" not in tunnel.heads[0]


def _server_side(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param(b"407 No", "answered 407", id="password"),
        pytest.param(b"502 No", "answered 502", id="gateway"),
    ],
)
async def test_a_proxy_that_refuses_is_named_and_nothing_was_sent(
    script: bytes, message: str
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 " + script + b"\r\nContent-Length: 0\r\n\r\n")

    async with raw_server(refuse) as proxy:
        with pytest.raises(SiteError, match=message) as caught:
            await ask(str(proxy.url).rstrip("/"), URL("https://harbour.example/"))
    assert (caught.value.kind, caught.value.sent) == ("net.refused", False)


async def test_a_proxy_that_is_not_there_is_told_from_the_site() -> None:
    with pytest.raises(SiteError, match="the proxy cannot be reached") as caught:
        await ask(f"http://127.0.0.1:{free_port()}", URL("https://harbour.example/"))
    assert (caught.value.kind, caught.value.sent) == ("net.refused", False)


PROGRAM = """
import asyncio, sys
from pathlib import Path
from yarl import URL
from fleet.config import HttpLimits
from fleet.site.transport import Connections, Meter, Request

async def main(url, ca_file):
    async with Connections(1, HttpLimits()) as connections:
        async with connections.open(url, timeout=10, meter=Meter(), ca_file=ca_file) as transport:
            print((await transport.send(Request("GET", url))).text)

asyncio.run(main(URL(sys.argv[1]), Path(sys.argv[2])))
"""


async def _takes_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1024)


async def test_security_05_the_machines_proxies_and_passwords_are_left_alone(
    tmp_path: Path,
) -> None:
    """A poisoned environment: proxies for every scheme, and a netrc at each of its places."""
    authority = trustme.CA()
    ca_file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(ca_file)
    for name in (".netrc", "_netrc", "netrc"):
        file = tmp_path / name
        file.write_text("machine 127.0.0.1 login keeper password CANARY\n")
        file.chmod(0o600)
    async with (
        raw_server(_takes_nothing) as proxy,
        web_server(hello, _server_side(authority)) as url,
    ):
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WS_PROXY", "WSS_PROXY")
        poison = dict.fromkeys(names, f"http://u:CANARY@127.0.0.1:{proxy.url.port}")
        poison |= {name.lower(): value for name, value in poison.items()}
        environ = {**os.environ, **poison, "HOME": str(tmp_path), "NETRC": str(tmp_path / "netrc")}
        environ.pop("NO_PROXY", None)
        environ.pop("no_proxy", None)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, str(url), str(ca_file)),
            stdout=asyncio.subprocess.PIPE,
            env=environ,
        )
        printed, _ = await process.communicate()
        assert b'"Host"' in printed
        assert b"CANARY" not in printed
        assert b"Authorization" not in printed
        assert proxy.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "::",
        "::ffff:169.254.169.254",
    ],
)
async def test_security_31_a_name_does_not_lead_where_no_site_can_be(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(*_: object, **__: object) -> list[Any]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 0))]

    url = URL("http://rebound.example/")
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", found)
        with pytest.raises(SiteError, match="no site can have") as caught:
            await ask("", url)
    assert (caught.value.kind, caught.value.sent) == ("net.dns", False)


@pytest.mark.parametrize("canary", ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\0b"])
async def test_security_29_no_header_brings_another_one(canary: str) -> None:
    """Neither one of ours nor a cookie that a site has set."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await read_head(reader):
            heads.append(head)
            cookies = b"Set-Cookie: a=\x01\r\nSet-Cookie: b=\xff\r\nSet-Cookie: c=\x7f\r\n"
            writer.write(b"HTTP/1.1 200 OK\r\n" + cookies + b"Content-Length: 0\r\n\r\n")

    heads: list[bytes] = []
    async with raw_server(answer) as server, through("", server.url) as site:
        with pytest.raises(ValueError, match="header injection"):
            await site.send(Request("GET", server.url, {"X-Ours": canary}))
        for _ in range(2):
            await site.send(Request("GET", server.url))
    assert len(heads) == 2
    assert not any(b"X-Evil" in head or b"Cookie" in head for head in heads)


async def test_a_second_answer_that_comes_late_answers_no_later_question() -> None:
    """It arrives while the connection waits in the pool, so the connection is not used again."""
    late = asyncio.Event()
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await read_head(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue")
        await late.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nlie")
        await writer.drain()
        heads.append(await read_head(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue")

    async with raw_server(answer) as server, through("", server.url) as site:
        assert (await site.send(Request("GET", server.url))).text == "true"
        late.set()
        for _ in range(100):
            await asyncio.sleep(0)
        assert (await site.send(Request("GET", server.url))).text == "true"
    assert server.connections == 2
