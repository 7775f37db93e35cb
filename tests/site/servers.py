"""Servers on loopback for what a mock cannot show."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from fleet.config import HttpLimits
from fleet.site.transport import Connections, Meter, Transport

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SMALL = Path(__file__).with_name("authority.pem")
"""An authority that has signed nothing; reading the system's takes longer than most tests."""


@dataclass(slots=True)
class Raw:
    """A raw server: its address, and how many connections it has taken."""

    url: URL
    connections: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)


async def read_head(reader: asyncio.StreamReader) -> bytes:
    """Return the head of one request."""
    return await reader.readuntil(b"\r\n\r\n")


def saying(answer: bytes, *, reset: bool = False) -> Script:
    """Return a script that reads a request, writes `answer` and closes, or resets."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(answer)
        await writer.drain()
        if reset:
            now = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            writer.transport.abort()

    return script


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


async def _serve(
    script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await script(reader, writer)
    except asyncio.CancelledError:
        writer.transport.abort()
    finally:
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


@asynccontextmanager
async def raw_server(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Raw]:
    """Run `script` for each connection and close it after; stop what still runs at the end."""
    found = Raw(URL())
    tasks: list[asyncio.Task[None]] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections += 1
        found.reached.set()
        tasks.append(asyncio.create_task(_serve(script, reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    found.url = URL(f"{'https' if tls else 'http'}://127.0.0.1:{port}/")
    try:
        async with server:
            yield found
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


@asynccontextmanager
async def web_server(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[URL]:
    """Answer every request with `handler`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    server = TestServer(app)
    await server.start_server(ssl=tls)
    try:
        yield server.make_url("/").with_scheme("https" if tls else "http")
    finally:
        await server.close()


@asynccontextmanager
async def transport_to(
    url: URL,
    *,
    timeout: float = 5,
    limits: HttpLimits | None = None,
    meter: Meter | None = None,
    cookies: bool = True,
    ca_file: Path | None = SMALL,
) -> AsyncIterator[Transport]:
    """Yield a transport of its own connections."""
    async with (
        Connections(2, limits or HttpLimits()) as connections,
        connections.open(
            url, timeout=timeout, meter=meter or Meter(), cookies=cookies, ca_file=ca_file
        ) as transport,
    ):
        yield transport
