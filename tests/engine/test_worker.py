"""A worker process, with the test in the place of the process of the run."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from fleet.config import Settings
from fleet.engine.channel import Channel
from fleet.engine.protocol import Begin, Finished, Last, More, StopNow
from fleet.engine.worker import work

BEGIN = Begin(1_000, Settings())


@asynccontextmanager
async def working() -> AsyncIterator[Channel]:
    """Yield the channel to a worker, which has to end by itself after the block."""
    ours, theirs = socket.socketpair()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work, theirs)
        channel = await Channel.over(ours)
        try:
            yield channel
        finally:
            await channel.close()


async def test_who_waits_for_sites_ends_when_the_run_is_gone() -> None:
    async with working() as channel:
        channel.tell(BEGIN)
        assert isinstance(await anext(channel.messages()), More)


async def test_who_was_told_nothing_ends_as_well() -> None:
    async with working():
        pass


@pytest.mark.parametrize("last", [Last(), StopNow()], ids=["no more sites", "stop"])
async def test_who_has_nothing_to_do_has_finished(last: object) -> None:
    async with working() as channel:
        channel.tell(BEGIN)
        channel.tell(last)
        messages = channel.messages()
        assert isinstance(await anext(messages), More)
        assert await anext(messages) == Finished(None)
