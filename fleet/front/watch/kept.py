"""What the watch has kept in the journal, taken strictly: what it did not write so is an error.

A damaged value must be found where it is read, not where it is sorted, compared or sent later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from fleet.front.watch.conditions import Condition
from fleet.front.watch.nouns import AlertKind
from fleet.policy.rules import Severity

__all__ = ["condition_from", "condition_into", "moment", "number", "record", "records", "text"]


def record(value: object) -> Mapping[str, object]:
    """Return an object of JSON.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, Mapping):
        raise TypeError("expected an object")
    return value


def records(value: object) -> Iterable[Mapping[str, object]]:
    """Yield the objects of a list of JSON.

    Raises:
        TypeError: It is none, or something else is in it.
    """
    if not isinstance(value, list):
        raise TypeError("expected a list")
    return map(record, value)


def text(value: object) -> str:
    """Return a text.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, str):
        raise TypeError("expected a text")
    return value


def number(value: object) -> int:
    """Return how many there are.

    Raises:
        TypeError: It is no number.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("expected a number")
    return value


def moment(value: object) -> datetime:
    """Return a moment with its time zone.

    Raises:
        TypeError: It is no text.
        ValueError: It is no moment, or nobody knows in which zone.
    """
    found = datetime.fromisoformat(text(value))
    if found.utcoffset() is None:
        raise ValueError("expected a time zone")
    return found


def condition_into(condition: Condition) -> dict[str, object]:
    """Return a condition as a JSON value."""
    return {
        "kind": condition.kind.value,
        "site": condition.site,
        "key": condition.key,
        "severity": condition.severity.value,
        "text": condition.text,
        "error": condition.error,
    }


def condition_from(value: Mapping[str, object]) -> Condition:
    """Return what `condition_into` made a JSON value of.

    Raises:
        KeyError: Something is missing.
        TypeError, ValueError: Something is not what was written.
    """
    return Condition(
        AlertKind(text(value["kind"])),
        text(value["site"]),
        text(value["key"]),
        Severity(text(value["severity"])),
        text(value["text"]),
        text(value["error"]),
    )
