"""How many sites at once fit into the files that this process may have open.

Every connection is a file, and so is every look-up of a name. Where there are too few, sites would
fail that have nothing to do with it; so fewer are worked on at once instead.
"""

from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path

from fleet.config import Limits

__all__ = ["fitted", "open_files"]

_A_SITE = 4
"""Two connections while both address families are tried, and two look-ups, one of them ahead."""

_A_CONNECTION = 3
"""Two connections while both address families are tried, and a look-up: what a site costs that
waits for its connection."""

_FOR_WAITING = 0.125
"""Share of what is left that sites which wait may have, where there is not enough for all."""

_OURS = 24
"""The journal's connections with their files, certificates, a report, and some to spare."""

_FORSAKEN = 0.25
"""Share of all files for look-ups that nobody waits for any longer: they cannot be called off."""

_FOLDERS = (Path("/proc/self/fd"), Path("/dev/fd"))
_USUALLY_OPEN = 32


def fitted(limits: Limits) -> Limits:
    """Return `limits` with as many sites at once as files can be had for, at least one.

    Where the system lets a process have more files than it was given, more are taken first, no
    more than needed.
    """
    taken = open_files() + _OURS
    needed = taken + _A_SITE * limits.concurrency + _A_CONNECTION * limits.aside
    allowed = _allowed(round(needed / (1 - _FORSAKEN)) + 1)
    room = round(allowed * (1 - _FORSAKEN)) - taken
    kept = round(min(_A_CONNECTION * limits.aside, _FOR_WAITING * room))
    concurrency = max(1, min(limits.concurrency, (room - kept) // _A_SITE))
    found = replace(limits, concurrency=concurrency)
    waiting = max(0, (room - _A_SITE * concurrency) // _A_CONNECTION)
    return found if found.aside <= waiting else replace(found, waiting=waiting)


def open_files() -> int:
    """Return how many files this process has open."""
    for folder in _FOLDERS:
        try:
            return sum(1 for _ in folder.iterdir())
        except OSError:
            continue
    return _USUALLY_OPEN


def _allowed(wanted: int) -> int:
    """Return how many files may be open, after asking for as many as are wanted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    more = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, more), hard))
    except (OSError, ValueError):  # some systems have a limit that they do not tell
        return soft
    return max(soft, more)
