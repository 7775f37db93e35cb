"""The lane of one server: the sites that wait for it, and what is known of it."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from fleet.engine.circuit import Circuit
from fleet.engine.pace import Pace

__all__ = ["Lane", "Queue"]

_CUT: Final = 1024
"""Places at the front of a queue that are given back at once."""


class Queue:
    """Numbers in the order they came, four bytes each."""

    __slots__ = ("_head", "_items")

    def __init__(self) -> None:
        self._items = array("I")
        self._head = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._items) - self._head

    def append(self, item: int) -> None:
        """Add one behind the others."""
        self._items.append(item)

    def pop(self) -> int:
        """Return and drop the first."""
        item = self._items[self._head]
        self._head += 1
        if self._head >= _CUT and 2 * self._head >= len(self._items):
            del self._items[: self._head]
            self._head = 0
        return item

    def put_back(self, item: int) -> None:
        """Add one before the others."""
        if self._head:
            self._head -= 1
            self._items[self._head] = item
        else:
            self._items.insert(0, item)

    def drain(self) -> Iterator[int]:
        """Return all, and forget them."""
        items, self._items = self._items[self._head :], array("I")
        self._head = 0
        return iter(items)


@dataclass(slots=True, eq=False)
class Lane:
    """The sites of one server.

    Args:
        key: Address or label that its sites share.
        pace: How many may be worked on at once.
        waiting: Sites nobody has taken yet.
        running: Sites being worked on.
        gate: When the pause is over that the server asked for.
        circuit: Whether the server is there at all.
        offered: Whether it stands among the free lanes.
    """

    key: str
    pace: Pace
    waiting: Queue = field(default_factory=Queue)
    running: int = 0
    gate: float = 0.0
    circuit: Circuit = field(default_factory=Circuit)
    offered: bool = False

    def free(self, now: float) -> bool:
        """Return whether one more of its sites may be started."""
        return (
            bool(self.waiting)
            and self.running < self.pace.limit
            and now >= self.gate
            and self.circuit.allows(now, self.running)
        )
