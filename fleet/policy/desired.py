"""What policies come to for one site: which rule wins, and what is waived today."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from types import MappingProxyType
from typing import TypeVar

from fleet.inventory.sites import Site
from fleet.policy.rules import Desired, Effective, Policy, Requirement, Rule, Waiver, subject

__all__ = ["ranked", "resolve", "waiver_for"]

R = TypeVar("R", bound=Rule | Requirement)


def resolve(
    policies: Iterable[Policy], waivers: Iterable[Waiver], site: Site, today: date
) -> Desired:
    """Return what `site` should be on the day `today`.

    The rule of the highest level wins. Where rules of one level say the same, the strictest mode
    counts, then the worst severity, then the one that is written first.
    """
    chosen = [policy for policy in policies if policy.selector.matches(site.labels)]
    own = [waiver for waiver in waivers if waiver.covers(site.name)]
    rules = {}
    for key, each in _by_subject(rule for policy in chosen for rule in policy.rules):
        first, *beaten = each
        rules[key] = Effective(first, tuple(beaten), waiver_for(key, own, today))
    asked = _by_subject(each for policy in chosen for each in policy.requirements)
    requirements = tuple(
        each[0] for _, each in asked if waiver_for(each[0].key, own, today) is None
    )
    expired = tuple(waiver for waiver in own if not waiver.holds(today))
    return Desired(MappingProxyType(rules), requirements, expired)


def ranked(rules: Iterable[R]) -> list[R]:
    """Return `rules`, all about one key, with the one that counts first."""
    return sorted(rules, key=lambda rule: (-rule.level, -rule.mode.rank, -rule.severity.rank))


def waiver_for(key: str, waivers: Sequence[Waiver], today: date) -> Waiver | None:
    """Return that of `waivers` in force for `key` today which lasts longest."""
    holding = [waiver for waiver in waivers if waiver.key == key and waiver.holds(today)]
    return max(holding, key=lambda waiver: waiver.until, default=None)


def _by_subject(rules: Iterable[R]) -> list[tuple[str, list[R]]]:
    grouped: dict[str, list[R]] = {}
    for rule in rules:
        grouped.setdefault(subject(rule.key), []).append(rule)
    return [(name, ranked(each)) for name, each in sorted(grouped.items())]
