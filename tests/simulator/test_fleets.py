"""Made-up fleets: believable, reproducible, and listed in an inventory."""

from __future__ import annotations

import pytest
import yaml

from fleet.simulator import World, demo_fleet, inventory_text
from tests.simulator.browser import ADMIN, Browser


@pytest.mark.parametrize("count", [0, 1, 2, 3, 12, 100, 1500])
def test_a_fleet_has_as_many_sites_as_asked_with_names_of_their_own(count: int) -> None:
    specs = demo_fleet(count)
    assert len({spec.name for spec in specs}) == count
    world = World()
    for spec in specs:
        world.add(spec)


def test_a_fleet_is_the_same_for_the_same_seed() -> None:
    assert demo_fleet(30, seed=4) == demo_fleet(30, seed=4)
    assert demo_fleet(30, seed=4) != demo_fleet(30, seed=5)


def test_a_small_fleet_is_mixed_and_has_every_trouble() -> None:
    specs = demo_fleet(12)
    assert {spec.permalinks for spec in specs} == {"pretty", "plain"}
    assert any(spec.core_folder for spec in specs)
    assert any(spec.users[0].password != ADMIN.password for spec in specs)
    assert {"4.3", None, "15.1", "16.1"} <= {spec.era for spec in specs}
    assert any(spec.faults for spec in specs)
    assert any(spec.forced for spec in specs)
    assert any(spec.connection == "offline" for spec in specs)


def test_a_fleet_without_faults_lets_everybody_in() -> None:
    world = World()
    for spec in demo_fleet(25, faults=False):
        world.add(spec)
        browser = Browser(world, spec.name)
        assert browser.log_in().status == 302
        assert browser.nonce


def test_the_inventory_lists_every_site_without_a_secret() -> None:
    specs = demo_fleet(12)
    text = inventory_text(specs, "http://127.0.0.1:8080/")
    assert ADMIN.password not in text
    data = yaml.safe_load(text)
    assert data["version"] == 1
    assert data["defaults"]["auth"]["password"] == "env:FLEET_PASSWORD"
    assert list(data["sites"]) == [spec.name for spec in specs]
    first = data["sites"]["harbour-cafe"]
    assert first["url"] == "http://127.0.0.1:8080/harbour-cafe/"
    assert set(first["labels"]) == {"client", "env"}
    assert {site["groups"][0] for site in data["sites"].values()} == set(data["groups"])
