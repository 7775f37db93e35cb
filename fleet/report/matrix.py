"""A table of what a few sites told: a row for each site, a column for each value that differs.

What all sites have in common stands below in one line, and so do the reasons of missing values,
so that the table holds what distinguishes the sites and still fits a terminal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from fleet.report.layout import Page, padded
from fleet.report.leaves import Leaf

__all__ = ["add_matrix"]

_MISSING = "-"
_TO_COMPARE = 3
"""Sites from which on a comparison is worth several tables and a line for what is in common."""

_TABLES = 3
_INDENT = 2
_GAP = 2

Told = Sequence[tuple[str, Sequence[Leaf]]]
Sites = Sequence[tuple[str, Mapping[str, Leaf]]]


def add_matrix(page: Page, told: Told) -> bool:
    """Add the table and return True, or add nothing and return False where it is too wide.

    What does not fit beside each other stands below each other, in at most three tables.
    """
    sites = [(site, {leaf.path: leaf for leaf in found}) for site, found in told]
    paths = list(dict.fromkeys(leaf.path for _, found in told for leaf in found))
    common = [path for path in paths if _in_common(path, sites)]
    shown = [path for path in paths if path not in common and not _is_missing(path, sites)]
    blocks = _blocks(shown, sites, page.width - _INDENT)
    if not 0 < len(blocks) <= (_TABLES if len(sites) >= _TO_COMPARE else 1):
        return False
    for at, block in enumerate(blocks):
        if at:
            page.blank()
        _add_block(page, block)
    _add_common(page, common, sites[0][1])
    _add_missing(page, [path for path in paths if path not in common], sites)
    return True


@dataclass(frozen=True, slots=True)
class _Column:
    cells: tuple[str, ...]
    numeric: bool = False

    @property
    def width(self) -> int:
        return max(map(cell_len, self.cells))

    def aligned(self, row: int) -> str:
        text = self.cells[row]
        return (
            " " * (self.width - cell_len(text)) + text if self.numeric else padded(text, self.width)
        )


def _blocks(paths: Sequence[str], sites: Sites, width: int) -> list[list[_Column]]:
    """Return the columns cut into tables that fit, each beginning with the sites' names."""
    first = _Column(("site", *(site for site, _ in sites)))
    blocks: list[list[_Column]] = []
    room = 0
    for path, header in zip(paths, _headers(paths), strict=True):
        cells = (header, *(_cell(found.get(path)) for _, found in sites))
        column = _Column(cells, _is_numeric(path, sites))
        if not blocks or room < column.width + _GAP:
            blocks.append([first])
            room = width - first.width
        blocks[-1].append(column)
        room -= column.width + _GAP
        if room < 0:
            return []
    return blocks


def _add_block(page: Page, columns: Sequence[_Column]) -> None:
    for row in range(len(columns[0].cells)):
        text = (" " * _GAP).join(column.aligned(row) for column in columns)
        page.line((" " * _INDENT + text.rstrip(), "" if row else "dim"))


def _in_common(path: str, sites: Sites) -> bool:
    if len(sites) < _TO_COMPARE:
        return False
    words = {found[path].words if path in found else None for _, found in sites}
    return len(words) == 1 and None not in words


def _headers(paths: Sequence[str]) -> list[str]:
    """Return the last word of each path, or the whole path where that word is not unique."""
    words = [path.rpartition(".")[2] for path in paths]
    return [
        word if words.count(word) == 1 else path for word, path in zip(words, paths, strict=True)
    ]


def _cell(leaf: Leaf | None) -> str:
    return _MISSING if leaf is None or leaf.reason else leaf.text


def _is_numeric(path: str, sites: Sites) -> bool:
    return any(path in found and found[path].number is not None for _, found in sites)


def _is_missing(path: str, sites: Sites) -> bool:
    """Return whether no site has a value here, only reasons."""
    return all(found[path].reason for _, found in sites if path in found)


def _add_common(page: Page, paths: Sequence[str], found: Mapping[str, Leaf]) -> None:
    by_words: dict[str, list[str]] = {}
    for path in paths:
        by_words.setdefault(found[path].words, []).append(path)
    for words, named in by_words.items():
        page.paragraph(f"{', '.join(named)}: {words}", indent=2, label="on all: ")


def _add_missing(page: Page, paths: Sequence[str], sites: Sites) -> None:
    reasons: dict[str, dict[str, None]] = {}
    for path in paths:
        for _, found in sites:
            if path in found and found[path].reason:
                reasons.setdefault(found[path].reason, {})[path] = None
    for reason, named in reasons.items():
        page.paragraph(f"{reason} ({', '.join(named)})", indent=2, label=f"{_MISSING} means ")
