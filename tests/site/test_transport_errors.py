"""How trouble on the wire is named."""

from __future__ import annotations

import asyncio
import gzip

import pytest
from yarl import URL

from fleet.config import HttpLimits
from fleet.errors import SiteError
from fleet.site.transport import Meter, Request, Transport
from tests.site.servers import Script, free_port, raw_server, read_head, saying, transport_to

OK = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(b"\0" * 50_000_000)


def whole(body: bytes, *headers: bytes) -> bytes:
    """Return an answer with its true length."""
    lines = [*headers, b"Content-Length: %d" % len(body)]
    return OK + b"\r\n".join(lines) + b"\r\n\r\n" + body


async def trouble(transport: Transport, method: str = "GET") -> SiteError:
    with pytest.raises(SiteError) as caught:
        await transport.send(Request(method, transport.origin / "x"))
    return caught.value


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        pytest.param(saying(b""), "net.reset", id="closed before an answer"),
        pytest.param(saying(b"", reset=True), "net.reset", id="reset before an answer"),
        pytest.param(saying(b"HTTP/1.1 20"), "net.reset", id="closed in the status line"),
        pytest.param(
            saying(OK + b"Content-Length: 9\r\n\r\nabc"), "proto.truncated", id="short body"
        ),
        pytest.param(
            saying(OK + b"Content-Length: 9\r\n\r\nabc", reset=True),
            "proto.truncated",
            id="reset in the body",
        ),
        pytest.param(
            saying(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"),
            "proto.truncated",
            id="chunks without an end",
        ),
        pytest.param(
            saying(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
            "proto.not_json",
            id="odd chunk",
        ),
        pytest.param(
            saying(whole(b"no gzip", b"Content-Encoding: gzip")), "proto.truncated", id="no gzip"
        ),
        pytest.param(saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "proto.not_json", id="another protocol"),
        pytest.param(saying(b"HTTP/1.1 two OK\r\n\r\n"), "proto.not_json", id="odd status"),
        pytest.param(saying(OK + b"a b: c\r\n\r\n"), "proto.not_json", id="odd header"),
        pytest.param(
            saying(OK + b"Link: " + b"a" * 40_000 + b"\r\n\r\n"),
            "proto.not_json",
            id="40 KB header",
        ),
    ],
)
async def test_a_broken_answer_is_named(script: Script, kind: str) -> None:
    async with raw_server(script) as server, transport_to(server.url) as transport:
        error = await trouble(transport)
    assert (error.kind, error.sent) == (kind, True)


async def test_an_unknown_host_is_named_and_nothing_was_sent() -> None:
    async with transport_to(URL("http://harbour.invalid/")) as transport:
        error = await trouble(transport)
    assert (error.kind, error.sent) == ("net.dns", False)


async def test_a_closed_port_is_named_and_nothing_was_sent() -> None:
    async with transport_to(URL(f"http://127.0.0.1:{free_port()}/")) as transport:
        error = await trouble(transport)
    assert (error.kind, error.sent) == ("net.refused", False)


async def test_an_address_that_cannot_be_reached_is_named() -> None:
    """The broadcast address takes no connections."""
    async with transport_to(URL("http://255.255.255.255/")) as transport:
        error = await trouble(transport)
    assert (error.kind, error.sent) == ("net.refused", False)


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a body byte by byte for ever."""
    await read_head(reader)
    writer.write(OK + b"Content-Length: 1000000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0)


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take everything and say nothing."""
    while await reader.read(1024):
        pass


@pytest.mark.parametrize("script", [drip, silence])
async def test_the_time_limit_holds_for_the_whole_exchange(script: Script) -> None:
    limits = HttpLimits(body=2_000_000_000)
    async with (
        raw_server(script) as server,
        transport_to(server.url, timeout=0.2, limits=limits) as transport,
    ):
        error = await trouble(transport)
    assert (error.kind, error.sent) == ("net.timeout", True)


async def test_a_handshake_that_never_ends_leaves_nothing_sent() -> None:
    async with (
        raw_server(silence) as server,
        transport_to(
            server.url.with_scheme("https"), limits=HttpLimits(connect_timeout=0.2)
        ) as transport,
    ):
        error = await trouble(transport)
    assert (error.kind, error.sent) == ("net.timeout", False)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(saying(whole(b"x" * 1001)), id="plain"),
        pytest.param(saying(whole(BOMB, b"Content-Encoding: gzip")), id="gzip bomb"),
        pytest.param(saying(OK + b"\r\n" + b"x" * 300_000), id="without a length"),
    ],
)
async def test_a_body_over_the_limit_is_given_up(script: Script) -> None:
    meter = Meter()
    async with (
        raw_server(script) as server,
        transport_to(server.url, limits=HttpLimits(body=1000), meter=meter) as transport,
    ):
        error = await trouble(transport)
    assert error.kind == "proto.too_large"
    assert (meter.requests, meter.received) == (1, 0)


async def test_a_body_at_the_limit_is_read_and_counted_decoded() -> None:
    answer = saying(whole(gzip.compress(b"x" * 1000), b"Content-Encoding: gzip"))
    meter = Meter()
    async with (
        raw_server(answer) as server,
        transport_to(server.url, limits=HttpLimits(body=1000), meter=meter) as transport,
    ):
        reply = await transport.send(Request("GET", server.url))
    assert reply.body == b"x" * 1000
    assert meter.received == 1000


async def test_many_and_long_headers_are_accepted() -> None:
    lines = [b"X-%d: y\r\n" % number for number in range(200)]
    head = OK + b"".join(lines) + b"Link: " + b"a" * 20_000 + b"\r\nContent-Length: 2\r\n\r\n{}"
    async with raw_server(saying(head)) as server, transport_to(server.url) as transport:
        reply = await transport.send(Request("GET", server.url))
    assert len(reply.headers) == 202
    assert len(reply.headers["Link"]) == 20_000


async def test_a_cancelled_request_stays_cancelled() -> None:
    async with raw_server(silence) as server, transport_to(server.url) as transport:
        task = asyncio.create_task(transport.send(Request("GET", server.url)))
        await server.reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
