"""Servers that answer in a time of their own making, so that an hour costs a test a moment."""

from __future__ import annotations

import asyncio
import selectors
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from fleet.config import HttpLimits, Limits
from fleet.engine.scheduler import Scheduler
from fleet.engine.stop import Stop
from fleet.engine.wave import Calls
from fleet.errors import SiteError
from fleet.inventory.model import Site
from fleet.results import Event, SiteFinished, SiteResult, SiteStarted, Status, Usage
from fleet.site.exchange import Reply, Request
from tests.engine.sites import site

__all__ = ["Act", "Played", "Script", "answer", "play", "virtually"]

T = TypeVar("T")
URL_OF_ALL = URL("http://127.0.0.1:9/")
QUESTION = Request("GET", URL_OF_ALL)


class _Selector(selectors.DefaultSelector):
    """Waits for nothing: the time that is waited for is over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everybody waits, and nothing will ever happen")
        self.now += max(timeout, 0.0)
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to what comes next."""

    def __init__(self) -> None:
        self.eyes = _Selector()
        super().__init__(self.eyes)

    def time(self) -> float:
        return self.eyes.now


def virtually(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Return what `work` returns, in virtual time."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work())


def answer(status: int = 200, **headers: str) -> Reply:
    """Return an answer with headers, ``_`` for ``-`` in their names."""
    pairs = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return Reply(status, URL_OF_ALL, CIMultiDictProxy(pairs), b"")


@dataclass(frozen=True, slots=True)
class Act:
    """What a server does at one exchange.

    Args:
        seconds: How long it takes.
        reply: What it says.
        hole: Whether it takes no connection at all; `seconds` plays no part then.
        refuses: Whether it refuses at once.
    """

    seconds: float = 0.1
    reply: Reply = field(default_factory=answer)
    hole: bool = False
    refuses: bool = False


Script = Callable[[Site, int], Sequence[Act]]
"""Returns what happens at the n-th visit of a site, counted from 0."""


@dataclass(slots=True)
class Played:
    """What became of a run.

    Args:
        events: All of them, with their moments.
        visits: How often each site was visited.
        begun: When the visits of each address began.
        peak: Most visits at once of each address, and of ``""`` in all.
    """

    events: list[tuple[float, Event]] = field(default_factory=list)
    visits: Counter[str] = field(default_factory=Counter)
    begun: dict[str, list[float]] = field(default_factory=dict)
    peak: Counter[str] = field(default_factory=Counter)
    running: Counter[str] = field(default_factory=Counter)

    @property
    def results(self) -> dict[str, SiteResult]:
        """Return the results by site."""
        found = [event.result for _, event in self.events if isinstance(event, SiteFinished)]
        assert len({result.site for result in found}) == len(found)
        return {result.site: result for result in found}

    @property
    def started(self) -> list[str]:
        """Return the sites that have started, in their order."""
        return [event.site for _, event in self.events if isinstance(event, SiteStarted)]

    def last(self, *statuses: Status) -> float:
        """Return when the last site ended in one of `statuses`."""
        return max(
            moment
            for moment, event in self.events
            if isinstance(event, SiteFinished) and event.result.status in statuses
        )


@dataclass(slots=True)
class _Visitor:
    script: Script
    scheduler: Scheduler
    played: Played
    address_of: Callable[[str], str]

    async def __call__(self, where: Site) -> SiteResult:
        played, number = self.played, self.played.visits[where.name]
        key = self.address_of(where.url.host or "")
        played.visits[where.name] += 1
        played.begun.setdefault(key, []).append(anyio.current_time())
        for name in (key, ""):
            played.running[name] += 1
            played.peak[name] = max(played.peak[name], played.running[name])
        try:
            return await self._exchanges(where, number)
        finally:
            for name in (key, ""):
                played.running[name] -= 1

    async def _exchanges(self, where: Site, number: int) -> SiteResult:
        observer = self.scheduler.observer(where)
        assert observer is not None
        usage = Usage()
        for act in self.script(where, number):
            usage = Usage(requests=usage.requests + 1)
            observer.begun(QUESTION)
            if act.hole or act.refuses:
                await anyio.sleep(min(observer.patience, 10.0) if act.hole else 0.001)
                kind = "net.timeout" if act.hole else "net.refused"
                error = SiteError(kind, "nobody there", sent=False)
                observer.failed(error)
                return SiteResult.from_error(where.name, str(where.url), error, usage)
            observer.connected()
            await anyio.sleep(act.seconds)
            observer.answered(act.reply, act.seconds)
            if act.reply.status == 429:
                error = SiteError("throttle.limited", "too many")
                return SiteResult.from_error(where.name, str(where.url), error, usage)
        return SiteResult(where.name, str(where.url), Status.UNCHANGED, usage=usage)


async def settled(result: SiteResult) -> SiteResult:
    return result


async def play(
    sites: Sequence[tuple[str, str]],
    script: Script,
    limits: Limits,
    stop: Stop | None = None,
    lookup: Callable[[str], Awaitable[str]] | None = None,
    waves: int = 1,
) -> Played:
    """Run through sites given as name and address, and return what became of it."""

    async def same(host: str) -> str:
        return host

    played = Played()
    scheduler = Scheduler(limits, lookup or same, HttpLimits())
    visitor = _Visitor(script, scheduler, played, lambda host: host)
    begun = anyio.current_time()

    def emit(event: Event) -> None:
        played.events.append((anyio.current_time() - begun, event))

    made = [site(name, f"{address}:80") for name, address in sites]
    size = max(1, -(-len(made) // waves))
    for start in range(0, len(made), size):
        wave = made[start : start + size]
        await scheduler.run(wave, Calls(visitor, settled, emit), stop or Stop(), lambda: None)
    return played
