"""Why a site should be so and not otherwise: the rule that counts, and all it had to beat."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from difflib import get_close_matches

from fleet.inventory.sites import Site
from fleet.inventory.wording import shown
from fleet.policy.desired import ranked, waiver_for
from fleet.policy.document import PolicyDocument
from fleet.policy.rules import Mode, Requirement, Rule, Waiver, canonical_key, subject

__all__ = ["explain"]

LONGEST = 200
Statement = Rule | Requirement


def explain(document: PolicyDocument, site: Site, key: str, today: date) -> list[str]:
    """Return in lines what `document` says about a key of a site, and why.

    Args:
        document: The policies.
        site: The site.
        key: The key, as rules and exceptions may have it.
        today: The day for which exceptions are judged.
    """
    policies = [each for each in document.policies if each.selector.matches(site.labels)]
    said = [each for policy in policies for each in policy.statements]
    name = _canonical(key)
    found: list[Statement] = [each for each in said if subject(each.key) == subject(name)]
    if not found:
        return _nothing(document, site, key, said)
    first, *beaten = ranked(found)
    own = [waiver for waiver in document.waivers if waiver.covers(site.name)]
    about = [waiver for waiver in own if waiver.key == first.key]
    return [
        f"{first.key} on {site.name}: {_wanted(first)}",
        f"  by {_source(first)}",
        *(f"  beats {_wanted(each)} by {_source(each)}" for each in beaten),
        *_waivers(about, waiver_for(first.key, about, today)),
        *_consequence(first, waiver_for(first.key, about, today)),
    ]


def _canonical(key: str) -> str:
    try:
        return canonical_key(key)
    except ValueError:
        return key


def _wanted(statement: Statement) -> str:
    """Return what is asked for, as JSON, which is inert in a terminal."""
    if isinstance(statement, Rule):
        text = json.dumps(statement.value)
        return text if len(text) <= LONGEST else text[:LONGEST] + "…"
    head, _, kind = statement.key.rpartition(".")
    if head.startswith("plugins"):
        kind = "forbidden" if ".forbidden." in statement.key else "required"
        return f"{kind}, at least {statement.value}" if statement.value else kind
    return f"at least {statement.value}"


def _source(statement: Statement) -> str:
    return (
        f"policy {shown(statement.policy)}, level {statement.level}, {statement.place} "
        f"(mode {statement.mode}, severity {statement.severity})"
    )


def _waivers(waivers: Iterable[Waiver], holding: Waiver | None) -> list[str]:
    return [
        f"  {'waived' if waiver is holding else 'exception'} until {waiver.until}: {waiver.reason}"
        f"{_whose(waiver)}, {waiver.place}"
        for waiver in waivers
    ]


def _whose(waiver: Waiver) -> str:
    parts = [part for part in (waiver.owner, waiver.ticket) if part]
    return f" ({', '.join(parts)})" if parts else ""


def _consequence(statement: Statement, waiver: Waiver | None) -> list[str]:
    if waiver:
        return [f"  so a difference is left alone until {waiver.until}"]
    if statement.mode is Mode.IGNORE:
        return ["  so a difference is ignored"]
    if statement.mode is Mode.WARN or isinstance(statement, Requirement):
        return ["  so a difference is told, and nothing is changed"]
    return ["  so a difference is changed by apply"]


def _nothing(
    document: PolicyDocument, site: Site, key: str, said: Sequence[Statement]
) -> list[str]:
    name = _canonical(key)
    lines = [f"no policy says anything about {shown(key)} on {site.name}"]
    elsewhere = [
        each for policy in document.policies for each in policy.statements if each.key == name
    ]
    for each in elsewhere:
        lines.append(f"  other sites: {_wanted(each)} by {_source(each)}")
    known = sorted({each.key for each in said})
    lines.extend(f"  did you mean {near}?" for near in _near(name, known))
    return lines


def _near(key: str, known: Sequence[str]) -> list[str]:
    """Return the known keys whose name is like that in `key`, whatever stands in front of it."""
    names = {each.partition(".")[2]: each for each in known}
    wanted = key.partition(".")[2] or key
    return [names[name] for name in get_close_matches(wanted, names, 3)]
