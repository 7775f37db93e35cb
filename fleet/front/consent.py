"""Asking a person before something is changed, where there is a person to ask."""

from __future__ import annotations

import sys
from typing import TextIO

from fleet.errors import Refused
from fleet.front.console import tell

__all__ = ["agree", "refuse_beyond_guard"]


def agree(
    question: str, *, yes: bool, stdin: TextIO | None = None, stderr: TextIO | None = None
) -> None:
    """Return when a person or a flag says yes; without a terminal nobody is asked.

    Args:
        question: What is about to be done.
        yes: The flag was given.
        stdin: Where the answer comes from.
        stderr: Where the question goes.

    Raises:
        Refused: Nobody said yes.
    """
    if yes:
        return
    stdin, stderr = stdin or sys.stdin, stderr or sys.stderr
    if not (stdin.isatty() and stderr.isatty()):
        raise Refused(f"{question}: say --yes to go on; there is no terminal to ask at")
    stderr.write(f"fleet: {question}. Go on? [y/N] ")
    stderr.flush()
    if stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refused("nothing was changed")


def refuse_beyond_guard(reasons: tuple[str, ...], sites: int, allowed: int | None) -> None:
    """Return where a plan is within its guard, or its number of sites was named.

    Raises:
        Refused: It is not; the message holds the flag that allows it.
    """
    if allowed is not None and allowed != sites:
        raise Refused(f"--allow-sites {allowed}, but the plan changes {sites}")
    if reasons and allowed is None:
        for reason in reasons:
            tell(f"fleet: guard: {reason}")
        raise Refused(f"the plan changes more than its guard allows: say --allow-sites {sites}")
