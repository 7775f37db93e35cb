"""How mistakes are worded, so that every message helps and none repeats a secret.

Values are never repeated in a message: any of them may be a password in the wrong place. Keys
and names are, but only up to their first colon, because ``password:hunter2`` with the space
forgotten is a key to YAML.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["described", "guess", "likely", "shown"]

LONGEST_SHOWN = 60


def shown(name: str) -> str:
    """Return `name` quoted, inert and short, without anything after its first colon."""
    head, colon, _ = name.partition(":")
    cut = head[:LONGEST_SHOWN] + ("…" if colon or len(head) > LONGEST_SHOWN else "")
    return "'" + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in cut) + "'"


def likely(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` is most likely meant to be."""
    lowered = {name.lower(): name for name in known}
    return next((lowered[name] for name in get_close_matches(word.lower(), lowered, 1)), None)


def guess(word: str, known: Iterable[str]) -> str:
    """Return a remark to put behind a message about `word`, or an empty string."""
    name = likely(word, known)
    return f" (did you mean {shown(name)}?)" if name else ""


def described(value: object) -> str:
    """Return what kind of thing `value` is, in words, without repeating it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, tuple) else "a mapping"
