"""However much a site says, what a result holds of it is bounded."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from fleet.errors import SiteError
from fleet.operations.base import Query
from fleet.operations.caps import LONGEST
from fleet.operations.facts import CoreFacts
from fleet.operations.option_writes import some
from fleet.operations.registry import REGISTRY, build
from fleet.operations.sameness import same_value
from fleet.operations.values import MASK, masked
from fleet.simulator.site import SiteSpec
from fleet.site.client import JetpackReader
from fleet.site.wire import Answer
from tests.operations.in_process import InProcess

TALE = "b" * 30_000
NEEDED: dict[str, dict[str, object]] = {
    "modules.show": {"module": "sharedaddy"},
    "api": {"path": "jetpack/v4/settings"},
    "connection.url": {"reveal": True},
}
QUERIES = [name for name, task in REGISTRY.items() if issubclass(task, Query)]


def texts(value: object) -> Iterator[str]:
    """Yield every text in a value, names too."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield name
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def swollen(value: object, key: str = "") -> object:
    """Return a value with a tale behind every text but codes, and a member that is one."""
    if isinstance(value, dict):
        grown: dict[str, object] = {name: swollen(each, name) for name, each in value.items()}
        return {**grown, TALE: TALE}
    if isinstance(value, list):
        return [swollen(each) for each in value]
    known = key in ("code", "override", "data", "package_name")
    return value + TALE if isinstance(value, str) and not known else value


class Talker:
    """A simulated site that talks too much."""

    def __init__(self) -> None:
        modules = ("protect", "monitor", "verification-tools", "sharedaddy")
        self._site = InProcess(SiteSpec("s", modules=modules, plan="complete"))

    async def get(self, route: str, query: Mapping[str, str] | None) -> Answer:
        answer = await self._site.get(route, query)
        grown: Any = answer.value if route == "jetpack/v4" else swollen(answer.value)
        return Answer(answer.status, grown, answer.headers)


@pytest.mark.parametrize("name", QUERIES)
async def test_no_reading_holds_more_of_a_text_than_the_cap(name: str) -> None:
    query = build(name, NEEDED.get(name, {}))
    assert isinstance(query, Query)
    try:
        data = await query.collect(JetpackReader(Talker().get))
    except SiteError as error:
        pytest.fail(f"{name} told nothing: {error.message[:200]}")
    assert max(len(text) for text in texts(data)) < LONGEST + 40


def test_a_note_holds_no_more_either() -> None:
    assert len(some([TALE, TALE])) < LONGEST + 40


async def test_facts_of_a_silent_wordpress_are_bounded_too() -> None:
    data = await CoreFacts(health=True).collect(JetpackReader(Talker().get))
    assert max(len(text) for text in texts(data)) < LONGEST + 40


def test_no_text_of_a_site_costs_more_time_than_its_length() -> None:
    began = time.perf_counter()
    dots = "a@" + "." * 1_000_000 + " x"
    assert masked("k", dots) == dots
    blanks = " " * 1_000_000
    assert not same_value("10.0.0.1", blanks, "jetpack_waf_ip_allow_list")
    assert time.perf_counter() - began < 5


def test_a_value_that_is_nested_without_end_is_not_looked_into() -> None:
    deep: object = "a@b.example"
    for _ in range(900):
        deep = {"a": deep}
    assert MASK in str(masked("k", deep))
