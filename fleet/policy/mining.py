"""The policy that a fleet follows without having one: what most sites agree on, and who differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fleet.errors import InputError
from fleet.policy.fit import json_text, omission
from fleet.policy.rules import MODULES, SETTINGS, canonical_key
from fleet.policy.text import comments, header, rule_lines

__all__ = ["Mined", "MinedRule", "Outlier", "mine", "mined_text"]

NAMED = 8


@dataclass(frozen=True, slots=True)
class MinedRule:
    """What most sites agree on.

    Args:
        key: The key, as rules have it.
        value: The value they agree on.
        agreeing: How many sites have that value.
        having: How many sites have the key at all.
    """

    key: str
    value: object = field(hash=False)
    agreeing: int
    having: int


@dataclass(frozen=True, slots=True)
class Outlier:
    """A site that differs from what most agree on.

    Args:
        site: Its name.
        keys: The keys on which it differs.
    """

    site: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mined:
    """What looking at a fleet brought to light.

    Args:
        sites: How many sites were looked at.
        rules: What most agree on, in the order of keys.
        outliers: The sites that differ, those with the most differences first.
    """

    sites: int
    rules: tuple[MinedRule, ...]
    outliers: tuple[Outlier, ...]


def mine(observed: Mapping[str, Mapping[str, object]], share: float = 0.8, least: int = 2) -> Mined:
    """Return what at least `share` of the sites that have a key agree on.

    Args:
        observed: Value by key, as rules have it, by site; what has no place in a policy, such as
            secrets and what belongs to one site, is passed over.
        share: Part of the sites that has to agree, more than half.
        least: Sites that have to have a key before anything is said of it.

    Raises:
        InputError: `share` is not more than a half and at most 1.
    """
    if not 0.5 < share <= 1:
        raise InputError("the share of sites that have to agree is more than 50% and at most 100%")
    counts: dict[str, Counter[str]] = {}
    values: dict[tuple[str, str], object] = {}
    for settings in observed.values():
        for key, value, text in _fit(settings):
            counts.setdefault(key, Counter())[text] += 1
            values.setdefault((key, text), value)
    rules = {}
    for key, found in sorted(counts.items()):
        ((text, agreeing),) = found.most_common(1)
        if found.total() >= least and agreeing >= share * found.total():
            rules[key] = (MinedRule(key, values[key, text], agreeing, found.total()), text)
    outliers = []
    for site, settings in observed.items():
        differs = [key for key, _, text in _fit(settings) if key in rules and rules[key][1] != text]
        if differs:
            outliers.append(Outlier(site, tuple(sorted(differs))))
    outliers.sort(key=lambda each: (-len(each.keys), each.site))
    return Mined(len(observed), tuple(rule for rule, _ in rules.values()), tuple(outliers))


def mined_text(mined: Mined, name: str = "consensus") -> str:
    """Return what was found as the text of a policy, with counts and outliers as comments.

    Args:
        mined: What was found.
        name: Name of the policy.
    """
    rules = {rule.key: rule.value for rule in mined.rules}
    notes = {rule.key: f"{rule.agreeing} of {rule.having}" for rule in mined.rules}
    outliers = {each.site: _differences(each) for each in mined.outliers}
    lines = [
        f"# What most of {mined.sites} sites have in common; behind each rule stands how many of",
        "# the sites that have the key agree on it.",
        *header(name),
        *rule_lines(rules, notes),
        *comments("Sites that differ, and on how much:", outliers),
    ]
    return "\n".join(lines) + "\n"


def _fit(settings: Mapping[str, object]) -> Iterator[tuple[str, object, str]]:
    """Yield key, value and the value as text of what may be part of a policy."""
    for key, value in settings.items():
        if _is_key(key) and (
            isinstance(value, bool)
            if key.startswith(MODULES)
            else key.startswith(SETTINGS) and not omission(key.removeprefix(SETTINGS), value)
        ):
            yield key, value, json_text(value)


def _is_key(key: str) -> bool:
    try:
        return canonical_key(key) == key
    except ValueError:
        return False


def _differences(outlier: Outlier) -> str:
    # Keys have been found fit and are printable; they stand in a comment, where only the end of
    # the line could do harm.
    more = len(outlier.keys) - NAMED
    named = ", ".join(outlier.keys[:NAMED])
    return f"{len(outlier.keys)} ({named}{f' and {more} more' if more > 0 else ''})"
