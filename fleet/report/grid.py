"""Picks what a page shows of each site: the gravest sites first, as many as a browser carries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fleet.report.inert import inert
from fleet.report.leaves import Leaf, leaves
from fleet.report.values import shown
from fleet.results import KeyResult, RunReport, SiteResult, Status, Verdict

__all__ = ["MARKS", "SITES", "Cell", "Grid", "GridRow", "KeyRow", "Tables", "make_grid"]

SITES = 2_000
"""Sites a page lists; of a larger fleet the gravest, and the others are counted."""

_COLUMNS = 40
_VALUE_COLUMNS = 12
_FIGURES = 12
_TOP = 30
_MOST_KEYS = 500

_GRAVEST_FIRST = (
    Status.FAILED,
    Status.UNKNOWN,
    Status.PARTIAL,
    Status.BLOCKED,
    Status.UNREACHABLE,
    Status.DRIFT,
    Status.SKIPPED,
    Status.NOT_STARTED,
    Status.CHANGED,
    Status.UNCHANGED,
)

MARKS: Mapping[Verdict, tuple[str, str, str]] = {
    Verdict.UNCHANGED: ("u", "\u2713", "as wanted"),
    Verdict.CHANGED: ("c", "\u25cf", "changed"),
    Verdict.DRIFT: ("d", "\u2260", "not as wanted"),
    Verdict.REJECTED: ("r", "\u00d7", "refused"),
    Verdict.UNSUPPORTED: ("x", "\u2013", "not supported"),
    Verdict.UNKNOWN: ("q", "?", "not known"),
}
"""Class, mark and words of each verdict in a matrix."""


class Cell(NamedTuple):
    """One key of one site in the matrix."""

    css: str
    mark: str
    title: str


@dataclass(frozen=True, slots=True)
class GridRow:
    """One site.

    Args:
        cells: One per column of the grid; a `Cell`, a text, or None.
    """

    site: str
    url: str
    status: str
    rank: int
    kind: str
    text: str
    seconds: str
    cells: Sequence[Cell | str | None]


@dataclass(frozen=True, slots=True)
class Grid:
    """The sites of a page.

    Args:
        keyed: The columns are keys with verdicts; else values that were read.
        columns: Their names.
        hidden_columns: How many more there are.
        rows: The gravest sites first.
        hidden: How many more sites there are.
        hidden_words: How those ended.
    """

    keyed: bool
    columns: Sequence[str]
    hidden_columns: int
    rows: Sequence[GridRow]
    hidden: int
    hidden_words: str


@dataclass(slots=True)
class KeyRow:
    """How one key ended on all sites."""

    key: str
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def verdicts(self) -> dict[str, int]:
        """Return the number of sites per verdict, those that are well first."""
        return {verdict.value: self.counts[verdict.value] for verdict in Verdict}

    @property
    def total(self) -> int:
        """Return the number of sites."""
        return self.counts.total()

    @property
    def bad(self) -> int:
        """Return the number of sites on which it is not as wanted."""
        return sum(self.counts[verdict.value] for verdict in Verdict if not verdict.good)


class Tables:
    """Gathers in one pass what decides on columns: keys by outcome, values by path."""

    def __init__(self, report: RunReport) -> None:
        self._keys: dict[str, KeyRow] = {}
        self._paths: dict[str, None] = {}
        self.highest: dict[str, list[tuple[float, str]]] = {}
        for result in report.results:
            for key in result.keys:
                self._add_key(key)
            for leaf in leaves(result.data):
                self._add_leaf(leaf, result.site)

    @property
    def keys(self) -> list[KeyRow]:
        """Return the keys, those that are most often not as wanted first."""
        return sorted(self._keys.values(), key=lambda row: (-row.bad, row.key))

    @property
    def paths(self) -> list[str]:
        """Return the paths at which a site has a value, in the order they were met."""
        return list(self._paths)

    def _add_key(self, key: KeyResult) -> None:
        name = inert(key.key, 64)
        if name in self._keys or len(self._keys) < _MOST_KEYS:
            self._keys.setdefault(name, KeyRow(name)).counts[key.verdict.value] += 1

    def _add_leaf(self, leaf: Leaf, site: str) -> None:
        if not leaf.reason and len(self._paths) < _MOST_KEYS:
            self._paths[leaf.path] = None
        if leaf.number is None:
            return
        if leaf.path in self.highest or len(self.highest) < _FIGURES:
            top = self.highest.setdefault(leaf.path, [])
            top.append((leaf.number, inert(site, 40)))
            if len(top) >= 2 * _TOP:
                top.sort(reverse=True)
                del top[_TOP:]


def make_grid(report: RunReport, tables: Tables, sites: int = SITES) -> Grid:
    """Return the gravest sites with what the columns say of them.

    Args:
        sites: How many are listed at most.
    """
    keys = [row.key for row in tables.keys]
    every = keys or tables.paths
    columns = every[: _COLUMNS if keys else _VALUE_COLUMNS]
    room = _room(report.totals, sites)
    chosen: dict[Status, list[GridRow]] = {status: [] for status in _GRAVEST_FIRST}
    for result in report.results:
        if len(chosen[result.status]) < room[result.status]:
            cells = _key_cells(result, columns) if keys else _value_cells(result, columns)
            chosen[result.status].append(_row(result, cells))
    rows = [row for status in _GRAVEST_FIRST for row in chosen[status]]
    left = {status: report.totals[status] - len(chosen[status]) for status in _GRAVEST_FIRST}
    return Grid(
        keyed=bool(keys),
        columns=columns,
        hidden_columns=len(every) - len(columns),
        rows=rows,
        hidden=len(report.results) - len(rows),
        hidden_words=", ".join(
            f"{count:,} {status.value.replace('_', ' ')}" for status, count in left.items() if count
        ),
    )


def _room(totals: Mapping[Status, int], sites: int) -> dict[Status, int]:
    room = {}
    for status in _GRAVEST_FIRST:
        room[status] = min(totals[status], sites)
        sites -= room[status]
    return room


def _row(result: SiteResult, cells: Sequence[Cell | str | None]) -> GridRow:
    return GridRow(
        site=inert(result.site, 64),
        url=inert(result.url, 120),
        status=result.status.value,
        rank=_GRAVEST_FIRST.index(result.status),
        kind=inert(result.kind or "", 64),
        text=_what(result),
        seconds=f"{result.usage.seconds:.1f}",
        cells=cells,
    )


def _what(result: SiteResult) -> str:
    if result.message:
        return inert(result.message, 240)
    counts = Counter(key.verdict for key in result.keys)
    parts = (f"{count:,} {MARKS[verdict][2]}" for verdict, count in sorted(counts.items()))
    return ", ".join(parts)


def _key_cells(result: SiteResult, columns: Sequence[str]) -> list[Cell | str | None]:
    by_name = {inert(key.key, 64): key for key in result.keys}
    return [_cell(by_name[name]) if name in by_name else None for name in columns]


def _cell(key: KeyResult) -> Cell:
    css, mark, word = MARKS[key.verdict]
    found, wanted = shown(key.found, 24), shown(key.wanted, 24)
    match key.verdict:
        case Verdict.UNCHANGED:
            return Cell(css, mark, f"{word}: {found}")
        case Verdict.CHANGED:
            return Cell(css, mark, f"{word}: {shown(key.before, 24)} \u2192 {found}")
        case _:
            return Cell(css, mark, f"{word}: {found}, wanted {wanted}")


def _value_cells(result: SiteResult, columns: Sequence[str]) -> list[Cell | str | None]:
    by_path = {leaf.path: leaf for leaf in leaves(result.data)}
    found = (by_path.get(path) for path in columns)
    return [None if leaf is None or leaf.reason else leaf.text for leaf in found]
