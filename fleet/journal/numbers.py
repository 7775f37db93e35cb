"""Numbers by text, sixteen bytes for each: a mapping of Python's takes nine times as much.

Texts are known by their hashes of 64 bits, so that none is kept. Two that are not the same are
taken for the same once in billions of runs.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

__all__ = ["Numbers", "places_of"]

_LEAST: Final = 16


class Numbers:
    """A table of numbers.

    Args:
        expected: How many texts there will be; it grows where there are more.
    """

    def __init__(self, expected: int) -> None:
        self._make(max(expected, _LEAST))

    def first(self, text: str, number: int) -> int:
        """Return the number that `text` came with first, which is `number` where it is new.

        Args:
            text: Anything.
            number: From 0 to below 2**32 - 1.
        """
        known = hash(text)
        slot = self._slot(known)
        if found := self._numbers[slot]:
            return found - 1
        if not self._room:
            self._grow()
            slot = self._slot(known)
        self._hashes[slot], self._numbers[slot] = known, number + 1
        self._room -= 1
        return number

    def get(self, text: str) -> int | None:
        """Return the number that `text` came with first, or None where it never came."""
        found = self._numbers[self._slot(hash(text))]
        return found - 1 if found else None

    def _slot(self, known: int) -> int:
        """Return where a hash stands, or else where it may stand."""
        hashes, numbers, slots = self._hashes, self._numbers, len(self._hashes)
        slot = known % slots
        while numbers[slot] and hashes[slot] != known:
            slot = (slot + 1) % slots
        return slot

    def _make(self, room: int) -> None:
        # A quarter stays free: the fuller a table, the longer the looking.
        slots, self._room = room + room // 3 + 1, room
        self._hashes = array("q", (0,)) * slots
        # One more than the number; zero is a free slot.
        self._numbers = array("I", (0,)) * slots

    def _grow(self) -> None:
        hashes, numbers = self._hashes, self._numbers
        used = sum(map(bool, numbers))
        self._make(2 * used)
        self._room -= used
        for known, found in zip(hashes, numbers, strict=True):
            if found:
                slot = self._slot(known)
                self._hashes[slot], self._numbers[slot] = known, found


class _Places(Mapping[str, int]):
    def __init__(self, sites: Sequence[tuple[str, str]], numbers: Numbers) -> None:
        self._sites = sites
        self._numbers = numbers

    def __getitem__(self, name: str) -> int:
        found = self._numbers.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._sites)

    def __len__(self) -> int:
        return len(self._sites)


def places_of(sites: Sequence[tuple[str, str]]) -> Mapping[str, int]:
    """Return where each site stands, by name; read-only.

    Args:
        sites: Name and address of each; made anew on access, or at least not changed later.
    """
    numbers = Numbers(len(sites))
    if all(numbers.first(name, place) == place for place, (name, _) in enumerate(sites)):
        return _Places(sites, numbers)
    # Two names have one hash, or one stands twice: only the names themselves tell them apart.
    return {name: place for place, (name, _) in enumerate(sites)}
