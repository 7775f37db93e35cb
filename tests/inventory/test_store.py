from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from fleet.errors import InputError
from fleet.inventory.model import Inventory
from tests.inventory.support import HEAD, load, written
from tests.inventory.test_model import LAYERED

SITES = "sites:\n" + "".join(
    f"  s{n:04d}: {{url: https://s{n:04d}.example, labels: {{half: h{n % 2}}}}}\n"
    for n in range(1000)
)

MORE = SITES.partition("\n")[2].replace("s0", "t0")


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    return load(tmp_path_factory.mktemp("thousand"), HEAD + SITES)


def test_sites_are_a_mapping_in_the_order_of_the_file(thousand: Inventory) -> None:
    names = [f"s{n:04d}" for n in range(1000)]
    sites = thousand.sites
    assert list(sites) == list(sites.keys()) == names
    assert [site.name for site in sites.values()] == names
    assert [name for name, _ in sites.items()] == names
    assert dict(sites.items()) == {name: sites[name] for name in names}
    assert (len(sites), "s0999" in sites, "s1000" in sites) == (1000, True, False)
    assert sites.get("nobody") is None
    with pytest.raises(KeyError):
        sites["nobody"]


def test_a_site_made_twice_is_the_same_by_value(thousand: Inventory) -> None:
    one, again = thousand.sites["s0001"], thousand.sites["s0001"]
    assert (one == again, hash(one) == hash(again)) == (True, True)
    assert one != thousand.sites["s0002"]
    assert one.auth is again.auth is thousand.sites["s0002"].auth


def test_selected_sites_are_still_a_mapping_in_order(thousand: Inventory) -> None:
    odd = thousand.select("half=h1", exclude=["s0003"])
    assert (len(odd.sites), next(iter(odd.sites))) == (499, "s0001")
    assert ("s0002" in odd.sites, "s0003" in odd.sites, "s0005" in odd.sites) == (
        False,
        False,
        True,
    )
    assert list(odd.select(sites=["s00?1"]).sites)[:2] == ["s0001", "s0011"]
    with pytest.raises(InputError, match="there is no site 's0002'"):
        odd.select(sites=["s0002"])


def test_only_the_named_sites_are_left_and_may_be_none(thousand: Inventory) -> None:
    assert list(thousand.only({"s0009", "s0004", "nobody"}).sites) == ["s0004", "s0009"]
    assert not thousand.only(()).sites
    assert list(thousand.where(lambda site: site.name in ("s0007", "s0005")).sites) == [
        "s0005",
        "s0007",
    ]


def test_other_time_limits_hold_for_each_site_and_for_what_is_selected_later(
    thousand: Inventory,
) -> None:
    assert thousand.with_http(None, None) is thousand
    quick = thousand.with_http(1.5, None)
    assert {site.http.timeout for site in quick.select("half=h0").sites.values()} == {1.5}
    assert quick.sites["s0001"].http.deadline == 120.0
    assert thousand.with_http(None, 9.0).only(["s0001"]).sites["s0001"].http.deadline == 9.0
    assert thousand.sites["s0001"].http.timeout == 30.0


def test_passwords_that_come_from_above_are_told_once(tmp_path: Path) -> None:
    inventory = load(
        tmp_path,
        LAYERED + "  own: {url: https://own.example, auth: {password: 'env:OWN'}}\n",
    )
    told = [ref.text for ref in inventory.passwords()]
    assert sorted(set(told)) == ["env:FLEET_PASSWORD", "env:OWN", "file:secrets/both"]
    assert set(inventory.passwords()) == {s.auth.password for s in inventory.sites.values()}
    assert told.count("env:FLEET_PASSWORD") <= 2


def test_an_inline_secret_is_in_no_record(tmp_path: Path) -> None:
    inventory = load(
        tmp_path,
        "version: 1\nallow_inline_secrets: true\nsites:\n"
        "  a: {url: https://a.example, auth: {username: x, password: hunter2}}\n",
    )
    password = inventory.sites["a"].auth.password
    assert password.inline is not None
    assert password.inline.get_secret_value() == "hunter2"
    assert b"hunter2" not in bytes(inventory.sites.store.blob)


def test_two_sites_whose_names_have_one_hash_are_told_apart(tmp_path: Path) -> None:
    # Known collisions of CRC-32.
    inventory = load(
        tmp_path,
        HEAD + "sites:\n  plumless: https://a.example\n  buckeroo: https://b.example\n",
    )
    assert str(inventory.sites["plumless"].url) == "https://a.example/"
    assert str(inventory.sites["buckeroo"].url) == "https://b.example/"


def test_a_site_costs_few_bytes(tmp_path: Path) -> None:
    few = written(tmp_path, HEAD + SITES, "few.yaml")
    many = written(tmp_path, HEAD + SITES + MORE, "many.yaml")
    costs = [retained(file) for file in (few, many)]
    assert (costs[1] - costs[0]) / 1000 < 250


def retained(file: Path) -> int:
    """Return the bytes that the selected sites of a file hold, caches of libraries included."""
    Inventory.load([file])
    gc.collect()
    tracemalloc.start()
    try:
        inventory = Inventory.load([file]).select("half")
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
        assert len(inventory.sites) >= 1000
        return held
    finally:
        tracemalloc.stop()


def test_origins_are_found_when_asked_for(thousand: Inventory) -> None:
    origins = thousand.sites["s0002"].origins
    assert str(origins["url"].place).endswith("inventory.yaml:7:16")
    assert (len(origins), "nothing" in origins) == (len(list(origins)), False)
    assert origins["labels.half"].value == "h0"


def test_a_list_of_sites_tells_what_they_are_called_without_making_them(
    thousand: Inventory,
) -> None:
    listed = thousand.select("half=h1").sites.listed()
    assert [listed.called(place) for place in range(len(listed))] == [
        (site.name, str(site.url)) for site in listed
    ]


def test_a_list_of_sites_keeps_only_those_made_lately(thousand: Inventory) -> None:
    listed = thousand.sites.listed()
    first = listed[0]
    assert listed[0] is first
    assert [site.name for site in listed] == list(thousand.sites)
    assert (listed[0] is first, listed[0] == first) == (False, True)
