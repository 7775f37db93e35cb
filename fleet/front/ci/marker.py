"""The hidden first line by which a comment is found again."""

from __future__ import annotations

import re

from fleet.errors import InputError

__all__ = ["is_marker", "marker"]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._]|-(?!-)){0,63}")
_LINE = re.compile(rf"<!-- jetfleet: {_NAME.pattern} -->")


def marker(name: str) -> str:
    """Return the line that marks a comment, with its end.

    Raises:
        InputError: The name could end the line, or is no name.
    """
    if not _NAME.fullmatch(name):
        raise InputError("--marker: a name has 1 to 64 letters, digits, dots and single dashes")
    return f"<!-- jetfleet: {name} -->\n"


def is_marker(line: str) -> bool:
    """Return whether a line is one that `marker` returns, without its end."""
    return _LINE.fullmatch(line) is not None
