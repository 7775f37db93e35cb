"""What our product asks a site and what a stock site answers, recorded from a simulated one.

Nothing here lists requests by hand: the stub and the peers follow when the product asks less.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.sites import BLOG, FOLDER, Work, carry_out
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import SiteSpec
from fleet.simulator.wire import SimRequest, SimResponse
from fleet.simulator.world import World

__all__ = ["HOST", "Exchange", "record", "recorded"]

HOST = "http://@HOST@"
"""Stands for the scheme, address and port of a site in what was recorded."""
_ORIGIN = re.compile(r"http:(\\?/)(?:\1)127\.0\.0\.1:\d+")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer.

    Args:
        method: In capitals.
        uri: Path and query as on the request line.
        headers: Of the request, by lower-case name.
        body: Of the request.
        status: Of the answer.
        answer_headers: Of the answer, in their order; `HOST` for the site's own address.
        answer: Body of the answer; `HOST` for the site's own address.
    """

    method: str
    uri: str
    headers: dict[str, str]
    body: str
    status: int
    answer_headers: tuple[tuple[str, str], ...]
    answer: str


class _World(World):
    """A world that remembers every exchange."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[Exchange] = []

    def handle(self, request: SimRequest) -> SimResponse:
        answer = super().handle(request)
        self.exchanges.append(
            Exchange(
                request.method,
                request.path + (f"?{request.query}" if request.query else ""),
                {name.lower(): value for name, value in request.headers},
                request.body.decode(),
                answer.status,
                tuple((name, _anywhere(value)) for name, value in answer.headers),
                _anywhere(answer.text),
            )
        )
        return answer


def _anywhere(text: str) -> str:
    """Return `text` with `HOST` in the place of the address of the simulator."""
    return _ORIGIN.sub(lambda found: HOST.replace("/", found.group(1)), text)


async def record(
    use: Callable[[str], Awaitable[object]], spec: SiteSpec | None = None
) -> list[Exchange]:
    """Return what `use` asks a simulated site, given its address, and what is answered."""
    world = _World()
    world.add(spec or SiteSpec(FOLDER, blog=BLOG, modules=("protect", "stats", "monitor", "sso")))
    async with SimulatorServer(world) as server:
        await use(server.url_of(FOLDER))
    return world.exchanges


def recorded(work: Work, times: int = 1) -> list[Exchange]:
    """Return what our engine asks one site for `work`, done `times` times with one state folder.

    Raises:
        RuntimeError: It did not end well, so there is nothing to measure.
    """

    async def use(url: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(times):
                done = await carry_out(work, {"site": url}, Path(folder), concurrency=1)
                if done.good != 1:
                    raise RuntimeError(f"{work} does not end well on a simulated site: {done}")

    return asyncio.run(record(use))
