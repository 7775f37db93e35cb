"""Writes a report as CSV, a table with fixed columns that no spreadsheet takes for formulas.

Each site has one row of the sort ``site``, then a row ``key`` for each key that was looked at or
set, and a row ``value`` for each value that was read. Counting the rows of the sort ``site``
gives the totals.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping

from fleet.report.inert import csv_cell
from fleet.report.leaves import leaves
from fleet.report.sink import Sink
from fleet.report.values import shown
from fleet.results import KeyResult, RunReport, SiteResult

__all__ = ["COLUMNS", "write_csv"]

COLUMNS = (
    "run_id",
    "row",
    "site",
    "url",
    "status",
    "key",
    "verdict",
    "before",
    "wanted",
    "found",
    "unit",
    "kind",
    "message",
    "said",
    "hint",
    "notes",
    "requests",
    "writes",
    "logins",
    "received",
    "seconds",
)
"""Columns in their order; those that do not apply to a row are empty."""

_LONGEST = 2_000
"""Characters of a text in a cell; spreadsheets cut off cells, some at 32,767."""

Row = Mapping[str, str]


def write_csv(report: RunReport, sink: Sink) -> None:
    """Write the rows of all sites in the order of the inventory, below a header."""
    writer = csv.DictWriter(sink, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for result in report.results:
        shared = {"run_id": report.run_id, "site": result.site, "status": result.status.value}
        for row in _rows(result):
            cells = {**shared, **row}
            writer.writerow({name: csv_cell(text[:_LONGEST]) for name, text in cells.items()})


def _rows(result: SiteResult) -> Iterator[Row]:
    yield _site(result)
    yield from map(_key, result.keys)
    for leaf in leaves(result.data, lists=True):
        yield {
            "row": "value",
            "key": leaf.path,
            "found": "" if leaf.reason else leaf.text if leaf.number is None else str(leaf.number),
            "unit": leaf.unit,
            "message": leaf.reason,
        }


def _site(result: SiteResult) -> Row:
    used = result.usage
    return {
        "row": "site",
        "url": result.url,
        "kind": result.kind or "",
        "message": result.message,
        "said": result.said,
        "hint": result.hint,
        "notes": "; ".join(result.notes),
        "requests": str(used.requests),
        "writes": str(used.writes),
        "logins": str(used.logins),
        "received": str(used.received),
        "seconds": f"{used.seconds:.3f}",
    }


def _key(key: KeyResult) -> Row:
    return {
        "row": "key",
        "key": key.key,
        "verdict": key.verdict.value,
        "before": shown(key.before, _LONGEST),
        "wanted": shown(key.wanted, _LONGEST),
        "found": shown(key.found, _LONGEST),
        "kind": key.kind or "",
        "message": key.reason,
    }
