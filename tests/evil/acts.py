"""What an evil site does with a request: plain values, one after the other."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Protocol

from fleet.simulator.wire import SimRequest, SimResponse
from tests.evil.ledger import Line

__all__ = [
    "Act",
    "Answer",
    "Apply",
    "Close",
    "Do",
    "Drip",
    "Endless",
    "Hang",
    "Reset",
    "Say",
    "Talk",
    "as_bytes",
]

_AT_ONCE = struct.pack("ii", 1, 0)
"""Makes closing a socket send a reset instead of a goodbye."""

_PACE = 0.02
"""Seconds between two bytes of a drip."""


class Gone(Exception):
    """The connection is over."""


@dataclass(slots=True)
class Talk:
    """One connection, and the request that is on it.

    Args:
        reader: What comes.
        writer: What goes.
        line: Where it is recorded.
        handle: Gives a good site's answer to a request, and applies its write.
        chance: Cuts answers into pieces.
        over: Set when the server stops.
        request: The request; None before there is one.
        answer: The good answer, once there is one.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    line: Line
    handle: Callable[[SimRequest], SimResponse]
    chance: Random
    over: asyncio.Event
    request: SimRequest | None = None
    answer: SimResponse | None = None

    def good(self) -> SimResponse:
        """Return the good answer; asked for a second time, the same."""
        if self.answer is None:
            if self.request is None:
                raise ValueError("nothing was asked yet")
            self.answer = self.handle(self.request)
        return self.answer

    async def send(self, data: bytes) -> None:
        """Send bytes, in pieces of chance."""
        cuts = sorted(self.chance.randrange(len(data) + 1) for _ in range(self.chance.randrange(3)))
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            await self.write(data[start:end])

    async def write(self, data: bytes) -> None:
        """Send bytes as they are, once the client takes them."""
        self.writer.write(data)
        self.line.sent += len(data)
        await self.writer.drain()

    async def pause(self) -> None:
        """Let a moment pass."""
        try:
            async with asyncio.timeout(_PACE):
                await self.over.wait()
        except TimeoutError:
            return
        raise Gone


class Act(Protocol):
    """One thing to do."""

    async def __call__(self, talk: Talk) -> None:
        """Do it."""


@dataclass(frozen=True, slots=True)
class Say:
    """Send bytes."""

    data: bytes = field(repr=False)

    async def __call__(self, talk: Talk) -> None:
        """Send them, and no more of them than the client takes."""
        await talk.send(self.data)


@dataclass(frozen=True, slots=True)
class Drip:
    """Send bytes slowly, one at a time, and begin again when they are out."""

    data: bytes

    async def __call__(self, talk: Talk) -> None:
        """Go on until the client has gone."""
        while True:
            for byte in self.data:
                await talk.write(bytes([byte]))
                await talk.pause()


@dataclass(frozen=True, slots=True)
class Endless:
    """Send the same bytes for ever, as fast as the client takes them."""

    data: bytes = field(repr=False)

    async def __call__(self, talk: Talk) -> None:
        """Go on until the client has gone."""
        while not talk.over.is_set():
            await talk.write(self.data)


@dataclass(frozen=True, slots=True)
class Apply:
    """Do what was asked for, and say nothing yet."""

    async def __call__(self, talk: Talk) -> None:
        """Apply it."""
        talk.good()


@dataclass(frozen=True, slots=True)
class Answer:
    """Do what was asked for, and answer as a good site does.

    Args:
        change: What becomes of the answer's bytes.
    """

    change: Callable[[SimResponse], bytes] | None = None

    async def __call__(self, talk: Talk) -> None:
        """Send it."""
        good = talk.good()
        head = talk.request is not None and talk.request.method == "HEAD"
        data = self.change(good) if self.change else as_bytes(good, head=head)
        await talk.send(data)


@dataclass(frozen=True, slots=True)
class Do:
    """Change something behind the client's back."""

    change: Callable[[], object]

    async def __call__(self, talk: Talk) -> None:
        """Change it."""
        self.change()


@dataclass(frozen=True, slots=True)
class Hang:
    """Say nothing more; take everything."""

    async def __call__(self, talk: Talk) -> None:
        """Go on until the client has gone."""
        while data := await talk.reader.read(65536):
            talk.line.received += data
        raise Gone


@dataclass(frozen=True, slots=True)
class Close:
    """Say goodbye."""

    async def __call__(self, talk: Talk) -> None:
        """Close."""
        raise Gone


@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection off."""

    async def __call__(self, talk: Talk) -> None:
        """Reset."""
        raw = talk.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        talk.writer.transport.abort()
        raise Gone


def as_bytes(answer: SimResponse, *, head: bool = False, **replaced: str | bytes) -> bytes:
    """Return an answer as it goes over the wire.

    Args:
        answer: The answer.
        head: Whether the body is left out.
        replaced: ``body`` for another body, with its own length.
    """
    body = replaced.get("body", answer.body)
    body = body.encode() if isinstance(body, str) else body
    reason = HTTPStatus(answer.status).phrase
    lines = [f"HTTP/1.1 {answer.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + (b"" if head else body)
