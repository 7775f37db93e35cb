"""``fleet explain KIND``: what an error kind means and what to do about it."""

from __future__ import annotations

import difflib

from fleet.errors import KINDS, InputError
from fleet.front.console import emit, say

__all__ = ["errors_page", "explain"]

_INTRODUCTION = """\
# Error kinds

Everything that can go wrong with a site has a kind, a word that stays the same from release to
release. Programs look at the kind and never at the message. `fleet explain KIND` tells what stands
here; this page is what `fleet explain --markdown` prints.
"""


def explain(kind: str | None = None, /, *, markdown: bool = False) -> int:
    """Tell what an error kind means and what to do; without one, list them all.

    Args:
        kind: An error kind, such as auth.bad_credentials.
        markdown: List them all as the page that the documentation holds.
    """
    if markdown:
        emit(errors_page())
        return 0
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


def errors_page() -> str:
    """Return the index of all kinds as Markdown, one entry for each."""
    entries = [_INTRODUCTION]
    for name, row in KINDS.items():
        again = " A read is asked again a few times before that." if row.retryable else ""
        entries.append(
            f"## `{name}`\n\n{row.meaning} {row.hint}\nThe site ends as `{row.ends}`.{again}\n"
        )
    return "\n".join(entries).rstrip()
