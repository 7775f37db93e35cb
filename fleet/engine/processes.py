"""An engine that shares the visits of a run out among processes of this machine.

Reading thousands of sites is bounded by what one processor can compute, and Python computes on
one at a time. A run that writes nothing needs little that has to be in one place: its journal,
the count of its first logins, and whose marks are whose. Those stay in the process of the run,
which the others ask. A run that changes sites stays in one process.

What a process was given and did not end, because it was killed or could not be started, is
visited by this one.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process
from pydantic import SecretStr

from fleet.config import Limits
from fleet.engine.channel import Channel
from fleet.engine.conversation import Conversation
from fleet.engine.engines import Emit, Ended, LocalEngine
from fleet.engine.parts import refuse_unsendable
from fleet.engine.protocol import Begin
from fleet.engine.sharing import Sharing
from fleet.engine.stop import Stop
from fleet.errors import InputError
from fleet.inventory.model import Site
from fleet.inventory.secrets import SecretRef
from fleet.operations.base import Operation, Sourced, Task

__all__ = ["ProcessEngine", "processes_for", "sharing_engine"]

_LOG = logging.getLogger("fleet")
_WORTH = 1000
"""Sites for which one more process pays: to start one takes as long as some hundred visits."""

_GRACE = 10.0
"""Seconds that a process has to end by itself, after it was told to."""


def processes_for(sites: int, limits: Limits) -> int:
    """Return how many processes visit so many sites."""
    asked = limits.processes or min(_processors(), sites // _WORTH)
    return max(1, min(asked, limits.concurrency, sites))


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


@asynccontextmanager
async def sharing_engine(
    local: AbstractAsyncContextManager[LocalEngine],
    begin: Begin,
    passwords: Mapping[SecretRef, SecretStr],
    stop: Stop,
) -> AsyncIterator[ProcessEngine]:
    """Yield an engine that shares large waves out and gives small ones to `local`.

    Args:
        local: The engine of this process.
        begin: What the visits have in common, with the limits of all processes together.
        passwords: The secrets of the sites.
        stop: Ends the run early.
    """
    async with local as engine:
        yield ProcessEngine(engine, begin, passwords, stop)


class ProcessEngine:
    """Makes the visits of one run that writes nothing.

    Args:
        local: Makes visits in this process.
        begin: What the visits have in common, with the limits of all processes together.
        passwords: The secrets of the sites.
        stop: Ends the run early.
    """

    keeps_record = False

    def __init__(
        self,
        local: LocalEngine,
        begin: Begin,
        passwords: Mapping[SecretRef, SecretStr],
        stop: Stop,
    ) -> None:
        self._local = local
        self._begin = begin
        self._passwords = passwords
        self._stop = stop

    async def visit(
        self, sites: Sequence[Site], task_of: Callable[[Site], Task], ended: Ended, emit: Emit
    ) -> None:
        """See `Engine`."""
        count = processes_for(len(sites), self._begin.settings.limits)
        if count == 1 or not _sendable(task_of(sites[0])):
            await self._local.visit(sites, task_of, ended, emit)
            return
        sharing = Sharing(
            sites,
            task_of,
            passwords=self._passwords,
            local=self._local,
            stop=self._stop,
            ended=ended,
            emit=emit,
        )
        async with _started(count) as workers:
            await self._share(sharing, workers, _share_of(self._begin, len(sites), count))
        left = sharing.left()
        if left and not self._stop.draining.is_set():
            await self._local.visit(left, task_of, ended, sharing.emit_once)

    async def draw(
        self, site: Site, task: Sourced, ended: Ended, emit: Emit, /
    ) -> Operation[Any] | None:
        """See `Engine`."""
        return await self._local.draw(site, task, ended, emit)

    async def _share(self, sharing: Sharing, workers: Sequence[_Worker], begin: Begin) -> None:
        talks = [Conversation(each.channel, sharing) for each in workers]
        async with anyio.create_task_group() as watching:
            watching.start_soon(_obey, self._stop, sharing, talks, workers)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_deal, sharing, talks)
                for talk in talks:
                    tasks.start_soon(talk.hold, begin)
            watching.cancel_scope.cancel()


@dataclass(frozen=True, slots=True)
class _Worker:
    process: Process
    channel: Channel


async def _deal(sharing: Sharing, talks: Sequence[Conversation]) -> None:
    await sharing.dealer.deal()
    await sharing.dealer.given()
    for talk in talks:
        talk.last()


async def _obey(
    stop: Stop, sharing: Sharing, talks: Sequence[Conversation], workers: Sequence[_Worker]
) -> None:
    """Pass a stop on, and end whoever does not heed it."""
    await stop.draining.wait()
    sharing.dealer.stop()
    for talk in talks:
        talk.stop()
    await stop.aborting.wait()
    for talk in talks:
        talk.stop()
    await anyio.sleep(_GRACE)
    for worker in workers:
        _kill(worker.process)


@asynccontextmanager
async def _started(count: int) -> AsyncIterator[list[_Worker]]:
    """Yield worker processes, so many as can be started; none of them outlives the block."""
    workers: list[_Worker] = []
    try:
        for _ in range(count):
            try:
                workers.append(await _start())
            except OSError as error:
                _LOG.warning("a process could not be started, so others do its work: %s", error)
                break
        yield workers
    finally:
        with anyio.CancelScope(shield=True):
            for worker in workers:
                await worker.channel.close()
            for worker in workers:
                await _end(worker.process)


async def _start() -> _Worker:
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            process = await anyio.open_process(
                # Nothing is imported from the folder that we happen to be in.
                [sys.executable, "-P", "-m", "fleet.engine.worker", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": _path()},
                pass_fds=[theirs.fileno()],
                # What a person presses is for this process, which tells the others.
                start_new_session=True,
            )
        return _Worker(process, await Channel.over(ours))
    except BaseException:
        ours.close()
        raise


def _path() -> str:
    """Return where the others find what this process imports."""
    return os.pathsep.join(str(Path(each).absolute()) for each in sys.path)


async def _end(process: Process) -> None:
    with anyio.move_on_after(_GRACE):
        await process.wait()
    _kill(process)
    await process.wait()


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()


def _share_of(begin: Begin, sites: int, count: int) -> Begin:
    """Return what one of `count` processes is told."""
    limits = begin.settings.limits
    share = replace(
        limits,
        concurrency=-(-limits.concurrency // count),
        waiting=-(-limits.waiting // count),
        ramp=max(1, limits.ramp // count),
    )
    return replace(begin, sites=sites, settings=replace(begin.settings, limits=share))


def _sendable(task: Task) -> bool:
    try:
        refuse_unsendable(task)
    except InputError:
        return False
    return type(task).__module__ != "__main__"
