"""``fleet explain KIND``: what an error kind means and what to do about it."""

from __future__ import annotations

import difflib

from fleet.errors import KINDS, InputError
from fleet.front.console import say

__all__ = ["explain"]


def explain(kind: str | None = None, /) -> int:
    """Tell what an error kind means and what to do; without one, list them all.

    Args:
        kind: An error kind, such as auth.bad_credentials.
    """
    if kind is None:
        width = max(map(len, KINDS))
        for name, row in KINDS.items():
            say(f"{name:<{width}}  {row.meaning}")
        return 0
    if kind not in KINDS:
        close = difflib.get_close_matches(kind, KINDS, n=1, cutoff=0.5)
        raise InputError(
            f"there is no error kind {kind}"
            + (f"; did you mean {close[0]}?" if close else "; fleet explain lists them all")
        )
    row = KINDS[kind]
    again = "It may pass: a read is asked again a few times." if row.retryable else ""
    say(f"{row.name}\n\n  {row.meaning}\n  {row.hint}\n  The site ends as {row.ends}. {again}")
    return 0
