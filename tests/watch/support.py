"""A clock that a test moves, receivers of alerts, and a fleet with schedules."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
from aiohttp import web
from aiohttp.test_utils import TestServer
from anyio.lowlevel import checkpoint

from fleet.config import Limits, Retries, Settings
from fleet.engine.stop import Stop
from fleet.front.watch.channels import Post
from fleet.front.watch.document import load_plan
from fleet.front.watch.executing import Executor
from fleet.front.watch.nouns import Plan
from fleet.front.watch.watcher import Watcher
from fleet.inventory.secrets import SecretResolver
from fleet.journal.journal import open_journal

__all__ = [
    "QUICK",
    "FakeClock",
    "Receiver",
    "Taken",
    "Watched",
    "minutes",
    "receiver",
    "until",
    "utc",
    "watcher_of",
    "watching",
    "written",
]

QUICK = Settings(
    limits=Limits(concurrency=20, per_host=20),
    retries=Retries(attempts=2, within=5.0, first_pause=0.001, longest_pause=0.01),
)
_PATIENCE = 20.0


class FakeClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._waiting: list[tuple[datetime, anyio.Event]] = []

    def now(self) -> datetime:
        return self.at

    async def sleep_until(self, moment: datetime) -> None:
        if moment <= self.at:
            return
        event = anyio.Event()
        self._waiting.append((moment, event))
        try:
            await event.wait()
        finally:
            self._waiting = [each for each in self._waiting if each[1] is not event]

    @property
    def sleepers(self) -> list[datetime]:
        """Return until when somebody sleeps."""
        return sorted(moment for moment, _ in self._waiting)

    def jump(self, to: datetime) -> None:
        """Let the clock show `to`, as after a machine slept, and wake who is late."""
        self.at = to
        for moment, event in tuple(self._waiting):
            if moment <= to:
                event.set()


async def until(condition: Callable[[], bool], what: str = "") -> None:
    """Return when `condition` holds."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, what or "it never happened"
        await checkpoint()


@dataclass
class Taken:
    """One request that a receiver took.

    Args:
        headers: Its headers.
        content: Its body.
    """

    headers: dict[str, str]
    content: bytes

    @property
    def value(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.content)


@dataclass
class Receiver:
    """A web server that takes alerts.

    Args:
        url: Its address.
        taken: The requests it has seen, refused ones too.
        answers: Statuses of the next answers; 200 when they are used up.
    """

    url: str = ""
    taken: list[Taken] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """Return what was said."""
        return [each.value["text"] for each in self.taken]


@asynccontextmanager
async def receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Yield a running receiver on loopback."""
    found = Receiver()

    async def take(request: web.Request) -> web.Response:
        found.taken.append(Taken(dict(request.headers), await request.read()))
        status = found.answers.pop(0) if found.answers else 200
        headers = {"Location": "/elsewhere"} if status in (301, 302, 307) else {}
        return web.Response(status=status, headers=headers, text="ok")

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    app.router.add_get("/{path:.*}", take)
    server = TestServer(app, scheme="https" if tls else "http")
    await server.start_server(ssl=tls)
    try:
        found.url = str(server.make_url("/in"))
        yield found
    finally:
        await server.close()


def written(folder: Path, text: str) -> Path:
    """Return a ``fleet.yaml`` in `folder` with `text`."""
    file = folder / "fleet.yaml"
    file.write_text(text)
    return file


@dataclass
class Watched:
    """A watch that a test looks into.

    Args:
        watcher: The watch.
        stop: Ends it.
        clock: Its clock.
        lines: What it said.
    """

    watcher: Watcher
    stop: Stop
    clock: FakeClock
    plan: Plan
    lines: list[str] = field(default_factory=list)

    async def idle(self, schedules: int = 1, outbox: bool = False) -> None:
        """Return when every schedule, and the outbox if it has to, sleeps until a later time."""
        wanted = schedules + outbox
        await until(
            lambda: len([each for each in self.clock.sleepers if each > self.clock.at]) >= wanted,
            f"{self.clock.sleepers} {self.lines}",
        )

    async def tick(self, schedules: int = 1) -> str:
        """Let the next thing happen that somebody sleeps for, and return the last line said."""
        before = len(self.lines)
        self.clock.jump(self.clock.sleepers[0])
        await until(lambda: len(self.lines) > before, "nothing was said")
        await self.idle(schedules)
        return self.lines[-1]


def watcher_of(
    file: Path,
    store: Path,
    clock: FakeClock,
    environ: dict[str, str],
    settings: Settings = QUICK,
    seconds: float = 5.0,
) -> Watched:
    """Return a watch over the schedules in `file`."""
    stop = Stop()
    lines: list[str] = []
    resolver = SecretResolver(environ)
    plan = load_plan(file)
    watcher = Watcher(
        plan,
        lambda: open_journal(str(store), now=clock.now),
        Executor(resolver, clock.now, settings),
        Post(resolver, seconds),
        clock,
        stop,
        lines.append,
    )
    return Watched(watcher, stop, clock, plan, lines)


@asynccontextmanager
async def watching(watched: Watched, schedules: int = 1) -> AsyncIterator[Watched]:
    """Yield a watch that is going on; it is stopped with the block."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watched.watcher.watch)
        try:
            await watched.idle(schedules)
            yield watched
        finally:
            watched.stop.request("SIGTERM")


def utc(day: str, hour: str = "00:00") -> datetime:
    """Return a moment in UTC."""
    return datetime.fromisoformat(f"{day}T{hour}:00").replace(tzinfo=UTC)


def minutes(count: float) -> timedelta:
    """Return a number of minutes."""
    return timedelta(minutes=count)
