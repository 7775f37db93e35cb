"""Tells what each site took of a run: requests, bytes and logins, aligned, with their sums."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from fleet.report.inert import inert
from fleet.report.layout import Page, megabytes, padded
from fleet.results import SiteResult

__all__ = ["Spent", "add_spent"]

_HEAD = ("requests", "received", "logins")
_TOTAL = "in total"
_WIDEST = 40
"""Columns of the longest name; a longer one moves its own figures only."""


class Spent:
    """What the sites that were asked anything took, in the order they ended."""

    def __init__(self) -> None:
        self._sites: list[tuple[str, int, int, int]] = []

    def add(self, result: SiteResult) -> None:
        """Take what a site took."""
        used = result.usage
        if used.requests:
            self._sites.append((result.site, used.requests, used.received, used.logins))

    def rows(self) -> list[tuple[str, ...]]:
        """Return names and figures in words: a heading, each site by name, and the sums."""
        if not self._sites:
            return []
        requests = sum(row[1] for row in self._sites)
        received = sum(row[2] for row in self._sites)
        logins = sum(row[3] for row in self._sites)
        rows = [_row(inert(name, 64), *figures) for name, *figures in sorted(self._sites)]
        rows.append(_row(_TOTAL, requests, received, logins))
        return [("", *_HEAD), *rows]


def _row(name: str, requests: int, received: int, logins: int) -> tuple[str, ...]:
    return (name, f"{requests:,}", megabytes(received), f"{logins:,}")


def add_spent(page: Page, rows: Sequence[tuple[str, ...]]) -> None:
    """Add a line for each site, its figures below each other; nothing where nothing was asked."""
    if not rows:
        return
    page.heading("What each site took")
    column = min(max(cell_len(row[0]) for row in rows), _WIDEST)
    widths = [max(map(len, figures)) for figures in zip(*(row[1:] for row in rows), strict=True)]
    for place, (name, *figures) in enumerate(rows):
        style = "dim" if place == 0 else "bold" if place == len(rows) - 1 else ""
        cells = (figure.rjust(width) for figure, width in zip(figures, widths, strict=True))
        page.line("  ", (padded(name, column) + "  " + "  ".join(cells), style))
