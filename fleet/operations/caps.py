"""How much of a site's text may stand in a result: enough to read, not enough to drown in."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["LONGEST", "short", "shortened", "trimmed"]

LONGEST = 4000
"""Characters of any one text of a site in a reason, a note or a reading."""

_DEEPEST = 40
"""Levels of a value that are shown; Jetpack's own have six."""


def short(text: str) -> str:
    """Return `text`, or its beginning and its length where it is longer than `LONGEST`."""
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}... ({len(text)} characters in all)"


def shortened(value: object, *, levels: int = _DEEPEST) -> object:
    """Return a JSON value with each text in it, names too, as `short` leaves it."""
    if isinstance(value, str):
        return short(value)
    if not isinstance(value, Mapping | list | tuple):
        return value
    if levels == 0:
        return "... (nested too deeply to show)"
    if isinstance(value, Mapping):
        return {
            short(str(name)): shortened(each, levels=levels - 1) for name, each in value.items()
        }
    return [shortened(each, levels=levels - 1) for each in value]


def trimmed(data: Mapping[str, object]) -> dict[str, object]:
    """Return what was read as it may stand in a result: each text in it as `short` leaves it."""
    return {short(name): shortened(each) for name, each in data.items()}
