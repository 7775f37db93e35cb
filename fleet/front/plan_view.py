"""A plan for people: as text for a terminal, as Markdown for a pull request.

Sites that get the same change stand in one row, however many they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from fleet.policy.plan import Plan, PlannedChange
from fleet.report.inert import defuse_line, inert
from fleet.report.layout import duration, plural
from fleet.report.values import shown

__all__ = ["plan_headline", "plan_markdown", "plan_text"]

_MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>()#+-.!|~&"})
_LONGEST = 60_000
"""Characters of Markdown; services cut comments at 65,000."""
_FEW = 3
_WIDEST = 60
_TIMES = "\N{MULTIPLICATION SIGN}"

Row = tuple[str, str, list[str]]


def plan_text(plan: Plan, *, verbose: bool = False, next_command: str | None = None) -> str:
    """Return the plan as plain text.

    Args:
        plan: The plan.
        verbose: Name every site.
        next_command: What to run next.
    """
    lines = [f"Plan     {plan.id}, {plan_headline(plan)}", f"Expires  {_until(plan)}"]
    for title, rows in _tables(plan):
        lines += ["", title]
        wide = max((len(row[0]) for row in rows), default=0)
        change = min(_WIDEST, max((len(row[1]) for row in rows), default=0))
        lines += [
            f"  {head:<{wide}}  {what:<{change}}  {_TIMES} {plural(len(sites), 'site')}  "
            f"{_names(sites, verbose=verbose)}"
            for head, what, sites in rows
        ]
    ending = _ending(plan)
    if next_command:
        ending.append(f"Next     {next_command}")
    lines += ["", *ending] if ending else []
    return "".join(f"{defuse_line(line.rstrip())}\n" for line in lines)


def plan_markdown(plan: Plan, *, next_command: str | None = None) -> str:
    """Return the plan as Markdown; a long one is cut in the middle, the totals stay."""
    head = [f"### Plan {plan.id}", "", f"{_escaped(plan_headline(plan))}.", ""]
    body: list[str] = []
    for title, rows in _tables(plan):
        body += [f"**{title}**", "", "| key | change | sites | |", "| --- | --- | ---: | --- |"]
        body += [
            f"| {_escaped(key)} | {_escaped(what)} | {len(sites)} "
            f"| {_escaped(_names(sites, verbose=False))} |"
            for key, what, sites in rows
        ]
        body.append("")
    tail = [f"- {_escaped(line)}" for line in _ending(plan)]
    tail.append(f"- Expires {_until(plan)}; digest `{plan.digest}`")
    if next_command:
        tail += ["", f"`{next_command}`"]
    return "\n".join([*head, *_cut(body), *tail]) + "\n"


def plan_headline(plan: Plan) -> str:
    """Return in one sentence what the plan comes to."""
    changing, blocked = len(plan.changing), sum(not site.changes for site in plan.sites)
    wanted = plan.looked_at - len(plan.sites) - len(plan.unread)
    parts = [f"{plural(changing, 'site')} to change", f"{wanted:,} as wanted"]
    if blocked:
        parts.append(f"{blocked:,} where something cannot be changed")
    if plan.unread:
        parts.append(f"{len(plan.unread):,} that could not be read")
    return f"{plan.origin}: {', '.join(parts)}, of {plural(plan.looked_at, 'site')}"


def _tables(plan: Plan) -> Iterable[tuple[str, list[Row]]]:
    changes = _collapsed(
        ((change.key, _change(change)), site.name) for site in plan.sites for change in site.changes
    )
    blocked = _collapsed(
        ((each.key, f"{each.kind or 'left'}: {inert(each.reason, 120)}"), site.name)
        for site in plan.sites
        for each in site.blocked
    )
    unread = _collapsed(
        ((each.status, f"{each.kind or ''} {inert(each.message, 120)}".strip()), each.name)
        for each in plan.unread
    )
    titles = ("Would change", "Cannot be changed", "Could not be read")
    for title, rows in zip(titles, (changes, blocked, unread), strict=True):
        if rows:
            yield title, rows


def _collapsed(found: Iterable[tuple[tuple[str, str], str]]) -> list[Row]:
    """Return a row for each different thing, the most frequent first."""
    rows: dict[tuple[str, str], list[str]] = {}
    for what, site in found:
        rows.setdefault(what, []).append(site)
    ordered = sorted(rows.items(), key=lambda row: (-len(row[1]), row[0]))
    return [(inert(key, 80), what, sites) for (key, what), sites in ordered]


def _names(sites: list[str], *, verbose: bool) -> str:
    few = sites if verbose or len(sites) <= _FEW + 1 else sites[:_FEW]
    more = f" and {len(sites) - len(few):,} more" if len(few) < len(sites) else ""
    return ", ".join(inert(site, 64) for site in few) + more


def _change(change: PlannedChange) -> str:
    rule = f"  ({inert(change.rule, 40)})" if change.rule else ""
    if change.key.startswith("modules."):
        return f"{_switch(change.before)} → {_switch(change.after)}{rule}"
    return f"{shown(change.before)} → {shown(change.after)}{rule}"


def _switch(value: object) -> str:
    return {True: "on", False: "off"}.get(value is True, "?") if isinstance(value, bool) else "?"


def _ending(plan: Plan) -> list[str]:
    lines = []
    if len(plan.waves) > 1:
        sizes = ", then ".join(
            plural(len(wave.sites), "site")
            + (f" and a pause of {duration(wave.pause)}" if wave.pause else "")
            for wave in plan.waves
        )
        lines.append(f"Waves    {sizes}")
    if plan.limits.max_failures is not None:
        lines.append(f"Budget   stops when more than {plan.limits.max_failures} end badly")
    lines += [f"Guard    {reason}" for reason in plan.guard]
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
