"""Every settings key of every era: set to what it takes, it ends as wanted, and stays so."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet.operations.settings import SetSettings
from fleet.operations.values import COMMANDS, NEVER, READ_ONLY
from fleet.results import Verdict
from fleet.simulator.eras import ERAS
from fleet.simulator.settings import Option, options_of
from fleet.simulator.site import SiteSpec
from fleet.simulator.values import read_option
from tests.engine.setting_strategies import valid_values
from tests.operations.in_process import Ended, InProcess

T = TypeVar("T")
FULL = [era for era in ERAS.values() if era.many_settings]
NOT_ORDINARY = COMMANDS | NEVER
GONE = {"google_analytics_tracking_id": (13, 7)}
"""Keys whose module is gone from a release on: taken by the schema, shown by nothing."""
ADDRESSES = ("jetpack_protect_global_whitelist", "jetpack_waf_ip_allow_list",
             "jetpack_waf_ip_block_list")  # fmt: skip
SHARED = "jetpack_waf_ip_allow_list"
"""From 12.3 on this key and the list of Protect are one value under two names."""


def is_ordinary(option: Option, number: tuple[int, int]) -> bool:
    return option.key not in NOT_ORDINARY and number < GONE.get(option.key, (99, 0))


EVERY_KEY = [
    pytest.param(era.name, option, id=f"{era.name} {option.key}")
    for era in FULL
    for option in options_of(era).values()
    if is_ordinary(option, era.number)
]


@pytest.fixture(scope="module")
def sites() -> dict[str, InProcess]:
    """One connected site of each era with the modules on that some keys need."""
    specs = {
        era.name: SiteSpec("s", era=era.name, plan="complete", modules=("monitor", "protect"))
        for era in FULL
    }
    return {name: InProcess(spec) for name, spec in specs.items()}


def fresh(sites: dict[str, InProcess], era: str) -> InProcess:
    """Return the site of an era with nothing stored."""
    site = sites[era]
    site.site.options.clear()
    site.site.state.plugins["akismet/akismet.php"] = True
    return site


def finished(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def settle(site: InProcess, values: dict[str, object]) -> tuple[Ended, Ended]:
    """Return how setting ends, and how it ends when asked for again."""
    task = SetSettings(values)  # type: ignore[arg-type] # JSON of any shape
    return await site.run(task), await site.run(task)


def plain(option: Option, value: object) -> object:
    """Return a value as it compares across escaping, trimming and order."""
    if option.key in ADDRESSES:
        texts: list[object] = value["local"] if isinstance(value, dict) else [value]
        joined = re.sub(r"\s+-\s+", "-", html.unescape(" ".join(map(str, texts))))
        return set(re.split(r"[\s,;]+", joined)) - {""}
    if isinstance(value, list):
        return {str(each) for each in value}
    if option.rule == "whole" and isinstance(value, str):
        # Before 6.7 a tag is stored whole; it verifies the same as its content.
        return re.sub(r'.*content="(.*)" />', r"\1", value)
    return html.unescape(value).strip() if isinstance(value, str) else value


@pytest.mark.parametrize(("era", "option"), EVERY_KEY)
@given(data=st.data())
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_key_ends_as_wanted_a_second_run_is_idle_and_sending_again_changes_nothing(
    sites: dict[str, InProcess], era: str, option: Option, data: st.DataObject
) -> None:
    site = fresh(sites, era)
    for value in data.draw(st.lists(valid_values(option), min_size=1, max_size=2)):
        first, again = finished(settle(site, {option.key: value}))
        assert first.keys[option.key].verdict in (Verdict.CHANGED, Verdict.UNCHANGED), first
        assert again.verdicts == {option.key: "unchanged"}
        assert again.writes == 0
        if option.kind != "object":
            held = plain(option, read_option(site.site, option))
            finished(site.client.update_settings({option.key: value}))
            assert plain(option, read_option(site.site, option)) == held


@pytest.mark.parametrize("era", [era.name for era in FULL])
@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_all_keys_at_once_end_as_wanted_and_a_second_run_writes_nothing(
    sites: dict[str, InProcess], era: str, data: st.DataObject
) -> None:
    site = fresh(sites, era)
    options = options_of(ERAS[era]).values()
    ordinary = [each for each in options if is_ordinary(each, ERAS[era].number)]
    values = data.draw(
        st.fixed_dictionaries(
            {each.key: valid_values(each) for each in ordinary if each.key != SHARED}
        )
    )
    first, again = finished(settle(site, values))
    assert set(first.verdicts.values()) <= {"changed", "unchanged"}, first
    assert set(again.verdicts.values()) == {"unchanged"}
    assert again.writes == 0


OTHER_KEYS = [
    pytest.param(era.name, key, id=f"{era.name} {key}")
    for era in FULL
    for key in sorted(NOT_ORDINARY | READ_ONLY | GONE.keys())
    if era.number >= GONE.get(key, (0, 0))
]


@pytest.mark.parametrize(("era", "key"), OTHER_KEYS)
async def test_other_keys_are_refused_without_a_write(
    sites: dict[str, InProcess], era: str, key: str
) -> None:
    ended = await fresh(sites, era).run(SetSettings({key: "create"}))
    assert ended.keys[key].verdict is Verdict.UNSUPPORTED
    assert ended.keys[key].reason
    assert ended.writes == 0
