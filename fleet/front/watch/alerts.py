"""Which of the things that are wrong have to be told now: pure.

A route remembers what it has told. It tells what is new, after as many runs in a row as were asked
for; what is over; and, where that is wished, what is still so after a long time. What could not be
looked at is neither new nor over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fleet.front.watch.conditions import Condition, Seen
from fleet.front.watch.kept import condition_from, condition_into, moment, number, record
from fleet.front.watch.nouns import AlertKind, Route
from fleet.inventory.model import Inventory

__all__ = [
    "AGAIN",
    "NEW",
    "OVER",
    "Happening",
    "Known",
    "State",
    "decide",
    "known_from",
    "known_into",
]

NEW, AGAIN, OVER = "new", "still", "over"


@dataclass(frozen=True, slots=True)
class Known:
    """What a route remembers of a condition.

    Args:
        condition: The condition as it was seen last.
        since: When it was seen first.
        runs: How many runs in a row have seen it.
        told: When it was told last, or None where it was not.
    """

    condition: Condition
    since: datetime
    runs: int = 1
    told: datetime | None = None


State = Mapping[str, Known]
"""What a route remembers for one schedule, by id of the condition."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing to tell.

    Args:
        what: ``new``, ``still`` or ``over``.
        condition: What it is about.
        since: When it was seen first.
    """

    what: str
    condition: Condition
    since: datetime


def decide(
    route: Route, state: State, seen: Seen, inventory: Inventory | None, now: datetime
) -> tuple[dict[str, Known], list[Happening]]:
    """Return what the route remembers from now on, and what it has to tell.

    Args:
        route: The route.
        state: What it remembers.
        seen: What a run saw.
        inventory: The sites with their labels; None where no site was looked at.
        now: The time.
    """
    wanted = [each for each in seen.conditions.values() if _concerns(route, each, inventory)]
    kept: dict[str, Known] = {}
    for condition in wanted:
        old = state.get(condition.id)
        runs = old.runs + 1 if old else 1
        since, told = (old.since, old.told) if old else (now, None)
        kept[condition.id] = Known(condition, since, runs, told)
    happenings = _over(route, state, seen, kept)
    ripe = [each for each in kept.values() if each.told is None and each.runs >= route.after]
    loud = _many_enough(route, kept.values())
    for known in ripe:
        if known.condition.kind in loud:
            happenings.append(Happening(NEW, known.condition, known.since))
            kept[known.condition.id] = _told(known, now)
    happenings += _again(route, kept, now)
    return kept, happenings


def _over(route: Route, state: State, seen: Seen, kept: dict[str, Known]) -> list[Happening]:
    """Return what is over; what cannot be told is kept as it was, and the rest forgotten."""
    found = []
    for known in state.values():
        condition = known.condition
        if condition.id in kept:
            continue
        place = (condition.kind, condition.site, condition.key)
        if seen.ended(*place):
            if known.told and AlertKind.RECOVERED in route.kinds:
                found.append(Happening(OVER, condition, known.since))
        elif not seen.moot(*place):
            kept[condition.id] = known
    return found


def _again(route: Route, kept: dict[str, Known], now: datetime) -> list[Happening]:
    found = []
    for known in list(kept.values()):
        if not route.repeat or known.told is None:
            continue
        if (now - known.told).total_seconds() >= route.repeat:
            found.append(Happening(AGAIN, known.condition, known.since))
            kept[known.condition.id] = _told(known, now)
    return found


def _many_enough(route: Route, known: Iterable[Known]) -> set[AlertKind]:
    """Return the kinds of which enough sites are concerned; a missed run concerns all."""
    sites: dict[AlertKind, set[str]] = {AlertKind.MISSED: set(map(str, range(route.min_sites)))}
    for each in known:
        sites.setdefault(each.condition.kind, set()).add(each.condition.site)
    return {kind for kind, names in sites.items() if len(names) >= route.min_sites}


def _concerns(route: Route, condition: Condition, inventory: Inventory | None) -> bool:
    if condition.kind not in route.kinds:
        return False
    if condition.kind is AlertKind.MISSED:
        return True
    if condition.kind is AlertKind.DRIFT and condition.severity.rank < route.severity.rank:
        return False
    site = inventory.sites.get(condition.site) if inventory else None
    return route.selector.matches(site.labels if site else {})


def _told(known: Known, now: datetime) -> Known:
    return Known(known.condition, known.since, known.runs, now)


def known_into(state: State) -> dict[str, object]:
    """Return what a route remembers as a JSON value."""
    return {
        name: {
            **condition_into(known.condition),
            "since": known.since.isoformat(),
            "runs": known.runs,
            "told": known.told.isoformat() if known.told else None,
        }
        for name, known in state.items()
    }


def known_from(value: object) -> dict[str, Known]:
    """Return what `known_into` made a JSON value of.

    Raises:
        KeyError, TypeError, ValueError: It is damaged.
    """
    return {name: _known(record(each)) for name, each in record(value).items()}


def _known(value: Mapping[str, object]) -> Known:
    told = value["told"]
    return Known(
        condition_from(value),
        moment(value["since"]),
        number(value["runs"]),
        None if told is None else moment(told),
    )
