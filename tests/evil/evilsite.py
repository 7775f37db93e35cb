"""A site that does anything a script can say, on a raw socket.

Underneath it is a simulated WordPress that answers well, so that a script has to replace only
the step it is about, and every fault strikes in the middle of a real visit.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random

from fleet.simulator.site import Applied
from fleet.simulator.wire import SimRequest
from fleet.simulator.world import World
from tests.evil.acts import Act, Answer, Gone, Talk
from tests.evil.ledger import Ledger, Line

__all__ = ["CONNECT", "EvilSite", "Strike", "evilsite"]

CONNECT = "CONNECT"
"""The place of what is done to a connection before anything is read."""

_GOOD = (Answer(),)


@dataclass(frozen=True, slots=True)
class Strike:
    """What is done instead of a good answer, and when.

    Args:
        acts: What is done, in this order; the connection is kept for more where none ends it.
        where: Pattern (as of a shell) for the place of a request: a REST route, such as
            ``/jetpack/v4/settings``, or a path within the site, or `CONNECT`.
        method: Pattern for its method.
        after: Requests that match and are answered well first.
        times: How many are struck; None for ever.
    """

    acts: tuple[Act, ...]
    where: str = "*"
    method: str = "*"
    after: int = 0
    times: int | None = None

    def concerns(self, method: str, place: str) -> bool:
        """Return whether it is about a request."""
        if (place == CONNECT) != (self.where == CONNECT):
            return False
        return fnmatchcase(method, self.method) and fnmatchcase(place, self.where)


@dataclass(slots=True)
class EvilSite:
    """One evil site.

    Args:
        name: Its name in the world and the path below which it lives.
        world: Gives the good answers.
        strikes: Its script; the first that is due is carried out.
        chance: Cuts answers into pieces.
        is_https: Whether it speaks TLS.
        port: Where it listens.
        url: Its address.
        ledger: What it saw.
    """

    name: str
    world: World
    strikes: Sequence[Strike]
    chance: Random
    is_https: bool = False
    port: int = 0
    url: str = ""
    server: asyncio.Server | None = None
    ledger: Ledger = field(default_factory=Ledger)
    seen: Counter[Strike] = field(default_factory=Counter)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def writes(self) -> list[Applied]:
        """Return the writes that changed the site, in their order."""
        return self.world.site(self.name).ledger

    async def open(self) -> None:
        """Take connections from now on."""
        if self.server is None:
            raise ValueError("the site is not served")
        await self.server.start_serving()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        line = Line()
        self.ledger.lines.append(line)
        talk = Talk(reader, writer, line, self.world.handle, self.chance, self.over)
        with suppress(ConnectionError, asyncio.IncompleteReadError, Gone, ssl.SSLError):
            await self._perform(talk, self._due(CONNECT, CONNECT, ()))
            while True:
                talk.request, talk.answer = await self._request(talk), None
                place = self._place(talk.request)
                line.requests.append(f"{talk.request.method} {place}")
                await self._perform(talk, self._due(talk.request.method, place, _GOOD))

    async def _perform(self, talk: Talk, acts: tuple[Act, ...]) -> None:
        for act in acts:
            await act(talk)

    def _due(self, method: str, place: str, otherwise: tuple[Act, ...]) -> tuple[Act, ...]:
        for strike in self.strikes:
            if not strike.concerns(method, place):
                continue
            self.seen[strike] += 1
            number = self.seen[strike] - strike.after
            if number > 0 and (strike.times is None or number <= strike.times):
                return strike.acts
        return otherwise

    async def _request(self, talk: Talk) -> SimRequest:
        head = await talk.reader.readuntil(b"\r\n\r\n")
        talk.line.received += head
        first, *rest = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = [line.partition(": ") for line in rest if line]
        headers = tuple((name, value) for name, _, value in pairs)
        length = next((int(value) for name, value in headers if name == "Content-Length"), 0)
        body = await talk.reader.readexactly(length)
        talk.line.received += body
        path, _, query = target.partition("?")
        return SimRequest(method, path, query, headers, body, is_https=self.is_https)

    def _place(self, request: SimRequest) -> str:
        """Return what scripts call the place of a request."""
        inner = request.path.removeprefix(f"/{self.name}")
        return inner.removeprefix("/wp-json") or "/"


@asynccontextmanager
async def evilsite(
    site: EvilSite,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    *,
    closed: bool = False,
) -> AsyncIterator[EvilSite]:
    """Serve an evil site on an address of this machine's own.

    Args:
        site: The site; its address is filled in.
        host: Any address of 127.0.0.0/8, so that several sites are on several servers.
        tls: Makes it speak TLS.
        closed: Whether its address is bound, and refuses connections until it is opened.
    """
    tasks: list[asyncio.Task[None]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await site.serve(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.create_task(talk(reader, writer)))

    server = await asyncio.start_server(
        accept, host, 0, ssl=tls, limit=2**20, start_serving=not closed
    )
    site.server = server
    site.port = server.sockets[0].getsockname()[1]
    site.is_https = tls is not None
    site.url = f"{'https' if tls else 'http'}://{host}:{site.port}/{site.name}/"
    try:
        async with server:
            yield site
    finally:
        site.over.set()
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
