"""Keeps this process from saying what only it should know, whatever goes wrong in it.

The words of an error may hold anything: a header that could not be sent, a form, an answer. What
nobody expected is told by its type and place, never in its own words: in the main thread and in
others, in tasks that nobody waited for, and in what libraries log.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from fleet.front.console import tell

__all__ = ["guard_process", "quiet_loop", "where_it_struck"]

_FRAMES = 4
_OURS = "fleet"


def guard_process() -> None:
    """Let no unexpected error and no library speak for itself, and no core file be written.

    A core file holds every secret of the run in clear.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda found: _tell_of(found.exc_value)
    threading.excepthook = lambda found: _tell_of(found.exc_value)
    logging.basicConfig(handlers=[_Discreet()], level=logging.WARNING, force=True)


def quiet_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Let the event loop tell of errors that nobody caught by type and place."""
    loop.set_exception_handler(_in_loop)


def where_it_struck(error: BaseException) -> list[str]:
    """Return where a bug of ours struck, without the error's own words."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    places = [f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
    return [f"an error of this tool itself: {type(error).__name__}; please report it", *places]


def _tell_of(error: BaseException | None) -> None:
    for line in where_it_struck(error) if error else ():
        tell(f"fleet: {line}")


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    del kind
    _tell_of(error.with_traceback(trace))


def _in_loop(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    del loop
    error = context.get("exception")
    if isinstance(error, BaseException):
        _tell_of(error)
    else:
        tell("fleet: an error of this tool itself: the event loop is not at ease")


class _Discreet(logging.Handler):
    """Tells our own warnings in full, and of those of libraries only where they come from.

    A library's words may be a cookie it could not read, or an address with a password.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        if record.name.partition(".")[0] == _OURS:
            tell(f"fleet: {record.getMessage()}")
        else:
            level, file = record.levelname.lower(), Path(record.pathname).name
            tell(f"fleet: {level} of {record.name} ({file}:{record.lineno})")
