"""What policies come to for one site: which rule wins, and what is waived today."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from types import MappingProxyType
from typing import TypeVar

from fleet.inventory.sites import Site
from fleet.policy.rules import Desired, Effective, Policy, Requirement, Rule, Waiver, subject

__all__ = ["Day", "ranked", "resolve", "waiver_for"]

R = TypeVar("R", bound=Rule | Requirement)


def resolve(
    policies: Iterable[Policy], waivers: Iterable[Waiver], site: Site, today: date
) -> Desired:
    """Return what `site` should be on the day `today`.

    The rule of the highest level wins. Where rules of one level say the same, the strictest mode
    counts, then the worst severity, then the one that is written first.
    """
    return Day(policies, waivers, today).desired(site)


class Day:
    """What policies want on one day; sites that the same ones are for share the answer.

    Args:
        policies: The policies.
        waivers: What is waived, and until when.
        today: The day.
    """

    def __init__(self, policies: Iterable[Policy], waivers: Iterable[Waiver], today: date) -> None:
        self._policies = tuple(policies)
        self._waivers = tuple(waivers)
        self._today = today
        self._known: dict[tuple[tuple[int, ...], tuple[int, ...]], Desired] = {}

    def desired(self, site: Site) -> Desired:
        """Return what `site` should be; the same object for all sites that should be alike."""
        policies, waivers = enumerate(self._policies), enumerate(self._waivers)
        chosen = tuple(at for at, each in policies if each.selector.matches(site.labels))
        own = tuple(at for at, each in waivers if each.covers(site.name))
        found = self._known.get((chosen, own))
        if found is None:
            found = self._known[chosen, own] = _together(
                [self._policies[at] for at in chosen],
                [self._waivers[at] for at in own],
                self._today,
            )
        return found


def _together(chosen: Sequence[Policy], own: Sequence[Waiver], today: date) -> Desired:
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
