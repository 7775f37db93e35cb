"""Which site has shown a mark first, of a hundred thousand sites in a few megabytes."""

from __future__ import annotations

from array import array
from typing import Final

__all__ = ["Owners"]

_MARKS: Final = 2
"""Marks that a site has: its home, and its number at WordPress.com."""

_LEAST: Final = 16


class Owners:
    """First owners by mark; a table of numbers, sixteen bytes for each mark.

    Marks are known by their hashes of 64 bits, so two that are not the same are taken for the
    same once in billions of runs. A mapping of Python's takes six times as much.

    Args:
        sites: How many sites will show marks; it grows where they show more than they have.
    """

    def __init__(self, sites: int) -> None:
        self._make(max(_MARKS * sites, _LEAST))

    def first(self, mark: str, place: int) -> int:
        """Return the place of the site that has shown `mark` first: `place` where none has.

        Args:
            mark: What no two sites should have in common.
            place: Where in its run the site is that shows it now.
        """
        number = hash(mark)
        slot = self._slot(number)
        if found := self._firsts[slot]:
            return found - 1
        if not self._room:
            self._grow()
            slot = self._slot(number)
        self._hashes[slot], self._firsts[slot] = number, place + 1
        self._room -= 1
        return place

    def _slot(self, number: int) -> int:
        """Return where a hash stands, or else where it may stand."""
        hashes, firsts, slots = self._hashes, self._firsts, len(self._hashes)
        slot = number % slots
        while firsts[slot] and hashes[slot] != number:
            slot = (slot + 1) % slots
        return slot

    def _make(self, room: int) -> None:
        # A quarter stays free: the fuller a table, the longer the looking.
        slots, self._room = room + room // 3 + 1, room
        self._hashes = array("q", (0,)) * slots
        # One more than the place; zero is a free slot.
        self._firsts = array("I", (0,)) * slots

    def _grow(self) -> None:
        hashes, firsts = self._hashes, self._firsts
        used = sum(map(bool, firsts))
        self._make(2 * used)
        self._room -= used
        for number, found in zip(hashes, firsts, strict=True):
            if found:
                slot = self._slot(number)
                self._hashes[slot], self._firsts[slot] = number, found
