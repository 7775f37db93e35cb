"""Which of the things that are wrong are told, route by route."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from fleet.front.watch.alerts import Happening, Known, decide, known_from, known_into
from fleet.front.watch.conditions import Condition, Seen
from fleet.front.watch.nouns import AlertKind, Route
from fleet.inventory.model import Inventory
from fleet.inventory.selector import parse_selector
from fleet.journal.findings import Sighting
from fleet.policy.rules import Severity
from tests.policy.support import fleet_of
from tests.watch.support import utc

DAY = timedelta(days=1)
START = utc("2026-11-24", "02:30")


@pytest.fixture
def sites(tmp_path: Path) -> Inventory:
    return fleet_of(tmp_path, {"a": {"client": "acme"}, "b": {"client": "fjord"}, "c": {}})


def drift(site: str, severity: Severity = Severity.MEDIUM) -> Condition:
    return Condition(AlertKind.DRIFT, site, "modules.x", severity, "false, wanted true")


def failing(site: str) -> Condition:
    return Condition(AlertKind.FAILING, site, "", Severity.HIGH, "net.timeout")


def seen(*conditions: Condition, good: Iterable[str] = (), lost: Iterable[str] = ()) -> Seen:
    """Return what a run saw: what is wrong, and sites that are well or were not looked at."""
    looked = {c.site: Sighting(c.site, "", c.kind is AlertKind.DRIFT) for c in conditions}
    looked |= {site: Sighting(site, "", True, (), frozenset({"modules.x"})) for site in good}
    looked |= {site: Sighting(site, "", False) for site in lost}
    return Seen({c.id: c for c in conditions}, looked)


def nights(route: Route, sites: Inventory, *runs: Seen) -> list[list[str]]:
    """Return what is told after each of a row of nightly runs."""
    state: dict[str, Known] = {}
    told = []
    for number, run in enumerate(runs):
        kept, happenings = decide(route, state, run, sites, START + number * DAY)
        state = known_from(known_into(kept))
        assert state == kept
        told.append(sorted(map(_word, happenings)))
    return told


def _word(happening: Happening) -> str:
    condition = happening.condition
    return f"{happening.what} {condition.kind} {condition.site}"


def test_what_is_new_is_told_once_and_what_is_over_once(sites: Inventory) -> None:
    route = Route("r", ("c",))
    runs = (seen(drift("a")), seen(drift("a")), seen(good="a"), seen(good="a"), seen(drift("a")))
    assert nights(route, sites, *runs) == [
        ["new drift a"],
        [],
        ["over drift a"],
        [],
        ["new drift a"],
    ]


def test_what_was_not_looked_at_is_neither_new_nor_over(sites: Inventory) -> None:
    told = nights(
        Route("r", ("c",)),
        sites,
        seen(drift("a")),
        seen(lost="a"),
        seen(failing("a")),
        seen(good="a"),
    )
    assert told == [["new drift a"], [], ["new failing a"], ["over drift a", "over failing a"]]


def test_a_site_that_left_the_fleet_is_forgotten(sites: Inventory) -> None:
    told = nights(Route("r", ("c",)), sites, seen(drift("a")), seen(), seen(drift("a")))
    assert told == [["new drift a"], [], ["new drift a"]]


def test_a_route_is_narrowed(sites: Inventory) -> None:
    acme = Route("r", ("c",), select="client=acme", selector=parse_selector("client=acme"))
    assert nights(acme, sites, seen(drift("a"), drift("b"))) == [["new drift a"]]
    grave = Route("r", ("c",), severity=Severity.HIGH)
    run = seen(drift("a"), drift("b", Severity.HIGH), failing("c"))
    assert nights(grave, sites, run) == [["new drift b", "new failing c"]]
    kinds = Route("r", ("c",), kinds=frozenset({AlertKind.FAILING}))
    assert nights(kinds, sites, seen(drift("a"), failing("b")), seen(good="b")) == [
        ["new failing b"],
        [],
    ]


def test_after_so_many_runs_in_a_row_and_on_so_many_sites(sites: Inventory) -> None:
    twice = Route("r", ("c",), after=2)
    told = nights(twice, sites, seen(drift("a")), seen(drift("a")), seen(good="a"))
    assert told == [[], ["new drift a"], ["over drift a"]]
    assert nights(twice, sites, seen(drift("a")), seen(good="a"), seen(drift("a"))) == [[], [], []]
    many = Route("r", ("c",), min_sites=2)
    told = nights(many, sites, seen(drift("a")), seen(drift("a"), drift("b")))
    assert told == [[], ["new drift a", "new drift b"]]


def test_what_is_still_so_is_told_again_where_that_is_wished(sites: Inventory) -> None:
    told = nights(Route("r", ("c",), repeat=2 * 86_400), sites, *[seen(drift("a"))] * 5)
    assert told == [["new drift a"], [], ["still drift a"], [], ["still drift a"]]
