"""Sites one a line, as JSONL and CSV have them: read, judged and forgotten line by line.

Nearly all lines of a huge fleet are right and alike. Those go the quick way, which asks only for
what is new in a line. A line in which anything is wrong or rare goes the way of all other files,
which knows the place of each mistake; the outcome is the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fleet.errors import InputError, Place
from fleet.inventory.document import Node, unseen_in
from fleet.inventory.json_lines import parse_line
from fleet.inventory.table import Table

__all__ = ["MAX_ERRORS", "MAX_LINE", "MAX_ROWS_BYTES", "Row", "RowFile", "format_of"]

MAX_LINE = 64 * 1024
MAX_ROWS_BYTES = 1024 * 1024 * 1024
MAX_ERRORS = 1000
_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}


def format_of(path: Path) -> str:
    """Return the format of a file with one site a line, by its name; empty for other files."""
    return _ENDINGS.get(path.suffix.lower(), "")


@dataclass(frozen=True, slots=True)
class Row:
    """One site as it is written.

    Args:
        line: The number of its line, from 1.
        values: What the line says; None where it has to be looked at closely.
        node: Returns the same with places; raises `InputError` where there is no sense in it.
    """

    line: int
    values: dict[str, object] | None
    node: Callable[[], Node]


class RowFile:
    """A file of rows.

    Args:
        file: Its path or, where it is the output of something, what that is called.
        stream: Its content.
        format: ``jsonl`` or ``csv``.
        folder: The folder that paths in it are relative to.
    """

    def __init__(self, file: str, stream: BinaryIO, format: str, folder: Path) -> None:  # noqa: A002
        self.errors: list[InputError] = []
        self.folder = folder
        self.file = file
        self._stream = stream
        self._format = format
        self._hash = hashlib.sha256()
        self._size = 0

    @property
    def digest(self) -> str:
        """Return the hash of what was read."""
        return self._hash.hexdigest()

    @property
    def size(self) -> int:
        """Return the number of bytes read."""
        return self._size

    def rows(self) -> Iterator[Row]:
        """Yield the rows; what is no row is noted in `errors`."""
        try:
            yield from self._csv() if self._format == "csv" else self._jsonl()
        except InputError as error:
            self.errors.append(error)

    def node(self, row: Row) -> Node | None:
        """Return a row with places, or None and a note where there is no sense in it."""
        try:
            return row.node()
        except InputError as error:
            self.errors.append(error)
            return None

    def _jsonl(self) -> Iterator[Row]:
        for line, text in self._lines():
            if text.strip():
                yield Row(line, _loaded(text), lambda t=text, n=line: self._parsed(t, n))  # type: ignore[misc]

    def _csv(self) -> Iterator[Row]:
        lines = self._lines()
        first = next(lines, None)
        if first is None:
            raise InputError("is empty: begin with a line of column names", Place(self.file, 1, 1))
        table = Table(first[1], Place(self.file, 1, 1))
        if table.errors:
            self.errors.extend(table.errors)
            return
        for line, text in lines:
            if text.strip(f" \t{table.separator}"):
                place = Place(self.file, line, 1)
                yield Row(
                    line,
                    _tabled(table, text, place),
                    lambda t=text, p=place: table.node(t, p),  # type: ignore[misc]
                )

    def _parsed(self, text: str, line: int) -> Node:
        node, errors = parse_line(text, self.file, line)
        self.errors.extend(errors)
        return node

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Yield each line with its number; one with a bad character is noted and left out."""
        line = 0
        while data := self._stream.readline(MAX_LINE + 1):
            line += 1
            self._count(data, line)
            text = self._text(data.removeprefix(b"\xef\xbb\xbf") if line == 1 else data, line)
            if text is not None:
                yield line, text
            if len(self.errors) >= MAX_ERRORS:
                raise InputError("so much is wrong that reading stops here", Place(self.file, line))

    def _count(self, data: bytes, line: int) -> None:
        self._hash.update(data)
        self._size += len(data)
        if len(data) > MAX_LINE:
            limit = MAX_LINE // 1024
            raise InputError(f"this line is longer than {limit} KiB", Place(self.file, line, 1))
        if self._size > MAX_ROWS_BYTES:
            raise InputError("is larger than 1 GiB: split it", Place(self.file))

    def _text(self, data: bytes, line: int) -> str | None:
        data = data.removesuffix(b"\n").removesuffix(b"\r")
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            column = len(data[: error.start].decode(errors="replace")) + 1
            place = Place(self.file, line, column)
            self.errors.append(
                InputError("this is not UTF-8: save the file in that encoding", place)
            )
            return None
        if (at := unseen_in(text)) is not None:
            code = f"U+{ord(text[at]):04X}"
            message = f"the invisible character {code} is not allowed here"
            self.errors.append(InputError(message, Place(self.file, line, at + 1)))
            return None
        return text


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is written twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def _loaded(text: str) -> dict[str, object] | None:
    try:
        values = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _tabled(table: Table, text: str, place: Place) -> dict[str, object] | None:
    try:
        return table.values(text, place)
    except InputError:
        return None
