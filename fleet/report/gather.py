"""Gathers what many sites say in little memory: names, wordings, and the finest useful grouping."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from fleet.report.inert import inert

__all__ = ["Counts", "Finest", "Named", "Names", "Same", "Tally"]

A = TypeVar("A")

Counts = tuple[tuple[str, int], ...]
"""Inert texts with how many sites each, the most frequent first."""

_ALIKE = 3
"""Groups that still stand for themselves; more of them are told as one."""

_DISTINCT = 200
"""Different texts kept of one kind; all beyond are counted together."""

_OTHERS = "(other wordings)"


@dataclass(frozen=True, slots=True)
class Named:
    """Sites: how many, and the names of the first of them.

    Args:
        count: How many there are.
        first: Names as the inventory has them, in its order; not inert.
    """

    count: int
    first: tuple[str, ...]

    def __len__(self) -> int:
        """Return how many sites there are."""
        return self.count


class Names:
    """Collects names of sites.

    Args:
        kept: How many names are kept; the others are counted.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._count = 0
        self._first: list[str] = []

    def add(self, site: str) -> None:
        """Take a name."""
        self._count += 1
        if self._count <= self._kept:
            self._first.append(site)

    def named(self) -> Named:
        """Return what was collected."""
        return Named(self._count, tuple(self._first))


class Tally:
    """Counts texts in which a site's own name and address are factored out."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._alone = ""
        self._seen = 0
        self._others = 0

    def add(self, factored: str, original: str) -> None:
        """Take a text; one about a single site keeps its address."""
        self._seen += 1
        if self._seen == 1:
            self._alone = inert(original)
        if factored in self._counts or len(self._counts) < _DISTINCT:
            self._counts[factored] = self._counts.get(factored, 0) + 1
        else:
            self._others += 1

    def counts(self) -> Counts:
        """Return the texts that are not empty, the most frequent first."""
        if self._seen == 1:
            return ((self._alone, 1),) if self._alone else ()
        found = sorted(self._counts.items(), key=lambda pair: -pair[1])
        kept = tuple(pair for pair in found if pair[0])
        return (*kept, (_OTHERS, self._others)) if self._others else kept


class Same:
    """A value that may be the same on all sites."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def add(self, value: str) -> None:
        """Take the value of a site."""
        if len(self._seen) < 2:
            self._seen.add(value)

    @property
    def value(self) -> str:
        """Return the value, or ``(various)``."""
        return next(iter(self._seen)) if len(self._seen) == 1 else "(various)"


class Finest(Generic[A]):
    """Groups on several levels at once, of which the finest with few groups is used.

    Args:
        fresh: Makes an empty group.
    """

    def __init__(self, fresh: Callable[[], A]) -> None:
        self._fresh = fresh
        self._levels: list[dict[Hashable, A] | None] = []

    def groups_of(self, *keys: Hashable) -> list[A]:
        """Return the groups that something belongs to.

        Args:
            keys: Its group on each level, the finest first; on the last all are one.
        """
        if not self._levels:
            self._levels = [{} for _ in keys]
        found: list[A] = []
        for at, key in enumerate(keys):
            level = self._levels[at]
            if level is None:
                continue
            if key not in level:
                level[key] = self._fresh()
            if len(level) > _ALIKE:
                self._levels[at] = None
            else:
                found.append(level[key])
        return found

    def groups(self) -> Collection[A]:
        """Return the groups of the finest level that has few enough."""
        return next((level.values() for level in self._levels if level is not None), ())
