"""Names of sites given as they are or as globs (``*``, ``?``, ``[...]``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

__all__ = ["fits", "is_glob"]


def is_glob(pattern: str) -> bool:
    """Return whether `pattern` may stand for several names."""
    return any(sign in pattern for sign in "*?[")


def fits(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that tells whether a name fits one of `patterns`."""
    given = tuple(patterns)
    literals = {pattern for pattern in given if not is_glob(pattern)}
    globs = [pattern for pattern in given if is_glob(pattern)]

    def decide(name: str) -> bool:
        return name in literals or any(fnmatchcase(name, glob) for glob in globs)

    return decide
