"""A comparison of two runs, findings and trends, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import chain

from fleet.journal.findings import Finding, FindingName, StoredFinding, TrendPoint
from fleet.policy.history import Comparison, Entry, mean_time_to_fix
from fleet.report.inert import defuse_line, inert
from fleet.report.layout import hung, plural, table
from fleet.report.values import json_value, shown

__all__ = ["age", "diff_json", "diff_markdown", "diff_text", "findings_text", "trend_text"]

_MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>()#+-.!|~&@"})
_FEW = 12
_MOST = 400
"""Rows of a table in Markdown; services cut comments at 65,000 characters."""
_DAY = 86_400

First = Mapping[FindingName, datetime]
"""When findings were seen for the first time, where that is known."""
_TITLES = (("New", "new"), ("Fixed", "fixed"), ("Still open", "open"), ("Not seen", "not_seen"))


def diff_text(
    found: Comparison, first: First, *, verbose: bool = False, width: int | None = None
) -> str:
    """Return a comparison as plain text.

    Args:
        found: The comparison.
        first: When findings were seen first.
        verbose: Name every finding.
        width: Columns of the terminal, where there is one.
    """
    lines = [f"Compared {found.earlier} with {found.later}: {_headline(found)}"]
    for title, entries in _groups(found):
        if not entries:
            continue
        lines += ["", f"{title} ({len(entries):,})"]
        few = entries if verbose or title == "New" else entries[:_FEW]
        lines += [f"  {line}" for line in table(_cells(few, first), width and width - 2)]
        if hidden := len(entries) - len(few):
            lines.append(f"  + {hidden:,} more (-v shows them)")
    if only := _only(found):
        lines += ["", *only]
    pieces = chain.from_iterable(hung(line, width) for line in lines) if width else lines
    return "".join(f"{defuse_line(piece)}\n" for piece in pieces)


def diff_markdown(found: Comparison, first: First) -> str:
    """Return a comparison as Markdown, for a comment; long tables are cut, totals stay."""
    lines = [f"### {found.earlier} → {found.later}", "", f"{_escaped(_headline(found))}.", ""]
    for title, entries in _groups(found):
        if not entries:
            continue
        lines += [f"**{title} ({len(entries):,})**", "", "| site | what | | |", "| --- " * 4 + "|"]
        rows = _cells(entries[: _MOST // 4], first)
        lines += [f"| {' | '.join(map(_escaped, row))} |" for row in rows]
        if hidden := len(entries) - len(rows):
            lines += ["", f"… {hidden:,} more rows are left out here."]
        lines.append("")
    lines += [f"- {_escaped(line)}" for line in _only(found)]
    return "\n".join(lines).rstrip() + "\n"


def diff_json(found: Comparison, first: First) -> str:
    """Return a comparison as JSON, format 1."""
    document = {
        "format": 1,
        "earlier": found.earlier,
        "later": found.later,
        **{
            name: [_entry(entry, first) for entry in entries]
            for (_, name), (_, entries) in zip(_TITLES, _groups(found), strict=True)
        },
        "only_earlier": list(found.only_earlier),
        "only_later": list(found.only_later),
    }
    return json.dumps(json_value(document), ensure_ascii=False, indent=2) + "\n"


def findings_text(
    findings: Sequence[StoredFinding], now: datetime, *, width: int | None = None
) -> list[str]:
    """Return findings as lines: what, since when, and how often it came back."""
    if not findings:
        return ["nothing is on record"]
    rows = [
        (
            inert(each.finding.name.site, 40),
            *_what(each.finding),
            f"first seen {_day(each.first_seen)}",
            f"gone since {_day(each.fixed)}" if each.fixed else f"open {age(each.opened, now)}",
            f"came back {plural(each.recurrences, 'time')}" if each.recurrences else "",
        )
        for each in findings
    ]
    lines = table(rows, width)
    mean = mean_time_to_fix(findings)
    return lines if mean is None else [*lines, "", f"mean time to fix: {_span(mean)}"]


def trend_text(days: Iterable[tuple[str, TrendPoint]]) -> list[str]:
    """Return how sites stood as lines, one for each day or run, oldest first."""
    rows = [
        (label, inert(point.key, 60) or "sites", f"{point.conformity or 0:5.1f} %", _counts(point))
        for label, point in days
    ]
    return table(rows) or ["no audit is on record"]


def age(since: datetime, now: datetime) -> str:
    """Return how long something has been, such as ``3 days``."""
    return _span(max((now - since).total_seconds(), 0))


def _span(seconds: float) -> str:
    for size, noun in ((_DAY, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return plural(round(seconds / size), noun)
    return "less than a minute"


def _counts(point: TrendPoint) -> str:
    return f"{point.good:,} of {plural(point.good + point.bad, 'site')}"


def _groups(found: Comparison) -> list[tuple[str, tuple[Entry, ...]]]:
    entries = (found.new, found.fixed, found.still_open, found.not_seen)
    return [(title, group) for (title, _), group in zip(_TITLES, entries, strict=True)]


def _headline(found: Comparison) -> str:
    return ", ".join(f"{len(entries):,} {title.lower()}" for title, entries in _groups(found))


def _only(found: Comparison) -> list[str]:
    told = (("earlier", found.only_earlier), ("later", found.only_later))
    return [
        f"Only in the {which} run: {', '.join(inert(site, 64) for site in sites[:_FEW])}"
        + (f" and {len(sites) - _FEW:,} more" if len(sites) > _FEW else "")
        for which, sites in told
        if sites
    ]


def _cells(entries: Iterable[Entry], first: First) -> list[tuple[str, ...]]:
    return [
        (
            inert(entry.finding.name.site, 40),
            *_what(entry.finding),
            _remark(entry, first.get(entry.finding.name)),
        )
        for entry in entries
    ]


def _what(finding: Finding) -> tuple[str, str]:
    if not finding.name.key:
        return inert(finding.name.error, 60), inert(finding.reason, 80)
    if finding.kind:
        return inert(finding.name.key, 60), inert(f"{finding.kind}: {finding.reason}", 80)
    return (
        inert(finding.name.key, 60),
        f"{shown(finding.found, 32)}, wanted {shown(finding.wanted, 32)}",
    )


def _remark(entry: Entry, first: datetime | None) -> str:
    parts = [entry.remark] if entry.remark else []
    if entry.moved and entry.before is not None:
        parts.append(f"was {shown(entry.before.found, 32)}")
    if first is not None:
        parts.append(f"first seen {_day(first)}")
    return "; ".join(parts)


def _entry(entry: Entry, first: First) -> Mapping[str, object]:
    finding = entry.finding
    at = first.get(finding.name)
    return {
        "site": finding.name.site,
        "url": finding.name.url,
        "key": finding.name.key or None,
        "kind": finding.kind or finding.name.error or None,
        "wanted": finding.wanted,
        "found": finding.found,
        "before": entry.before.found if entry.before else None,
        "reason": finding.reason,
        "remark": entry.remark,
        "first_seen": at.isoformat() if at else None,
    }


def _day(at: datetime | date | None) -> str:
    moment = at.astimezone(UTC) if isinstance(at, datetime) else at
    return f"{moment:%Y-%m-%d}" if moment else ""


def _escaped(text: str) -> str:
    return inert(text, 400).translate(_MARKDOWN)
