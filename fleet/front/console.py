"""Standard output for data, standard error for people."""

from __future__ import annotations

import sys
from typing import TextIO

from rich.console import Console

from fleet.results import Event, RunStarted

__all__ = ["announce", "console_on", "say", "tell"]


def say(text: str) -> None:
    """Write a line of data to standard output."""
    sys.stdout.write(text + "\n")


def tell(text: str) -> None:
    """Write a line for people to standard error."""
    sys.stderr.write(text + "\n")


def console_on(stream: TextIO, *, colour: bool) -> Console:
    """Return a console that never takes text for markup; ``NO_COLOR`` is heeded too."""
    return Console(file=stream, no_color=None if colour else True, markup=False, highlight=False)


def announce(event: Event) -> None:
    """Tell people the run's id before anything else happens."""
    if isinstance(event, RunStarted):
        count = f"{len(event.sites):,} {'site' if len(event.sites) == 1 else 'sites'}"
        tell(f"fleet: run {event.run_id}, {event.operation} on {count}")
