"""A sequence that keeps no items: each is made when somebody asks for it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

__all__ = ["Series"]

T_co = TypeVar("T_co", covariant=True)


class Series(Sequence[T_co]):
    """Items that are made each time they are asked for, equal to any sequence of equal ones."""

    __slots__ = ()

    @abstractmethod
    def at(self, index: int) -> T_co:
        """Return the item at `index`, which is from 0 to below the length."""

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T_co, ...]: ...
    def __getitem__(self, index: int | slice) -> T_co | tuple[T_co, ...]:
        """Return one item, or a tuple of several."""
        where = range(len(self))[index]
        return self.at(where) if isinstance(where, int) else tuple(map(self.at, where))

    def __eq__(self, other: object) -> bool:
        """Return whether `other` is a sequence of equal items."""
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        if len(self) != len(other):
            return False
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as of a list: two that are equal may part
