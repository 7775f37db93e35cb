"""CSV as spreadsheets write it: one site a line, and a dotted path at the head of each column.

A line is one row, so a cell cannot have a line end in it; no setting has one. Commas and
semicolons both separate cells, whichever the first line has. An empty cell says nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType

from fleet.errors import InputError, Place
from fleet.inventory.document import Entry, Node
from fleet.inventory.fields import SECTIONS
from fleet.inventory.labels import check_label_key
from fleet.inventory.wording import guess, shown

__all__ = ["COLUMNS", "Cell", "Table", "cells_of"]

_LISTS = ("groups", "window.allow")
_SWITCHES = {"true": True, "false": False}
COLUMNS = (
    "name",
    "url",
    "groups",
    "state",
    *(f"{section}.{key}" for section, fields in SECTIONS.items() for key in fields),
)
"""What a column can be about, besides ``labels.KEY``."""
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands between two separators, and the column where it begins, from 1."""

    text: str
    column: int


def cells_of(line: str, separator: str, place: Place) -> list[Cell]:
    """Return the cells of a line.

    Raises:
        InputError: A quote is not closed, or stands in the middle of a cell.
    """
    cells: list[Cell] = []
    at = 0
    while True:
        column = at + 1
        if line.startswith('"', at):
            quoted = _QUOTED.match(line, at)
            if not quoted:
                raise InputError(
                    "this quote is not closed in its line", Place(place.file, place.line, column)
                )
            text, at = quoted[1].replace('""', '"'), quoted.end()
        else:
            end = line.find(separator, at)
            text, at = line[at:] if end < 0 else line[at:end], len(line) if end < 0 else end
        if '"' in text and not line.startswith('"', column - 1):
            raise InputError(
                "a quote stands in a cell that does not begin with one: write the whole cell in "
                'quotes, and "" for each quote in it',
                Place(place.file, place.line, column),
            )
        cells.append(Cell(text.strip(), column))
        if at >= len(line):
            return cells
        if line[at] != separator:
            raise InputError(
                "a cell in quotes ends with its quote", Place(place.file, place.line, at + 1)
            )
        at += 1


class Table:
    """The columns of a file.

    Args:
        header: Its first line.
        place: Where that stands.
    """

    def __init__(self, header: str, place: Place) -> None:
        self.errors: list[InputError] = []
        self.separator = ";" if ";" in header and "," not in header else ","
        self._paths: list[str] = []
        for cell in cells_of(header, self.separator, place):
            where = Place(place.file, place.line, cell.column)
            if complaint := self._complaint(cell.text):
                self.errors.append(InputError(complaint, where))
            self._paths.append(cell.text)
        for needed in ("name", "url"):
            if needed not in self._paths:
                self.errors.append(InputError(f"the column '{needed}' is missing", place))

    def values(self, line: str, place: Place) -> dict[str, object]:
        """Return a row as a JSON line would have it.

        Raises:
            InputError: The line is no row of this table.
        """
        row: dict[str, object] = {}
        inner: dict[str, dict[str, object]] = {}
        for path, cell in self._filled(line, place):
            section, dot, key = path.partition(".")
            if not dot:
                row[path] = _value(path, cell.text)
            else:
                inner.setdefault(section, {})[key] = _value(path, cell.text)
        return {**row, **inner}

    def node(self, line: str, place: Place) -> Node:
        """Return a row as nodes that know their places.

        Raises:
            InputError: The line is no row of this table.
        """
        row: dict[str, Entry] = {}
        inner: dict[str, dict[str, Entry]] = {}
        for path, cell in self._filled(line, place):
            where = Place(place.file, place.line, cell.column)
            value = _value(path, cell.text)
            if isinstance(value, list):
                node = Node(tuple(Node(each, where) for each in value), where)
            else:
                node = Node(value, where)
            section, dot, key = path.partition(".")
            if dot:
                inner.setdefault(section, {})[key] = Entry(where, node)
                row.setdefault(section, Entry(where, Node(MappingProxyType(inner[section]), where)))
            else:
                row[path] = Entry(where, node)
        return Node(MappingProxyType(row), place)

    def _filled(self, line: str, place: Place) -> list[tuple[str, Cell]]:
        cells = cells_of(line, self.separator, place)
        if len(cells) > len(self._paths):
            extra = cells[len(self._paths)]
            raise InputError(
                f"this line has {len(cells)} cells, and the first line {len(self._paths)}",
                Place(place.file, place.line, extra.column),
            )
        pairs = zip(self._paths, cells, strict=False)
        return [(path, cell) for path, cell in pairs if cell.text]

    def _complaint(self, path: str) -> str | None:
        if path in self._paths:
            return f"the column {shown(path)} is there twice"
        if path in COLUMNS:
            return None
        section, dot, key = path.partition(".")
        if section == "labels" and dot:
            try:
                check_label_key(key)
            except ValueError as error:
                return f"bad label {shown(key)}: {error}"
            return None
        home = next((name for name in SECTIONS if path in SECTIONS[name]), None)
        hint = f" (write {home}.{path})" if home else guess(path, COLUMNS)
        return f"unknown column {shown(path)}{hint}"


def _value(path: str, text: str) -> str | bool | float | list[str]:
    if path in _LISTS:
        return [each.strip() for each in re.split("[,;|]", text) if each.strip()]
    if path == "http.allow_plaintext":
        return _SWITCHES.get(text.lower(), text)
    if path in ("http.timeout", "http.deadline") and _NUMBER.fullmatch(text):
        return float(text)
    return text
