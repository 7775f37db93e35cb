"""Lays out what queries read: a table for a few sites, a summary per value for many.

The data of a site is any nesting of JSON. It is flattened to leaves with dotted paths, such as
``connection.isActive``. A mapping of ``value`` and perhaps ``unit`` or ``reason`` is one reading:
operations use it to say what was counted, or why there is no value.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from fleet.report.inert import inert
from fleet.report.layout import Page, padded, plural
from fleet.report.values import json_value
from fleet.results import SiteResult

__all__ = ["Leaf", "add_readings", "leaves"]

FEW_SITES = 15
"""Up to here every site is shown by itself."""

_LINES = 120
"""Lines all sites together may take; every site gets at least `_LINES_EACH`."""

_LINES_EACH = 8

_PAGE = 19
"""Lines a page with a summary has above its totals, so that healthy sites take under 25."""

_KEYS = 8
"""Lines of a summary at least."""

_DEEPEST = 12
_KINDS_OF_VALUE = 3
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
    """

    path: str
    text: str
    number: int | float | None = None
    unit: str = ""

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


def add_readings(page: Page, results: Sequence[SiteResult]) -> None:
    """Add what the sites told to the page; nothing where no site told anything."""
    told = [result for result in results if result.data]
    if not told:
        return
    page.heading(f"Read from {plural(len(told), 'site')}")
    if len(told) > FEW_SITES:
        _add_summary(page, [leaves(result.data) for result in told])
        return
    each = [(inert(result.site, 64), leaves(result.data, lists=True)) for result in told]
    if not _add_table(page, each):
        _add_tree(page, each)


def _below(path: str, value: Mapping[str, object], lists: bool) -> Iterator[Leaf]:
    for key, item in value.items():
        name = inert(key, 40)
        yield from _walk(f"{path}.{name}" if path else name, item, lists)


def _walk(path: str, value: object, lists: bool) -> Iterator[Leaf]:
    if isinstance(value, dict) and _is_reading(value):
        if value["value"] is None and value.get("reason"):
            yield Leaf(path, inert(f"no value: {value['reason']}", 80))
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
        return Leaf(path, _number(value), value)
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


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")


def _add_table(page: Page, told: Sequence[tuple[str, list[Leaf]]]) -> bool:
    """Add one row per site and return True, or False where that is too wide."""
    paths = list(dict.fromkeys(leaf.path for _, found in told for leaf in found))
    rows = [["", *paths]]
    for site, found in told:
        cells = {leaf.path: leaf.text for leaf in found}
        rows.append([site, *(cells.get(path, "-") for path in paths)])
    columns = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    if sum(columns) + 2 * len(columns) > page.width:
        return False
    numeric = {leaf.path for _, found in told for leaf in found if leaf.number is not None}
    right = [False, *(path in numeric for path in paths)]
    for row, style in zip(rows, ["dim", *[""] * len(told)], strict=True):
        cells_of_row = map(_aligned, row, columns, right)
        page.line(("  " + "  ".join(cells_of_row).rstrip(), style))
    return True


def _aligned(text: str, columns: int, right: bool) -> str:
    return " " * (columns - cell_len(text)) + text if right else padded(text, columns)


def _add_tree(page: Page, told: Sequence[tuple[str, list[Leaf]]]) -> None:
    """Add each site with its values below."""
    most = max(_LINES_EACH, _LINES // len(told))
    for at, (site, found) in enumerate(told):
        if at:
            page.blank()
        page.line("  ", (site, "bold"))
        page.rows([(leaf.path, leaf.words) for leaf in found], indent=4, most=most)


def _add_summary(page: Page, told: Sequence[list[Leaf]]) -> None:
    """Add one line per path with what all sites together say."""
    by_path: dict[str, list[Leaf]] = {}
    for found in told:
        for leaf in found:
            by_path.setdefault(leaf.path, []).append(leaf)
    rows = [(path, summary(found, len(told))) for path, found in by_path.items()]
    page.rows(rows, indent=2, most=max(_KEYS, _PAGE - len(page.lines)))


def summary(found: Sequence[Leaf], sites: int) -> str:
    """Return what the leaves of one path say on `sites` sites, in a few words."""
    numbers = [leaf.number for leaf in found if leaf.number is not None]
    unit = next((f" {leaf.unit}" for leaf in found if leaf.number is not None and leaf.unit), "")
    others = Counter(leaf.text for leaf in found if leaf.number is None)
    if not numbers and len(others) == 1 and len(found) == sites:
        return f"{found[0].text} on all"
    parts: list[str] = []
    if numbers:
        total = math.fsum(numbers) if any(isinstance(n, float) for n in numbers) else sum(numbers)
        spread = f"{_number(min(numbers))} to {_number(max(numbers))}"
        parts.append(f"sum {_number(total)}{unit} ({spread} on {plural(len(numbers), 'site')})")
    parts.extend(_counted(others))
    if sites > len(found):
        parts.append(f"not told x {sites - len(found):,}")
    return "; ".join(parts)


def _counted(texts: Counter[str]) -> list[str]:
    if len(texts) > _KINDS_OF_VALUE and texts.most_common(1)[0][1] == 1:
        return [f"{len(texts):,} different values"]
    parts = [f"{inert(text, 40)} x {count:,}" for text, count in texts.most_common(_KINDS_OF_VALUE)]
    if rest := len(texts) - len(parts):
        parts.append(plural(rest, "other value"))
    return parts
