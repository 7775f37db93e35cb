"""Results and other values as JSON text, and back, exactly.

The text is plain ASCII: whatever a site sent, no database refuses it. Fields that have their
default are left out, so that a site costs little.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from fleet.errors import JournalError
from fleet.results import KeyResult, SiteResult, Status, Usage, Verdict

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = [
    "damaged",
    "decode_object",
    "decode_result",
    "decode_value",
    "encode_result",
    "encode_value",
]

DEEPEST = 64
"""Levels kept of a value that is nested too deeply to be written whole."""

_TOO_DEEP = "(nested too deeply to keep)"
_LONGEST_INT = 4000
"""Digits; Python refuses to write or read much longer numbers."""

_dumps = json.JSONEncoder(separators=(",", ":")).encode
"""Made once: the library makes one for each text that has other marks than its own."""


def encode_value(value: object) -> str:
    """Return a JSON value as text; anything that is no JSON value is kept as its text."""
    try:
        return _dumps(value)
    except (TypeError, ValueError, RecursionError):
        return _dumps(_tamed(value, DEEPEST))


def decode_value(text: str) -> object:
    """Return the value that `encode_value` wrote.

    Raises:
        JournalError: The text is damaged.
    """
    try:
        return cast("object", json.loads(text))
    except (ValueError, RecursionError) as error:
        raise damaged() from error


def decode_object(text: str) -> dict[str, object]:
    """Return the object that `encode_value` wrote.

    Raises:
        JournalError: The text is damaged or is no object.
    """
    value = decode_value(text)
    if not isinstance(value, dict):
        raise damaged()
    return value


def encode_result(result: SiteResult) -> str:
    """Return the result as text."""
    found = _sparse(result)
    if result.keys:
        found["keys"] = [_sparse(key) for key in result.keys]
    if "usage" in found:
        found["usage"] = _sparse(result.usage)
    return encode_value(found)


def decode_result(text: str) -> SiteResult:
    """Return the result that `encode_result` wrote.

    Raises:
        JournalError: The text is damaged, or another release wrote it.
    """
    found: dict[str, Any] = decode_object(text)
    try:
        return SiteResult(
            **{
                **found,
                "status": Status(found["status"]),
                "keys": tuple(_key(key) for key in found.get("keys", ())),
                "notes": tuple(found.get("notes", ())),
                "usage": Usage(**found.get("usage", {})),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise damaged() from error


def _key(found: dict[str, Any]) -> KeyResult:
    return KeyResult(**{**found, "verdict": Verdict(found["verdict"])})


def _sparse(value: DataclassInstance) -> dict[str, object]:
    """Return the fields of `value` that do not have their default."""
    given = ((name, getattr(value, name), default) for name, default in _defaults(type(value)))
    return {name: found for name, found, default in given if found != default}


@cache
def _defaults(kind: type[DataclassInstance]) -> tuple[tuple[str, object], ...]:
    return tuple((field.name, _default(field)) for field in fields(kind))


def _default(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _tamed(value: object, deepest: int) -> object:
    """Return `value` of JSON's own types only, and not too deep."""
    if value is None or isinstance(value, bool | float | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**_LONGEST_INT else f"(more than {_LONGEST_INT} digits)"
    if not isinstance(value, Mapping | list | tuple):
        return str(value)
    if deepest == 0:
        return _TOO_DEEP
    if isinstance(value, Mapping):
        return {str(key): _tamed(item, deepest - 1) for key, item in value.items()}
    return [_tamed(item, deepest - 1) for item in value]


def damaged() -> JournalError:
    """Return the error for a record that cannot be read."""
    return JournalError(
        "a record of the journal is damaged, or a newer release of fleet wrote it:"
        " use that release, or put back a copy of the journal"
    )
