"""Commands run as processes against a simulated fleet, killed at a request of the test's choice."""

from __future__ import annotations

import os
import resource
import signal
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio

from fleet.simulator.fleets import PASSWORD_VARIABLE
from fleet.simulator.site import DEFAULT_USERS
from fleet.simulator.wire import SimRequest, SimResponse
from fleet.simulator.world import World

__all__ = ["Ended", "Trap", "finish", "fleet", "kill", "start"]


class Trap(World):
    """A world in which something happens once, when it is about to answer a certain request."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.sprung = anyio.Event()
        self._at = 0
        self._path = ""
        self._spring: Callable[[], None] = lambda: None

    def set(self, spring: Callable[[], None], *, after: int = 1, path: str = "") -> None:
        """Let `spring` be called at a request from now on.

        Args:
            spring: What happens.
            after: At which request, counted from now.
            path: Only requests count whose path has this in it.
        """
        self.sprung = anyio.Event()
        self._at, self._path, self._spring = after, path, spring

    def handle(self, request: SimRequest) -> SimResponse:
        """Return the answer to a request, which is applied before anything is done."""
        response = super().handle(request)
        self.count += 1
        if self._at and self._path in request.path:
            self._at -= 1
            if not self._at:
                self._spring()
                self.sprung.set()
        return response


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


async def start(
    folder: Path, *arguments: str, largest_file: int | None = None, **environ: str
) -> Process:
    """Return a ``fleet`` command that runs in `folder`, with a journal of its own there.

    Args:
        folder: Where it runs.
        arguments: Its words.
        largest_file: Bytes that no file it writes may exceed, as on a disk that fills.
        environ: Variables of its environment.
    """

    def confine() -> None:
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    given = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "FLEET_STORE": str(folder / "state" / "journal.db"),
        PASSWORD_VARIABLE: DEFAULT_USERS[0].password,
        **environ,
    }
    return await create_subprocess_exec(
        sys.executable,
        "-m",
        "fleet",
        *arguments,
        cwd=folder,
        env=given,
        stdout=PIPE,
        stderr=PIPE,
        preexec_fn=confine,
    )


async def finish(process: Process) -> Ended:
    """Return how a command ended."""
    out, err = await process.communicate()
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def fleet(folder: Path, *arguments: str, **environ: str) -> Ended:
    """Return how a ``fleet`` command ended that ran in `folder`."""
    return await finish(await start(folder, *arguments, largest_file=None, **environ))


def kill(process: Process) -> None:
    """End a command so that it can do nothing about it."""
    os.kill(process.pid, signal.SIGKILL)
