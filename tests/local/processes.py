"""Commands run as processes, on a machine short of something, struck at exact moments."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import resource
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

import anyio

from fleet.simulator.fleets import PASSWORD_VARIABLE, inventory_text
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import DEFAULT_USERS, SiteSpec
from fleet.simulator.wire import SimRequest, SimResponse
from fleet.simulator.world import World
from tests.policy.killing import Ended

__all__ = [
    "Ended",
    "Snare",
    "finish",
    "fleet",
    "full_device",
    "named",
    "quiet",
    "serving",
    "several",
    "start",
    "unread_pipe",
]


class Snare(World):
    """A world in which something happens once, at a request of the test's choice."""

    def __init__(self) -> None:
        super().__init__()
        self.sprung = anyio.Event()
        self.before: set[str] = set()
        self._left = 0
        self._early = False
        self._when: Callable[[SimRequest], bool] = lambda _: False
        self._spring: Callable[[], None] = lambda: None

    def arm(
        self,
        spring: Callable[[], None],
        when: Callable[[SimRequest], bool] = lambda _: True,
        *,
        after: int = 1,
        early: bool = False,
    ) -> None:
        """Let `spring` be called at a request from now on.

        Args:
            spring: What happens.
            when: Which requests count.
            after: At which of them, counted from now.
            early: It happens before the site does anything, and else before it answers.
        """
        self.sprung = anyio.Event()
        self._spring, self._when, self._left, self._early = spring, when, after, early

    def handle(self, request: SimRequest) -> SimResponse:
        """Return the answer to a request."""
        if self._early:
            self._strike(request)
        response = super().handle(request)
        if not self._early:
            self._strike(request)
        return response

    async def caught(self, process: Process) -> None:
        """Return when it has happened, which it has to before the process ends."""
        ended = asyncio.ensure_future(process.wait())
        sprung = asyncio.ensure_future(self.sprung.wait())
        await asyncio.wait([ended, sprung], return_when=asyncio.FIRST_COMPLETED)
        assert self.sprung.is_set(), (await finish(process)).err
        ended.cancel()

    @property
    def touched(self) -> set[str]:
        """Return the names of the sites that have seen a request."""
        return {site.spec.name for site in self if site.requests}

    @property
    def writes(self) -> int:
        """Return how many writes all sites have applied."""
        return sum(len(site.ledger) for site in self)

    def _strike(self, request: SimRequest) -> None:
        if not self._left or not self._when(request):
            return
        self._left -= 1
        if not self._left:
            self.before = self.touched
            self._spring()
            self.sprung.set()


@asynccontextmanager
async def serving(folder: Path, specs: Iterable[SiteSpec]) -> AsyncIterator[Snare]:
    """Yield the world behind an inventory in `folder`."""
    world, specs = Snare(), list(specs)
    for spec in specs:
        world.add(spec)
    async with SimulatorServer(world) as server:
        (folder / "inventory.yaml").write_text(inventory_text(specs, server.base_url))
        yield world


async def start(
    folder: Path,
    *arguments: str,
    stdin: int = DEVNULL,
    stdout: int = PIPE,
    stderr: int = PIPE,
    limits: Iterable[tuple[int, int]] = (),
    environ: Mapping[str, str] = MappingProxyType({}),
) -> Process:
    """Return a ``fleet`` command that runs in `folder`, with a journal of its own there.

    Args:
        folder: Where it runs.
        arguments: Its words.
        stdin: Where it reads.
        stdout: Where its data goes.
        stderr: Where its words for people go.
        limits: Resources with what it may have of them.
        environ: Variables of its environment.
    """

    def confine() -> None:
        for kind, most in limits:
            resource.setrlimit(kind, (most, most))

    given = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "FLEET_STORE": str(folder / "state" / "journal.db"),
        PASSWORD_VARIABLE: DEFAULT_USERS[0].password,
        **environ,
    }
    return await create_subprocess_exec(
        *(sys.executable, "-m", "fleet", *arguments),
        cwd=folder,
        env=given,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        preexec_fn=confine,
    )


async def fleet(folder: Path, *arguments: str, **environ: str) -> Ended:
    """Return how a ``fleet`` command ended that ran in `folder`."""
    return await finish(await start(folder, *arguments, environ=environ))


async def finish(process: Process) -> Ended:
    """Return how a command ended; nothing of what went elsewhere."""
    out, err = await process.communicate()
    return Ended(process.returncode or 0, (out or b"").decode(), (err or b"").decode())


def unread_pipe() -> tuple[int, int]:
    """Return both ends of a pipe that is full after a page or two."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    return reading, writing


def full_device() -> int:
    """Return a file on a disk without room."""
    return os.open("/dev/full", os.O_WRONLY)


def quiet(ended: Ended) -> bool:
    """Return whether a command ended without a word of Python's."""
    return not re.search(r"Traceback|Exception ignored|error of this tool", ended.err + ended.out)


def several(count: int) -> list[SiteSpec]:
    return [SiteSpec(f"s{number:02}", era="13.9", modules=("likes",)) for number in range(count)]


def named(folder: Path, start: str) -> list[str]:
    """Return the names in a folder that begin so."""
    return [path.name for path in folder.iterdir() if path.name.startswith(start)]
