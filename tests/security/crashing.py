"""The command ``fleet`` with a bug in it that holds a secret, wherever the first word says.

Run as ``python -m tests.security.crashing WHERE fleet's words``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Mapping

from fleet.__main__ import main
from fleet.front import run as front_run
from fleet.front.execute import execute
from fleet.front.options import Output, Pace, Selection
from fleet.operations.base import Query
from fleet.site.client import JetpackReader

__all__ = ["Crash"]


class Broken(Exception):
    """Says everything it knows."""


class Crash(Query):
    """Break while a site is read."""

    name = "test.crash"
    summary = "Break."
    routes = ("GET settings",)

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Break where the process was told to, with a secret in the error."""
        secret = os.environ["CANARY_COOKIE"]
        error = Broken(secret, (await reader.read("settings")).value)
        error.add_note(secret)
        match os.environ["CRASH"]:
            case "visit":
                raise error from ValueError(secret)
            case "task":
                _forget(asyncio.create_task(_fail(error)))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            case "thread":
                thread = threading.Thread(target=_raise, args=(error,))
                thread.start()
                thread.join()
            case "finaliser":
                _Unraisable(error)
            case "log":
                logging.getLogger("library").error("could not read %s", secret, exc_info=error)
            case "group":
                raise BaseExceptionGroup(secret, [error, KeyboardInterrupt(secret)])
        return {}


class _Unraisable:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def __del__(self) -> None:
        raise self._error


def crash() -> int:
    """Break while a site is read."""
    return execute(Crash(), Selection(site=("echo",)), Pace(), Output(verbose=True))


def _forget(task: asyncio.Task[None]) -> None:
    """Let go of a task, so that nobody gets its error."""


async def _fail(error: Exception) -> None:
    raise error


def _raise(error: Exception) -> None:
    raise error


if __name__ == "__main__":
    front_run.app.command(crash, name=Crash.name)
    setattr(front_run, "run_app", lambda _asked: front_run.app)  # noqa: B010 - as a plugin would be
    os.environ["CRASH"] = sys.argv.pop(1)
    main()
