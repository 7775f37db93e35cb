"""Policies of one level that disagree: for whom, and where both are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from fleet.errors import InputError
from fleet.inventory.sites import Site
from fleet.inventory.wording import shown
from fleet.policy.fit import same
from fleet.policy.rules import Policy, Requirement, Rule, subject

__all__ = ["conflicts"]

Clash = tuple[Rule | Requirement, Rule | Requirement]


def conflicts(policies: Sequence[Policy], sites: Iterable[Site]) -> list[InputError]:
    """Return one mistake for each pair of rules of one level that disagree on one of `sites`.

    A rule of a higher level does not settle a disagreement below it: which of the two was meant
    would come out as soon as that rule goes.
    """
    clashes = {
        (one, other): tuple(_clashes(policies[one], policies[other]))
        for one, other in combinations(range(len(policies)), 2)
    }
    among = {pair: found for pair, found in clashes.items() if found}
    involved = sorted({number for pair in among for number in pair})
    affected: dict[tuple[int, int], list[str]] = {}
    for site in sites if among else ():
        own = [number for number in involved if policies[number].selector.matches(site.labels)]
        for pair in combinations(own, 2):
            if pair in among:
                affected.setdefault(pair, []).append(site.name)
    return [_told(clash, names) for pair, names in affected.items() for clash in among[pair]]


def _clashes(one: Policy, other: Policy) -> Iterator[Clash]:
    if one.level != other.level:
        return
    theirs = {subject(rule.key): rule for rule in other.statements}
    for rule in one.statements:
        against = theirs.get(subject(rule.key))
        if against and (rule.key != against.key or not same(rule.value, against.value)):
            yield rule, against


def _told(clash: Clash, names: Sequence[str]) -> InputError:
    first, later = clash
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return InputError(
        f"for the site {shown(names[0])}{more}, this disagrees on {shown(later.key)} with the "
        f"policy {shown(first.policy)} of the same level, in {first.place}: give one of the two a "
        "higher level, or keep their selectors apart",
        later.place,
    )
