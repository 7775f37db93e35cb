"""Lays out what queries read: a table for a few sites, a summary per value for many."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from fleet.report.inert import inert
from fleet.report.layout import Page, plural
from fleet.report.leaves import Leaf, leaves, number_text
from fleet.report.matrix import add_matrix
from fleet.results import SiteResult

__all__ = ["add_readings"]

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
    if not add_matrix(page, each):
        _add_tree(page, each)


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
        spread = f"{number_text(min(numbers))} to {number_text(max(numbers))}"
        parts.append(f"sum {number_text(total)}{unit} ({spread} on {plural(len(numbers), 'site')})")
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
