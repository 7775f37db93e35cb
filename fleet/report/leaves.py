"""The values of a site at the end of their paths, ready to be shown.

The data of a site is any nesting of JSON. It is flattened to leaves with dotted paths, such as
``connection.offline``. A mapping of ``value`` and perhaps ``unit`` or ``reason`` is one reading:
operations use it to say what was counted, or why there is no value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fleet.report.inert import inert
from fleet.report.layout import plural
from fleet.report.values import json_value

__all__ = ["Leaf", "leaves", "number_text"]

_DEEPEST = 12
_EXACT = 2**53
"""Numbers beyond this are shown, not added up: a site could send any."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value at the end of its path.

    Args:
        path: Inert dotted path.
        text: The value, inert.
        number: The value where it can be added up, else None.
        unit: What is counted, inert, or empty.
        reason: Why there is no value, inert, or empty.
    """

    path: str
    text: str
    number: int | float | None = None
    unit: str = ""
    reason: str = ""

    @property
    def words(self) -> str:
        """Return the value with its unit."""
        if not self.unit:
            return self.text
        return f"{self.text} ({self.unit})" if self.number is None else f"{self.text} {self.unit}"


def leaves(data: Mapping[str, object], *, lists: bool = False) -> list[Leaf]:
    """Return the values of one site in the order the site gave them.

    Args:
        lists: Open lists of mappings too, one path per item; else they are counted.
    """
    value = json_value(data, _DEEPEST)
    return list(_below("", value, lists)) if isinstance(value, dict) else []


def _below(path: str, value: Mapping[str, object], lists: bool) -> Iterator[Leaf]:
    for key, item in value.items():
        name = inert(key, 40)
        yield from _walk(f"{path}.{name}" if path else name, item, lists)


def _walk(path: str, value: object, lists: bool) -> Iterator[Leaf]:
    if isinstance(value, dict) and _is_reading(value):
        if value["value"] is None and value.get("reason"):
            reason = inert(str(value["reason"]), 80)
            yield Leaf(path, f"no value: {reason}", reason=reason)
        else:
            for leaf in _walk(path, value["value"], lists):
                unit = inert(str(value.get("unit") or ""), 40) if leaf.path == path else ""
                yield replace(leaf, unit=leaf.unit or unit)
    elif isinstance(value, dict) and value:
        yield from _below(path, value, lists)
    elif lists and isinstance(value, list) and any(isinstance(item, dict) for item in value):
        yield from _below(path, {str(at): item for at, item in enumerate(value, 1)}, lists)
    else:
        yield _leaf(path, value)


def _is_reading(value: Mapping[str, object]) -> bool:
    return "value" in value and value.keys() <= {"value", "unit", "reason"}


def _leaf(path: str, value: object) -> Leaf:
    if isinstance(value, bool) or value is None:
        return Leaf(path, {True: "true", False: "false", None: "null"}[value])
    if isinstance(value, int | float) and abs(value) <= _EXACT:
        return Leaf(path, number_text(value), value)
    if isinstance(value, list):
        return Leaf(path, _list_text(value))
    text = inert(str(value), 80).strip() if value != {} else ""
    return Leaf(path, text or "(empty)")


def _list_text(values: Sequence[object]) -> str:
    """Return a short list of plain values in full, any other as a count."""
    plain = not any(isinstance(value, dict | list) for value in values)
    text = ", ".join(_leaf("", value).text for value in values[:20]) if plain else ""
    if not values:
        return "(empty)"
    return text if text and len(values) <= 20 and len(text) <= 80 else plural(len(values), "item")


def number_text(value: float) -> str:
    """Return a number as people read it: thousands apart, at most two decimals."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")
