"""A plan for people: as text for a terminal, as Markdown for a pull request.

Sites that get the same change stand in one row, however many they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC

from rich.cells import cell_len

from fleet.policy.plan import Plan, PlannedChange
from fleet.report.gather import Named
from fleet.report.inert import inert
from fleet.report.layout import Page, duration, padded, plural, sites_named, times
from fleet.report.values import shown

__all__ = ["plan_headline", "plan_markdown", "plan_text"]

_MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>()#+-.!|~&"})
_LONGEST = 60_000
"""Characters of Markdown; services cut comments at 65,000."""
_COLUMNS = 100
_FEW = 3
_ROWS = 20
"""Lines of a section before ``-v`` is needed."""

Row = tuple[str, str, str, list[str]]
"""A key or status, what becomes of it, why, and the sites."""


def plan_text(
    plan: Plan, *, verbose: bool = False, width: int | None = None, next_command: str | None = None
) -> str:
    """Return the plan as plain text, laid out as reports are.

    Args:
        plan: The plan.
        verbose: Name every site.
        width: Columns of the terminal, where there is one.
        next_command: What to run next.
    """
    page = Page(width or _COLUMNS, verbose=verbose)
    page.paragraph(f"{inert(plan.id, 64)}, made from {inert(plan.origin, 64)}", label="Plan     ")
    page.paragraph(_counts(plan), label="Sites    ")
    page.paragraph(_until(plan), label="Expires  ")
    for title, rows in _tables(plan):
        page.heading(title)
        _add_rows(page, rows)
    ending = _ending(plan)
    if next_command:
        ending.append(("Next", inert(next_command, 500)))
    if ending:
        page.blank()
    for label, text in ending:
        page.paragraph(text, label=f"{label:<9}")
    return "".join(f"{line.plain.rstrip()}\n" for line in page.lines)


def _add_rows(page: Page, rows: Sequence[Row]) -> None:
    column = min(max(cell_len(what) for _, what, _, _ in rows), page.width * 2 // 5)
    page.rows(
        [
            (f"{head}:", f"{padded(what, column)}  {_where(why, sites, verbose=page.verbose)}")
            for head, what, why, sites in rows
        ],
        indent=2,
        most=_ROWS,
    )


def _where(why: str, sites: list[str], *, verbose: bool) -> str:
    where = times(sites_named(Named(len(sites), tuple(sites)), verbose=verbose))
    return f"{where}\n{why}" if why else where


def plan_markdown(plan: Plan, *, next_command: str | None = None) -> str:
    """Return the plan as Markdown; a long one is cut in the middle, the totals stay."""
    head = [f"### Plan {plan.id}", "", f"{_escaped(plan_headline(plan))}.", ""]
    body: list[str] = []
    for title, rows in _tables(plan):
        body += [f"**{title}**", "", "| key | change | sites | |", "| --- | --- | ---: | --- |"]
        body += [
            f"| {_escaped(key)} | {_escaped(': '.join(filter(None, (what, why))))} "
            f"| {len(sites)} | {_escaped(_names(sites))} |"
            for key, what, why, sites in rows
        ]
        body.append("")
    tail = [f"- {_escaped(f'{label}: {text}')}" for label, text in _ending(plan)]
    tail.append(f"- Expires {_until(plan)}; digest `{plan.digest}`")
    if next_command:
        tail += ["", f"`{next_command}`"]
    return "\n".join([*head, *_cut(body), *tail]) + "\n"


def plan_headline(plan: Plan) -> str:
    """Return in one sentence what the plan comes to."""
    return f"{plan.origin}: {_counts(plan)}"


def _counts(plan: Plan) -> str:
    changing, blocked = len(plan.changing), sum(not site.changes for site in plan.sites)
    wanted = plan.looked_at - len(plan.sites) - len(plan.unread)
    parts = [f"{plural(changing, 'site')} to change", f"{wanted:,} as wanted"]
    if blocked:
        parts.append(f"{blocked:,} where something cannot be changed")
    if plan.unread:
        parts.append(f"{len(plan.unread):,} that could not be read")
    return f"{', '.join(parts)}, of {plural(plan.looked_at, 'site')}"


def _tables(plan: Plan) -> Iterable[tuple[str, list[Row]]]:
    changes = _collapsed(
        ((change.key, _change(change), ""), site.name)
        for site in plan.sites
        for change in site.changes
    )
    blocked = _collapsed(
        ((each.key, each.kind or "left", inert(each.reason, 120)), site.name)
        for site in plan.sites
        for each in site.blocked
    )
    unread = _collapsed(
        ((each.status, each.kind or "", inert(each.message, 120)), each.name)
        for each in plan.unread
    )
    titles = ("Would change", "Cannot be changed", "Could not be read")
    for title, rows in zip(titles, (changes, blocked, unread), strict=True):
        if rows:
            yield title, rows


def _collapsed(found: Iterable[tuple[tuple[str, str, str], str]]) -> list[Row]:
    """Return a row for each different thing, the most frequent first."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for what, site in found:
        rows.setdefault(what, []).append(site)
    ordered = sorted(rows.items(), key=lambda row: (-len(row[1]), row[0]))
    return [(inert(key, 80), what, why, sites) for (key, what, why), sites in ordered]


def _names(sites: list[str]) -> str:
    few = sites if len(sites) <= _FEW + 1 else sites[:_FEW]
    more = f" and {len(sites) - len(few):,} more" if len(few) < len(sites) else ""
    return ", ".join(inert(site, 64) for site in few) + more


def _change(change: PlannedChange) -> str:
    rule = f" ({inert(change.rule, 40)})" if change.rule else ""
    if change.key.startswith("modules."):
        return f"{_switch(change.before)} -> {_switch(change.after)}{rule}"
    return f"{shown(change.before)} -> {shown(change.after)}{rule}"


def _switch(value: object) -> str:
    return {True: "on", False: "off"}.get(value is True, "?") if isinstance(value, bool) else "?"


def _ending(plan: Plan) -> list[tuple[str, str]]:
    lines = []
    if len(plan.waves) > 1:
        sizes = ", then ".join(
            plural(len(wave.sites), "site")
            + (f" and a pause of {duration(wave.pause)}" if wave.pause else "")
            for wave in plan.waves
        )
        lines.append(("Waves", sizes))
    if plan.limits.max_failures is not None:
        stops = f"stops when more than {plan.limits.max_failures} end badly"
        lines.append(("Budget", stops))
    lines += [("Guard", inert(reason, 400)) for reason in plan.guard]
    return lines


def _until(plan: Plan) -> str:
    return f"{plan.expires.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _escaped(text: str) -> str:
    return inert(text, 400).translate(_MARKDOWN)


def _cut(lines: list[str]) -> list[str]:
    """Return the lines, without those in the middle where they are too long together."""
    size = sum(len(line) + 1 for line in lines)
    if size <= _LONGEST:
        return lines
    head: list[str] = []
    left = _LONGEST
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            break
        head.append(line)
    return [*head, "", f"… {len(lines) - len(head)} more rows are left out here.", ""]
