"""How a run is cut into parts, what is sent of it, and what a second worker makes of the first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from fleet.engine.part_work import as_meant
from fleet.engine.parts import carried, cut, packed, refuse_secrets, refuse_unsendable, unpacked
from fleet.errors import InputError
from fleet.inventory.secrets import SecretKind, SecretRef
from fleet.journal.records import Intent, StoredIntent
from fleet.operations.modules import ActivateModules
from fleet.operations.registry import REGISTRY, build
from fleet.results import KeyResult, SiteResult, Status, Verdict
from tests.engine.sites import inventory, site

PLACES = st.lists(st.tuples(st.sampled_from(["", "eu", "us"]), st.sampled_from("abcdefgh")))
AT = datetime(2026, 11, 25, tzinfo=UTC)


@given(places=PLACES, size=st.integers(1, 9))
def test_each_site_is_in_one_part_and_each_server_too(
    places: list[tuple[str, str]], size: int
) -> None:
    parts = list(cut(places, size))
    assert sorted(index for _, part in parts for index in part) == list(range(len(places)))
    homes: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for number, (region, part) in enumerate(parts):
        for index in part:
            assert places[index][0] == region
            homes[places[index]].add(number)
    assert all(len(home) == 1 for home in homes.values())
    small: defaultdict[str, int] = defaultdict(int)
    for region, part in parts:
        small[region] += len(part) < size
    assert all(count <= 1 for count in small.values())


def test_a_site_is_sent_whole_and_without_a_secret(tmp_path: Path) -> None:
    listed = inventory(
        tmp_path,
        """
version: 1
defaults: {auth: {username: ops, password: "env:PW"}}
sites:
  shop:
    url: https://shop.example
    labels: {client: acme}
    http: {timeout: 5s, proxy: "http://proxy.example:3128"}
    window: {tz: Europe/Vienna, allow: ["Mon-Fri 08:00-17:00"]}
    freeze: [{from: 2026-12-01, to: 2026-12-26, reason: sales}]
""",
    ).sites["shop"]
    assert unpacked(packed(carried(listed))) == listed


def test_a_password_in_the_inventory_is_not_sent() -> None:
    inline = SecretRef(SecretKind.INLINE, "", inline=SecretStr("hunter2hunter2"))
    shop = site("shop")
    with pytest.raises(InputError, match="would be sent around"):
        carried(replace(shop, auth=replace(shop.auth, password=inline)))


def test_a_secret_value_is_not_sent() -> None:
    refuse_secrets(ActivateModules(("protect",)))
    with pytest.raises(InputError, match="sets a secret value"):
        refuse_secrets(build("settings.set", {"values": {"wordpress_api_key": "abcdef123456"}}))


@pytest.mark.parametrize("name", sorted(set(REGISTRY) - {"settings.sync", "settings.diff"}))
def test_every_operation_can_be_sent(name: str) -> None:
    given = {
        "modules": ["protect"],
        "module": "protect",
        "values": {"stats": True},
        "options": {"carousel_background_color": "black"},
        "notice": "welcome",
        "path": "jetpack/v4/site",
        "method": "GET",
        "keys": ["stats"],
    }
    fields = getattr(REGISTRY[name], "__pydantic_fields__", {})
    known = {field.alias or key: field for key, field in fields.items()}
    values = {key: given[key] for key, field in known.items() if field.is_required()}
    refuse_unsendable(build(name, values))


def key(verdict: Verdict, found: object) -> KeyResult:
    return KeyResult("modules.protect", verdict, found, True, found)


@pytest.mark.parametrize(
    ("result", "before", "sealed", "status"),
    [
        (key(Verdict.UNCHANGED, True), False, False, Status.CHANGED),
        (key(Verdict.UNCHANGED, True), True, False, Status.UNCHANGED),
        (key(Verdict.UNCHANGED, True), None, True, Status.UNCHANGED),
        (key(Verdict.CHANGED, True), False, False, Status.CHANGED),
        (key(Verdict.UNKNOWN, None), False, False, Status.UNKNOWN),
    ],
)
def test_what_a_dead_worker_changed_was_changed_by_the_run(
    result: KeyResult, before: object, sealed: bool, status: Status
) -> None:
    shop = SiteResult("shop", "https://shop.example/", Status.UNCHANGED, keys=(result,))
    if result.verdict is Verdict.CHANGED:
        shop = replace(shop, status=Status.CHANGED)
    if result.verdict is Verdict.UNKNOWN:
        shop = replace(shop, status=Status.UNKNOWN, kind="write.unconfirmed")
    intent = Intent("modules.protect", before, None if sealed else True, sealed)
    found = as_meant(shop, [StoredIntent("shop", intent, AT, False)])
    assert found.status is status
    assert as_meant(shop, ()) is shop
    if status is Status.CHANGED:
        assert found.keys[0].before == (before if result.verdict is Verdict.UNCHANGED else True)
