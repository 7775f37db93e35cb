"""Processes of their own that use a journal: ``python -m tests.journal.child WHAT STORE ...``."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from fleet.errors import JournalError, LockHeld
from fleet.journal.journal import open_journal
from fleet.journal.records import Intent, Owner
from tests.journal.made import OWNER, result, start

__all__ = ["SITES", "begun"]

SITES = [f"s{number}" for number in range(200)]
_ROOT = Path(__file__).parents[2]


def begun(what: str, store: str, *arguments: str) -> subprocess.Popen[str]:
    """Return a process that does `what`, its input and output ours."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.journal.child", what, store, *arguments],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def race(store: str, run_id: str) -> None:
    """Try to get a lease as soon as a line arrives."""
    async with open_journal(store) as journal:
        say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        try:
            await journal.acquire(run_id, ["a", run_id], Owner.here())
        except LockHeld:
            say("held")
        else:
            say("won")


async def die(store: str, after: str) -> None:
    """Be killed as soon as so many intents are on record, while results wait."""
    async with open_journal(store) as journal:
        await journal.begin(start(sites=SITES), owner=OWNER)
        for number, site in enumerate(SITES):
            await journal.intend("run-1", site, [Intent("key", number, None)])
            if number == int(after):
                os.kill(os.getpid(), signal.SIGKILL)
            await journal.record("run-1", result(site))


async def wait(store: str) -> None:
    """Hold a journal open for ever."""
    async with open_journal(store) as journal:
        await journal.begin(start(), owner=OWNER)
        say("ready")
        await asyncio.Event().wait()


async def fill(store: str) -> None:
    """Write until no file may grow any more, then try to go on."""
    async with open_journal(store) as journal:
        await journal.begin(start(sites=SITES), owner=OWNER)
        size = max(path.stat().st_size for path in Path(store).parent.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 65536, resource.RLIM_INFINITY))
        intended = 0
        try:
            for site in SITES:
                await journal.intend("run-1", site, [Intent("key", "x" * 3000, None)])
                intended += 1
        except JournalError as error:
            say(str(intended))
            say(str(error))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        try:
            await journal.note("run-1", "small", 1)
        except JournalError as error:
            say(str(error))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> None:
    known: dict[str, Callable[..., Coroutine[Any, Any, None]]]
    known = {"race": race, "die": die, "wait": wait, "fill": fill}
    what, *rest = arguments
    asyncio.run(known[what](*rest))


if __name__ == "__main__":
    main(sys.argv[1:])
