"""One line of JSON as nodes that know their places, for lines in which something is wrong.

Python's own reader is many times as fast, but forgets where things stood and takes the last of
two equal keys in silence. It reads the lines that are right.
"""

from __future__ import annotations

import re
from json import JSONDecoder
from types import MappingProxyType

from fleet.errors import InputError, Place
from fleet.inventory.document import Entry, Node
from fleet.inventory.wording import shown

__all__ = ["parse_line"]

MAX_DEPTH = 32
_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_STRING = JSONDecoder()
_WORDS = {"true": True, "false": False, "null": None}
_WORD = re.compile("true|false|null")
LONGEST_NUMBER = 30


def parse_line(text: str, file: str, line: int) -> tuple[Node, list[InputError]]:
    """Return what stands in `text`, and the mistakes that reading could go on after.

    Args:
        text: One JSON value.
        file: The file, for places.
        line: The number of the line.

    Raises:
        InputError: It is not JSON.
    """
    reader = _Reader(text, file, line)
    return reader.whole(), reader.errors


class _Reader:
    def __init__(self, text: str, file: str, line: int) -> None:
        self.errors: list[InputError] = []
        self._text = text
        self._file = file
        self._line = line
        self._at = 0

    def whole(self) -> Node:
        node = self._value(1)
        if self._next():
            raise self._error("something stands behind the end of the JSON: write one site a line")
        return node

    def _next(self) -> str:
        """Return the next character that is no space, or an empty string at the end."""
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        return self._text[self._at : self._at + 1]

    def _value(self, depth: int) -> Node:
        sign = self._next()
        place = self._place()
        if depth > MAX_DEPTH:
            raise self._error(f"this is nested more than {MAX_DEPTH} levels deep")
        if sign == "{":
            return Node(self._mapping(depth), place)
        if sign == "[":
            return Node(self._list(depth), place)
        if sign == '"':
            return Node(self._string(), place)
        if word := _WORD.match(self._text, self._at):
            self._at = word.end()
            return Node(_WORDS[word[0]], place)
        if number := _NUMBER.match(self._text, self._at):
            self._at = number.end()
            return Node(_number(number), place)
        raise self._error("this is not JSON: expected a value")

    def _string(self) -> str:
        try:
            text, self._at = _STRING.raw_decode(self._text, self._at)
        except ValueError:
            raise self._error("this is not JSON: text that does not end, or a bad escape") from None
        return str(text)

    def _list(self, depth: int) -> tuple[Node, ...]:
        self._at += 1
        items: list[Node] = []
        if self._next() == "]":
            self._at += 1
            return ()
        while True:
            items.append(self._value(depth + 1))
            if self._comma_or("]"):
                return tuple(items)

    def _mapping(self, depth: int) -> MappingProxyType[str, Entry]:
        self._at += 1
        entries: dict[str, Entry] = {}
        if self._next() == "}":
            self._at += 1
            return MappingProxyType(entries)
        while True:
            if self._next() != '"':
                raise self._error("this is not JSON: expected a key in quotes")
            place = self._place()
            key = self._string()
            if self._next() != ":":
                raise self._error("this is not JSON: expected a colon")
            self._at += 1
            node = self._value(depth + 1)
            if key in entries:
                message = f"the key {shown(key)} is written twice in this mapping"
                self.errors.append(InputError(message, place))
            entries.setdefault(key, Entry(place, node))
            if self._comma_or("}"):
                return MappingProxyType(entries)

    def _comma_or(self, end: str) -> bool:
        """Go past a comma or `end`, and return whether it was the end."""
        sign = self._next()
        if not sign or sign not in f",{end}":
            raise self._error(f"this is not JSON: expected a comma or {end}")
        self._at += 1
        return sign == end

    def _place(self) -> Place:
        return Place(self._file, self._line, self._at + 1)

    def _error(self, message: str) -> InputError:
        return InputError(message, self._place())


def _number(match: re.Match[str]) -> int | float:
    if match[1] is None and match[2] is None and len(match[0]) <= LONGEST_NUMBER:
        return int(match[0])
    return float(match[0])
