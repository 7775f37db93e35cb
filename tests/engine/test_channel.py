"""Messages between two processes: order, questions, what happens where one end goes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from fleet.engine.channel import Ask, Channel, Lost
from fleet.errors import SiteError


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[Channel, Channel]]:
    ours, theirs = socket.socketpair()
    one, other = await Channel.over(ours), await Channel.over(theirs)
    try:
        yield one, other
    finally:
        await one.close()
        await other.close()


async def take(channel: Channel, count: int) -> list[object]:
    found = []
    async for message in channel.messages():
        found.append(message)
        if len(found) == count:
            break
    return found


async def test_messages_come_whole_and_in_order() -> None:
    async with pair() as (one, other):
        for number in range(100):
            one.tell(number)
        one.tell("x" * 3_000_000)
        assert await take(other, 101) == [*range(100), "x" * 3_000_000]


async def test_questions_are_answered_to_those_who_asked() -> None:
    async with pair() as (one, other), anyio.create_task_group() as tasks:

        async def hear() -> None:
            async for _ in one.messages():
                raise AssertionError("an answer is no message")

        async def answer() -> None:
            asked: list[Ask] = []
            async for message in other.messages():
                assert isinstance(message, Ask)
                asked.append(message)
                if len(asked) == 3:
                    for ask in reversed(asked):
                        other.answer(ask, ask.question)

        tasks.start_soon(hear)
        tasks.start_soon(answer)
        assert await asyncio.gather(*(one.ask(text) for text in "abc")) == ["a", "b", "c"]
        tasks.cancel_scope.cancel()


async def test_trouble_is_an_answer() -> None:
    async with pair() as (one, other), anyio.create_task_group() as tasks:

        async def refuse() -> None:
            async for message in other.messages():
                assert isinstance(message, Ask)
                other.answer(message, SiteError("run.halted", "no more", sent=False))

        tasks.start_soon(refuse)
        tasks.start_soon(take, one, 1)
        with pytest.raises(SiteError, match="no more") as caught:
            await one.ask("may I?")
        assert (caught.value.kind, caught.value.sent) == ("run.halted", False)
        tasks.cancel_scope.cancel()


async def test_who_waits_is_told_when_nobody_is_there_any_more() -> None:
    async with pair() as (one, other), anyio.create_task_group() as tasks:
        tasks.start_soon(take, one, 1)

        async def go() -> None:
            await take(other, 1)
            await other.close()

        tasks.start_soon(go)
        with pytest.raises(Lost):
            await one.ask("anybody?")
        with pytest.raises(Lost):
            await one.ask("really?")


async def test_an_answer_that_comes_too_late_is_known() -> None:
    late = anyio.Event()
    async with pair() as (one, other), anyio.create_task_group() as tasks:
        tasks.start_soon(take, one, 1)
        with anyio.move_on_after(0.01):
            await one.ask("slow?", late.set)
        (asked,) = await take(other, 1)
        assert isinstance(asked, Ask)
        assert not late.is_set()
        other.answer(asked, "at last")
        await late.wait()
        tasks.cancel_scope.cancel()


async def test_what_cannot_be_sent_hangs_up() -> None:
    async with pair() as (one, other):
        one.tell(lambda: None)
        assert await take(other, 1) == []
