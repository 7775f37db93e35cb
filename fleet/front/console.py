"""Standard output for data, standard error for people.

A reader that went away, as ``head`` does, is no trouble: what is still to be said to it vanishes.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

from rich.console import Console

from fleet.errors import FleetError
from fleet.report.inert import defuse_line, inert_lines
from fleet.report.layout import hung
from fleet.results import Event, RunStarted

__all__ = [
    "announce",
    "columns_of",
    "console_on",
    "emit",
    "finish_output",
    "put",
    "say",
    "silence",
    "tell",
]


def say(text: str) -> None:
    """Write lines to standard output, inert; on a terminal broken between words. See `put`."""
    put(_fitted(text, sys.stdout) + "\n")


def emit(text: str) -> None:
    """Write lines that a program or a file may take, to standard output, inert; see `put`."""
    put(inert_lines(text) + "\n")


def put(text: str) -> None:
    """Write data to standard output.

    Raises:
        FleetError: It cannot be written, as on a full disk.
    """
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        raise FleetError(f"standard output cannot be written: {error.strerror}") from error


def tell(text: str) -> None:
    """Write lines for people to standard error, inert; nothing fails as nobody can read them.

    On a terminal they are broken between words.
    """
    try:
        sys.stderr.write(_fitted(text, sys.stderr) + "\n")
        sys.stderr.flush()
    except OSError:
        silence(sys.stderr)


def finish_output() -> bool:
    """Write what standard output still holds back; return False where it cannot be written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        tell(f"fleet: standard output cannot be written: {error.strerror}")
        return False
    return True


def silence(stream: TextIO) -> None:
    """Let whatever a stream still holds vanish, so that the end of the process is not a failure."""
    with suppress(OSError):  # one in memory has no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)


def console_on(stream: TextIO, *, colour: bool) -> Console:
    """Return a console that never takes text for markup; ``NO_COLOR`` is heeded too."""
    return _Console(file=stream, no_color=None if colour else True, markup=False, highlight=False)


def columns_of(stream: TextIO) -> int | None:
    """Return the columns of a terminal, or None where the stream is none."""
    if not stream.isatty():
        return None
    console = console_on(stream, colour=False)
    return console.width if console.is_terminal else None


def announce(event: Event) -> None:
    """Tell people the run's id before anything else happens."""
    if isinstance(event, RunStarted):
        count = f"{len(event.sites):,} {'site' if len(event.sites) == 1 else 'sites'}"
        tell(f"fleet: run {event.run_id}, {event.operation} on {count}")


def _fitted(text: str, stream: TextIO) -> str:
    """Return lines, inert, broken to the width of the terminal where `stream` is one."""
    safe = inert_lines(text)
    columns = columns_of(stream)
    if columns is None:
        return safe
    lines = (piece for line in safe.split("\n") for piece in hung(line, columns))
    return "\n".join(map(defuse_line, lines))


class _Console(Console):
    """A console that leaves it to its caller what a broken pipe means; rich ends the program."""

    def on_broken_pipe(self) -> None:
        """Raise the error that is being handled."""
        raise  # noqa: PLE0704 - rich calls this where it handles the error
