"""Brings values of any shape into what a report can carry.

Values come out of answers of sites: they may be nested a thousand deep, hold numbers JSON has no
word for, or text that is not valid Unicode. A report must be writable whatever a site sent.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from fleet.report.inert import inert

__all__ = ["DEEPEST", "json_value", "shown"]

DEEPEST = 64
"""Levels of nesting a report carries; below that stands a sentence in place of the value."""

_TOO_DEEP = "(nested too deeply to report)"
_ENCODER = json.JSONEncoder(ensure_ascii=False)
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def json_value(value: object, deepest: int = DEEPEST) -> object:
    """Return `value` made of JSON's own types only.

    Numbers JSON cannot write (NaN, infinities) become null, lone surrogates U+FFFD, and a value
    of a type JSON does not know its text.

    Args:
        deepest: Levels of nesting kept.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if not isinstance(value, Mapping | list | tuple):
        return _SURROGATES.sub("\ufffd", str(value))
    if deepest == 0:
        return _TOO_DEEP
    if isinstance(value, Mapping):
        return {
            _SURROGATES.sub("\ufffd", str(key)): json_value(item, deepest - 1)
            for key, item in value.items()
        }
    return [json_value(item, deepest - 1) for item in value]


def shown(value: object, limit: int = 48) -> str:
    """Return `value` in JSON's notation as one inert line of at most `limit` characters."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true" if value else "false"
    return inert(_ENCODER.encode(json_value(value)), limit)
