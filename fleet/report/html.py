"""Writes a report as one HTML page that loads nothing, for a browser, a phone and paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from fleet.report.digest import REFUSED, Digest
from fleet.report.grid import MARKS, SITES, Tables, make_grid
from fleet.report.inert import inert
from fleet.report.layout import plural
from fleet.report.leaves import number_text
from fleet.report.pages import write_page
from fleet.report.sink import Sink
from fleet.results import RunReport, Status, Verdict

__all__ = ["Figure", "title_of", "write_html"]

_KEY_ROWS = 60
_COLUMNS = 30
_TOP = 3

_TITLES = {"audit": "Audit", "plan": "Plan", "apply": "Apply", "rollback": "Rollback"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that was read on many sites.

    Args:
        path: What it is.
        total: The sum, in words.
        unit: What is counted.
        count: On how many sites.
        values: The highest, in descending order.
        top: The first sites with their numbers.
    """

    path: str
    total: str
    unit: str
    count: int
    values: tuple[float, ...]
    top: tuple[tuple[str, str], ...]


def write_html(report: RunReport, sink: Sink, *, sites: int = SITES) -> None:
    """Write the page.

    Args:
        sites: How many sites are listed at most, the gravest first.
    """
    digest, tables = Digest(report), Tables(report)
    keys = tables.keys[:_KEY_ROWS]
    causes = digest.causes
    values = {
        "report": report,
        "title": title_of(report),
        "began": f"{report.started.astimezone(UTC):%d %B %Y, %H:%M} UTC",
        "sites": len(report.results),
        "totals": {status.value: count for status, count in report.totals.items()},
        "headline": _headline(report),
        "causes": causes,
        "attention": sum(cause.sites.count for cause in causes),
        "key_rows": keys,
        "verdicts": [
            verdict.value for verdict in Verdict if any(verdict in row.counts for row in keys)
        ],
        "verdict_words": {verdict.value: mark[2] for verdict, mark in MARKS.items()},
        "figures": _figures(digest, tables),
        "told": digest.readings.told,
        "told_rows": digest.readings.rows(),
        "refused": digest.outcomes(*REFUSED),
        "drift": digest.outcomes(Verdict.DRIFT),
        "changed": digest.outcomes(Verdict.CHANGED),
        "notes": digest.notes,
        "grid": make_grid(report, tables, sites),
        "marks": list(MARKS.values()),
    }
    write_page("report.html", values, sink)


def title_of(report: RunReport) -> str:
    """Return what the run was, in words."""
    asked = _TITLES.get(report.operation, inert(report.operation, 64))
    return f"{asked}: {plural(len(report.results), 'site')}"


def _headline(report: RunReport) -> str:
    totals = report.totals
    good = sum(count for status, count in totals.items() if status.good)
    rest = [
        f"{totals[status]:,} {words}"
        for status, words in (
            (Status.DRIFT, "differ from what is wanted"),
            (Status.SKIPPED, "skipped"),
            (Status.NOT_STARTED, "not started"),
        )
        if totals[status]
    ]
    looked = good + totals[Status.DRIFT] + totals[Status.SKIPPED] + totals[Status.NOT_STARTED]
    if trouble := len(report.results) - looked:
        rest.append(f"{trouble:,} {'needs' if trouble == 1 else 'need'} attention")
    what = "answered" if report.read_only and not totals[Status.DRIFT] else "as wanted"
    first = f"{good:,} of {plural(len(report.results), 'site')} {what}"
    return "; ".join((first, ", ".join(rest))) + "." if rest else f"{first}."


def _figures(digest: Digest, tables: Tables) -> list[Figure]:
    figures = []
    for path, summary in digest.readings.numbers:
        if path in tables.highest:
            top = sorted(tables.highest[path], reverse=True)
            figures.append(
                Figure(
                    path=path,
                    total=number_text(summary.total),
                    unit=summary.unit,
                    count=summary.count,
                    values=tuple(value for value, _ in top[:_COLUMNS]),
                    top=tuple((site, number_text(value)) for value, site in top[:_TOP]),
                )
            )
    return figures
