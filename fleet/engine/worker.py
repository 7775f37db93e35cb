"""A worker process: makes the visits that the process of a run gives to it.

It is started by `fleet.engine.processes` as ``python -m fleet.engine.worker FD``, with one end of
a socket. It has no journal and no terminal; signals of the terminal do not reach it. When nobody
is at the other end any more, it ends its visits and itself.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import anyio
from pydantic import SecretStr

from fleet.engine.arrivals import Arrivals
from fleet.engine.asking import AskedFaces, AskedLogins, AskedRecord
from fleet.engine.channel import Channel
from fleet.engine.engines import LocalEngine, Lookup, local_engine
from fleet.engine.garbage import collect_rarely
from fleet.engine.guarding import Guards
from fleet.engine.limits import fitted
from fleet.engine.protocol import (
    Begin,
    Broken,
    Ended,
    Finished,
    Give,
    Last,
    Logged,
    Started,
    StopNow,
)
from fleet.engine.stop import Stop
from fleet.engine.turn import where
from fleet.inventory.secrets import SecretRef
from fleet.results import Event, SiteResult, SiteStarted

__all__ = ["main", "work"]


class _Forward(logging.Handler):
    """Tells the process of the run what people should hear."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self.addFilter(logging.Filter("fleet"))
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        """Tell one message."""
        self._channel.tell(Logged(record.levelno, record.getMessage()))


class _Worker:
    """The work of one process.

    Args:
        begin: What its visits have in common.
        channel: To the process of the run.
    """

    def __init__(self, begin: Begin, channel: Channel) -> None:
        self._begin = begin
        self._channel = channel
        self._stop = Stop()
        self._passwords: dict[SecretRef, SecretStr] = {}
        self._faces = AskedFaces(channel)
        self._arrivals = Arrivals(channel, begin.sites)

    async def work(self, messages: AsyncIterator[object]) -> None:
        """Visit what is given."""
        limits = replace(fitted(self._begin.settings.limits), processes=1)
        settings = replace(self._begin.settings, limits=limits)
        async with (
            local_engine(
                self._passwords,
                settings,
                self._stop,
                self._guarded,
                dry_run=True,
                checks=self._begin.checks,
                sessions=self._begin.sessions,
            ) as engine,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(self._visit, engine)
            # Until the run hangs up: whoever hangs up first may lose what is on its way.
            async for message in messages:
                self._hear(message, engine)
            for _ in range(2):
                self._end()

    async def _visit(self, engine: LocalEngine) -> None:
        sites = self._arrivals
        await engine.visit(sites, sites.task, self._ended, self._heard, sites.feed)
        self._channel.tell(Finished(self._stop.halted))

    async def _guarded(self, lookup: Lookup) -> Guards:
        key_file, channel = self._begin.key_file, self._channel
        record = AskedRecord(channel, key_file) if key_file else None
        logins = AskedLogins(channel, self._stop)
        return Guards(self._stop, self._faces, logins, record, lookup, writes=False)

    def _hear(self, message: object, engine: LocalEngine) -> None:
        if isinstance(message, Give):
            self._take(message, engine)
        elif isinstance(message, Last):
            self._arrivals.last()
        elif isinstance(message, StopNow):
            self._end()

    def _end(self) -> None:
        """Start no more sites; called again, end those under way."""
        self._stop.request("SIGTERM")
        # Who waits for more sites learns that none come.
        self._arrivals.last()

    def _take(self, message: Give, engine: LocalEngine) -> None:
        self._passwords.update(message.passwords)
        for given in message.sites:
            if given.addresses:
                engine.connections.learn(given.site.url.raw_host or "", given.addresses)
            if given.face is not None:
                self._faces.keep(given.site.name, given.face)
            self._arrivals.take(given)

    async def _ended(self, result: SiteResult) -> SiteResult:
        self._faces.forget(result.site)
        self._channel.tell(Ended(self._arrivals.done(result.site), result))
        await self._channel.drain()
        return result

    def _heard(self, event: Event) -> None:
        if isinstance(event, SiteStarted):
            self._channel.tell(Started(self._arrivals.item(event.site), event.site))


async def work(end: socket.socket) -> None:
    """Do the work of one worker process, with `end` of the socket to the process of the run."""
    channel = await Channel.over(end)
    messages = channel.messages()
    logging.basicConfig(handlers=[_Forward(channel)], level=logging.INFO)
    try:
        begin = await anext(messages, None)
        if begin is not None:
            await _Worker(cast("Begin", begin), channel).work(messages)
    except Exception as error:  # noqa: BLE001 - a bug of ours is told, by its place alone
        channel.tell(Broken(where(error)))
    finally:
        await channel.close()


def main() -> None:
    """Run a worker process; no core file is written of it, which would hold every secret."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    collect_rarely()
    asyncio.run(work(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
