"""JSON as RFC 8259 has it, and no more than an honest site sends.

The standard library takes NaN, two values for one key, half of a surrogate pair and nesting
until its stack ends. What such a value becomes depends on who reads it next: a report would no
longer be JSON, a second reader would see another value. So none of it is read here.

A document is first read by the parser that comes with pydantic, which is fast and knows none of
these rules but the one about surrogates. Where what it made shows that none of them was broken,
that is it. Everything else is read once more by the standard library, which alone says what is
wrong and where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from math import isfinite
from operator import countOf

from pydantic_core import from_json

__all__ = ["loads", "read_at"]

DEEPEST = 64
"""Levels of nesting; Jetpack's deepest document has about ten."""

_LONGEST_NUMBER = 40
"""Characters; PHP writes at most 25."""

_LOWEST, _HIGHEST = 1 - 10 ** (_LONGEST_NUMBER - 1), 10**_LONGEST_NUMBER - 1
"""Integers of that many characters, the sign counted."""

_NESTING = frozenset((dict, list))
"""Types of what was decoded, never subclasses: looking these up is half of what asking costs."""

_SIMPLE = frozenset((str, bool, type(None)))

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPED = re.compile(rb'\\["\\]')
_UNDECODED = re.compile("[\udc80-\udcff]")
"""What stands for bytes that are no UTF-8 where text was decoded with ``surrogateescape``."""


def loads(text: str) -> object:
    """Return the JSON value that `text` is.

    Raises:
        ValueError: It is none, or none that an honest site sends.
    """
    try:
        return _plain(text.encode("utf-8"))
    except ValueError:
        return _careful(text)


def _plain(data: bytes) -> object:
    """Return the JSON value of `data` where it is easily seen to be one of an honest site.

    Raises:
        ValueError: It may be one or not.
    """
    value = from_json(data, allow_inf_nan=False, cache_strings="keys")
    # Each text takes two quotation marks, and those within it are behind a backslash. Of a key
    # that stands twice one was dropped, so that the document has more marks than were read.
    marks = data.count(b'"') - 2 * _texts(value)
    if marks and marks != _ESCAPED.findall(data).count(b'\\"'):
        raise ValueError("perhaps a key stands twice")
    return value


def _texts(value: object) -> int:
    """Return how many texts are in `value`, its keys among them.

    Raises:
        ValueError: There is a fraction, which may have been written with any number of digits, a
            long integer, or nesting that is too deep.
    """
    texts, level = 0, [value]
    for _ in range(DEEPEST):
        texts += countOf(map(type, level), str)
        nested = [item for item in level if type(item) not in _SIMPLE]
        level = []
        for item in nested:
            if isinstance(item, dict):
                texts += len(item)
                level += item.values()
            elif isinstance(item, list):
                level += item
            elif not isinstance(item, int) or not _LOWEST <= item <= _HIGHEST:
                raise ValueError("a number to look at")
        if not level:
            return texts
    raise ValueError("nested too deeply")


def _careful(text: str) -> object:
    value, end = read_at(text, 0)
    if text[end:].strip(" \t\r\n"):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def read_at(text: str, start: int) -> tuple[object, int]:
    """Return the JSON value that begins at `start`, blanks passed over, and where it ends.

    Raises:
        json.JSONDecodeError: There is no JSON; its ``pos`` says from where on.
        ValueError: There is JSON that no honest site sends.
    """
    while text[start : start + 1] in (" ", "\t", "\r", "\n"):
        start += 1
    try:
        value, end = _DECODER.raw_decode(text, start)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not text.isascii() and _UNDECODED.search(text, start, end):
        raise ValueError("not UTF-8")
    _tame(value)
    # Cheap to rule out, and only then every string has to be looked at.
    if _SURROGATE.search(text, start, end):
        _whole_characters(value)
    return value, end


def _tame(value: object) -> None:
    """Check how deeply `value` is nested.

    Raises:
        ValueError: More deeply than an honest site does.
    """
    level = [value] if type(value) in _NESTING else []
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer) if type(inner) in _NESTING]
        if not level:
            return
    raise ValueError("nested too deeply")


def _inside(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _whole_characters(value: object) -> None:
    """Refuse halves of surrogate pairs, which no file and no terminal can take."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("half a character") from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("a number with too many digits")
    return int(text)


def _float(text: str) -> float:
    number = float(text) if len(text) <= _LONGEST_NUMBER else float("inf")
    if not isfinite(number):
        raise ValueError("a number beyond every computer's")
    return number


def _constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
