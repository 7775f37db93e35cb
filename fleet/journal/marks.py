"""Marks: small named facts that outlive runs, such as when a schedule ran last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlalchemy import delete, select

from fleet.errors import JournalError
from fleet.journal import tables
from fleet.journal.codec import decode_value, encode_value
from fleet.journal.database import Database, unbroken, upsert

__all__ = ["Mark", "Marks"]

Mark = tuple[str, str]
"""Where a fact belongs, and its name there."""

_T = TypeVar("_T")
_DAMAGE = (
    JournalError,
    AttributeError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading a fact raises that nobody wrote so."""

_marks = tables.marks


class Marks:
    """Reads and writes marks.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, space: str) -> dict[str, object]:
        """Return all facts of a space by name, JSON values.

        Raises:
            JournalError: The database failed, or one of the facts is damaged.
        """
        found = await unbroken(self._read(space))
        return {name: decode_value(value) for name, value in found.items()}

    async def read_each(
        self, space: str, read: Callable[[str, object], _T]
    ) -> tuple[dict[str, _T], list[str]]:
        """Return what `read` makes of each fact of a space, and the names of the damaged ones.

        Args:
            space: The space.
            read: Is given a fact's name and its JSON value; what it raises makes the fact damaged.

        Raises:
            JournalError: The database failed.
        """
        found: dict[str, _T] = {}
        damaged: list[str] = []
        for name, value in (await unbroken(self._read(space))).items():
            try:
                found[name] = read(name, decode_value(value))
            except _DAMAGE:
                damaged.append(name)
        return found, damaged

    async def write(self, changes: Mapping[Mark, object]) -> None:
        """Keep facts, all of them or none; None forgets one. Durable when it returns.

        Raises:
            JournalError: The database failed.
        """
        if changes:
            await unbroken(self._write(changes))

    async def _read(self, space: str) -> dict[str, str]:
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(_marks.c.name, _marks.c.value)
                .where(_marks.c.space == space)
                .order_by(_marks.c.name)
            )
            return {row.name: row.value for row in found}

    async def _write(self, changes: Mapping[Mark, object]) -> None:
        at = self._database.now()
        async with self._database.writing() as connection:
            adding = upsert(connection, _marks)
            for (space, name), value in sorted(changes.items(), key=lambda item: item[0]):
                if value is None:
                    same = (_marks.c.space == space) & (_marks.c.name == name)
                    await connection.execute(delete(_marks).where(same))
                    continue
                row = {"space": space, "name": name, "value": encode_value(value), "at": at}
                await connection.execute(
                    adding.on_conflict_do_update(
                        index_elements=["space", "name"],
                        set_={"value": adding.excluded.value, "at": adding.excluded.at},
                    ),
                    row,
                )
