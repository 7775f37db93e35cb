"""Messages between a process and those that it started, over a socket that both have an end of.

Nobody else can reach that socket, and whoever is at its other end is code of ours that runs for
the same user; so what comes is taken as it is.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import cast

from fleet.engine.parts import UNSENDABLE, packed, unpacked
from fleet.errors import SiteError

__all__ = ["Ask", "Channel", "Lost"]

_LENGTH = struct.Struct("!Q")
_BUFFER = 1024 * 1024


class Lost(Exception):
    """Nobody is at the other end any more."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question.

    Args:
        number: Which one.
        question: What is asked.
    """

    number: int
    question: object


@dataclass(frozen=True, slots=True)
class _Answer:
    number: int
    value: object


@dataclass(frozen=True, slots=True)
class _Trouble:
    """A `SiteError` as the answer to a question."""

    kind: str
    message: str
    sent: bool


class Channel:
    """One end. All that is told in one turn of the event loop travels together.

    Args:
        reader: Where messages come from.
        writer: Where they go to.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._untold: list[object] = []
        self._asked: dict[int, asyncio.Future[object]] = {}
        self._number = 0
        self._lost = False

    @classmethod
    async def over(cls, end: socket.socket) -> Channel:
        """Return the channel over a connected socket, which belongs to it from then on."""
        end.setblocking(False)
        return cls(*await asyncio.open_connection(sock=end, limit=_BUFFER))

    def tell(self, message: object) -> None:
        """Send a message soon; nothing happens where nobody is there any more."""
        if not self._untold:
            self._loop.call_soon(self._flush)
        self._untold.append(message)

    async def ask(self, question: object, late: Callable[[], None] | None = None) -> object:
        """Return the answer to a question.

        Args:
            question: What the other end is asked.
            late: Called where the answer comes when nobody waits for it any more.

        Raises:
            SiteError: That is the answer.
            Lost: Nobody is there to answer.
        """
        if self._lost:
            raise Lost
        self._number += 1
        number, told = self._number, self._loop.create_future()
        self._asked[number] = told
        self.tell(Ask(number, question))
        try:
            answer = await told
        except asyncio.CancelledError:
            if late is not None and number in self._asked:
                self._asked[number] = unheard = self._loop.create_future()
                unheard.add_done_callback(lambda _: late())
            raise
        if isinstance(answer, _Trouble):
            raise SiteError(answer.kind, answer.message, sent=answer.sent)
        return answer

    def answer(self, ask: Ask, value: object) -> None:
        """Answer a question, with a `SiteError` where that is the answer."""
        if isinstance(value, SiteError):
            value = _Trouble(value.kind, value.message, value.sent)
        self.tell(_Answer(ask.number, value))

    async def messages(self) -> AsyncIterator[object]:
        """Yield what comes until nobody is there any more; answers go to those who asked."""
        try:
            while True:
                (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
                data = await self._reader.readexactly(length)
                for message in cast("list[object]", unpacked(data)):
                    if isinstance(message, _Answer):
                        self._pass_on(message)
                    else:
                        yield message
        except (asyncio.IncompleteReadError, OSError):
            self._lose()

    async def drain(self) -> None:
        """Return when the other end keeps up with what it is told."""
        try:
            await self._writer.drain()
        except OSError:
            self._lost = True

    async def close(self) -> None:
        """Send what is left, and hang up."""
        self._flush()
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            self._lost = True

    def _flush(self) -> None:
        untold, self._untold = self._untold, []
        if not untold or self._lost or self._writer.is_closing():
            return
        try:
            data = packed(untold)
        except UNSENDABLE:
            # Nobody can be told that; who hangs up is known by it to have failed.
            self._writer.close()
            return
        self._writer.write(_LENGTH.pack(len(data)) + data)

    def _pass_on(self, answer: _Answer) -> None:
        told = self._asked.pop(answer.number, None)
        if told is not None and not told.done():
            told.set_result(answer.value)

    def _lose(self) -> None:
        self._lost = True
        asked, self._asked = self._asked, {}
        for told in asked.values():
            if not told.done():
                told.set_exception(Lost())
