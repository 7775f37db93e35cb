"""Marks: small named facts that outlive runs, such as when a schedule ran last."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select

from fleet.journal import tables
from fleet.journal.codec import decode_value, encode_value
from fleet.journal.database import Database, unbroken, upsert

__all__ = ["Mark", "Marks"]

Mark = tuple[str, str]
"""Where a fact belongs, and its name there."""

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
            JournalError: The database failed.
        """
        return await unbroken(self._read(space))

    async def write(self, changes: Mapping[Mark, object]) -> None:
        """Keep facts, all of them or none; None forgets one. Durable when it returns.

        Raises:
            JournalError: The database failed.
        """
        if changes:
            await unbroken(self._write(changes))

    async def _read(self, space: str) -> dict[str, object]:
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(_marks.c.name, _marks.c.value)
                .where(_marks.c.space == space)
                .order_by(_marks.c.name)
            )
            return {row.name: decode_value(row.value) for row in found}

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
