"""Commands run as processes against a simulated fleet, killed at a request of the test's choice."""

from __future__ import annotations

import os
import signal
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fleet.simulator.fleets import PASSWORD_VARIABLE
from fleet.simulator.site import DEFAULT_USERS
from fleet.simulator.wire import SimRequest, SimResponse
from fleet.simulator.world import World

__all__ = ["Ended", "Trap", "finish", "start"]


class Trap(World):
    """A world that does something when it is about to answer its n-th request."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.at = 0
        self.spring: Callable[[], None] = lambda: None

    def handle(self, request: SimRequest) -> SimResponse:
        """Return the answer to a request, which is applied before anything is done."""
        response = super().handle(request)
        self.count += 1
        if self.count == self.at:
            self.spring()
        return response


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


async def start(folder: Path, *arguments: str, **environ: str) -> Process:
    """Return a ``fleet`` command that runs in `folder`, with a journal of its own there."""
    given = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "FLEET_STORE": str(folder / "state" / "journal.db"),
        PASSWORD_VARIABLE: DEFAULT_USERS[0].password,
        **environ,
    }
    return await create_subprocess_exec(
        sys.executable, "-m", "fleet", *arguments, cwd=folder, env=given, stdout=PIPE, stderr=PIPE
    )


async def finish(process: Process) -> Ended:
    """Return how a command ended."""
    out, err = await process.communicate()
    return Ended(process.returncode or 0, out.decode(), err.decode())


def kill(process: Process) -> None:
    """End a command so that it can do nothing about it."""
    os.kill(process.pid, signal.SIGKILL)
