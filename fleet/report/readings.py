"""Lays out what queries read: a table for a few sites, a summary per value for many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from fleet.report.inert import inert
from fleet.report.layout import Page, plural
from fleet.report.leaves import Leaf, leaves, number_text
from fleet.report.matrix import add_matrix
from fleet.results import SiteResult

__all__ = ["Readings", "Summary", "add_readings"]

FEW_SITES = 15
"""Up to here every site is shown by itself."""

_LINES = 120
"""Lines all sites together may take; every site gets at least `_LINES_EACH`."""

_LINES_EACH = 8

_PAGE = 19
"""Lines a page with a summary has above its totals, so that healthy sites take under 25."""

_KEYS = 8
"""Lines of a summary at least."""

_KINDS_OF_VALUE = 3

_MOST_PATHS = 300
_MOST_VALUES = 500
"""Paths, and different values of one, that are kept: far more than people read."""


class Readings:
    """What the sites told, gathered site by site."""

    def __init__(self) -> None:
        self.told = 0
        self._first: list[tuple[str, list[Leaf]]] = []
        self._by_path: dict[str, Summary] = {}
        self._left_out = 0

    def add(self, result: SiteResult) -> None:
        """Take what a site told."""
        self.told += 1
        if self.told <= FEW_SITES:
            self._first.append((inert(result.site, 64), leaves(result.data, lists=True)))
        else:
            self._first.clear()
        for leaf in leaves(result.data):
            if leaf.path not in self._by_path and len(self._by_path) >= _MOST_PATHS:
                self._left_out += 1
            else:
                self._by_path.setdefault(leaf.path, Summary()).add(leaf)

    @property
    def each(self) -> list[tuple[str, list[Leaf]]]:
        """Return what each site told where they are few, else nothing."""
        return self._first

    @property
    def numbers(self) -> list[tuple[str, Summary]]:
        """Return the values that can be added up, by path."""
        return [(path, found) for path, found in self._by_path.items() if found.count]

    def rows(self) -> list[tuple[str, str]]:
        """Return what all sites together say, per path."""
        rows = [(path, found.words(self.told)) for path, found in self._by_path.items()]
        if self._left_out:
            rows.append(("(other values)", f"{self._left_out:,} more are in -o json"))
        return rows


def add_readings(page: Page, readings: Readings) -> None:
    """Add what the sites told to the page; nothing where no site told anything."""
    if not readings.told:
        return
    page.heading(f"Read from {plural(readings.told, 'site')}")
    if not readings.each:
        page.rows(readings.rows(), indent=2, most=max(_KEYS, _PAGE - len(page.lines)))
    elif not add_matrix(page, readings.each):
        _add_tree(page, readings.each)


def _add_tree(page: Page, told: Sequence[tuple[str, list[Leaf]]]) -> None:
    """Add each site with its values below."""
    most = max(_LINES_EACH, _LINES // len(told))
    for at, (site, found) in enumerate(told):
        if at:
            page.blank()
        page.line("  ", (site, "bold"))
        page.rows([(leaf.path, leaf.words) for leaf in found], indent=4, most=most)


class Summary:
    """What sites say at one path."""

    def __init__(self) -> None:
        self.count = 0
        self.unit = ""
        self._total: int | Fraction = 0
        self._least = self._most = 0.0
        self._others: Counter[str] = Counter()
        self._beyond = 0

    def add(self, leaf: Leaf) -> None:
        """Take the value of a site."""
        if leaf.number is None:
            if leaf.text in self._others or len(self._others) < _MOST_VALUES:
                self._others[leaf.text] += 1
            else:
                self._beyond += 1
            return
        self.unit = self.unit or leaf.unit
        # Fractions add up without error, whatever the order of the sites.
        self._total += leaf.number if isinstance(leaf.number, int) else Fraction(leaf.number)
        self._least = leaf.number if not self.count else min(self._least, leaf.number)
        self._most = leaf.number if not self.count else max(self._most, leaf.number)
        self.count += 1

    @property
    def total(self) -> int | float:
        """Return the sum of the numbers."""
        return self._total if isinstance(self._total, int) else float(self._total)

    def words(self, sites: int) -> str:
        """Return what `sites` sites say, in a few words."""
        others = self._others.total() + self._beyond
        if not self.count and len(self._others) == 1 and others == sites:
            return f"{next(iter(self._others))} on all"
        parts: list[str] = []
        if self.count:
            unit = f" {self.unit}" if self.unit else ""
            spread = f"{number_text(self._least)} to {number_text(self._most)}"
            where = plural(self.count, "site")
            parts.append(f"sum {number_text(self.total)}{unit} ({spread} on {where})")
        parts.extend(_counted(self._others, more=bool(self._beyond)))
        if silent := sites - self.count - others:
            parts.append(f"not told x {silent:,}")
        return "; ".join(parts)


def _counted(texts: Counter[str], *, more: bool) -> list[str]:
    if more:
        return [f"more than {len(texts):,} different values"]
    if len(texts) > _KINDS_OF_VALUE and texts.most_common(1)[0][1] == 1:
        return [f"{len(texts):,} different values"]
    parts = [f"{inert(text, 40)} x {count:,}" for text, count in texts.most_common(_KINDS_OF_VALUE)]
    if rest := len(texts) - len(parts):
        parts.append(plural(rest, "other value"))
    return parts
