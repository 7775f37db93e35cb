"""Pages below wp-admin: who sees them and where a nonce hides."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import pytest

from fleet.simulator import SiteSpec, World
from tests.simulator.browser import EDITOR, Browser, administrator

PAGE = "/wp-admin/admin.php?page=jetpack"


def state_of(text: str) -> dict[str, object]:
    """Return Initial_State from any of its three shapes."""
    encoded = re.search(r'Initial_State=JSON\.parse\(decodeURIComponent\("([^"]*)"\)\)', text)
    if encoded:
        data = json.loads(unquote(encoded.group(1)))
    else:
        start = re.search(r"var Initial_State\s*=\s*", text)
        assert start
        data, _ = json.JSONDecoder().raw_decode(text, start.end())
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize(
    ("era", "mark"),
    [
        ("4.3", "var Initial_State = {"),
        ("6.1", "var Initial_State = {"),
        ("8.9", "<script id='react-plugin-js-before'>\nvar Initial_State=JSON.parse("),
        ("11.5", "<script id='react-plugin-js-before'>\nvar Initial_State=JSON.parse("),
        ("13.9", '<script id="react-plugin-js-before">\nvar Initial_State=JSON.parse('),
        ("15.1", '<script id="react-plugin-js-before">\nvar Initial_State=JSON.parse('),
        ("16.1", '<script id="react-plugin-js-before">\nvar Initial_State={'),
    ],
)
def test_the_state_has_the_shape_of_the_release(world: World, era: str, mark: str) -> None:
    browser = administrator(world.add(SiteSpec("shop", era=era)), world)
    text = browser.ask("GET", PAGE).text
    assert mark in text
    state = state_of(text)
    assert state["WP_API_root"] == "http://127.0.0.1:8080/shop/wp-json/"
    browser.nonce = str(state["WP_API_nonce"])
    assert browser.get("settings").status == 200
    assert state["isDevVersion"] == ("" if era in ("4.3", "6.1") else False)


def test_plain_permalinks_show_in_the_root(world: World) -> None:
    browser = administrator(world.add(SiteSpec("shop", permalinks="plain")), world)
    root = "http://127.0.0.1:8080/shop/index.php?rest_route=/"
    assert state_of(browser.ask("GET", PAGE).text)["WP_API_root"] == root


@pytest.mark.parametrize(
    ("connection", "status"), [("offline", 403), ("unconnected", 403), ("connected", 200)]
)
def test_editors_open_it_on_connected_sites_only(
    world: World, connection: str, status: int
) -> None:
    world.add(SiteSpec("shop", connection=connection))
    browser = Browser(world, "shop")
    browser.log_in(EDITOR)
    assert browser.ask("GET", PAGE).status == status


def test_strangers_are_sent_to_the_login(world: World) -> None:
    world.add(SiteSpec("shop", core_folder="wp"))
    answer = Browser(world, "shop").ask("GET", f"/wp{PAGE}")
    location = answer.header("Location") or ""
    assert answer.status == 302
    assert location.startswith("http://127.0.0.1:8080/shop/wp/wp-login.php?redirect_to=http%3A")
    assert location.endswith("&reauth=1")


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/login", "/wp/wp-login.php"),
        ("/wp-admin/", "/wp/wp-admin/"),
        ("/wp/wp-admin", "/wp/wp-admin/"),
        ("/wp/login", "/wp/wp-login.php"),
    ],
)
def test_short_addresses_lead_to_the_folder_of_the_core(
    world: World, path: str, target: str
) -> None:
    world.add(SiteSpec("shop", core_folder="wp"))
    answer = Browser(world, "shop").ask("GET", path)
    assert answer.header("Location") == f"http://127.0.0.1:8080/shop{target}"


@pytest.mark.parametrize("path", ["/wp-login.php", "/readme.html", "/wp/readme.html"])
def test_what_is_not_there_is_a_404_of_the_web_server(world: World, path: str) -> None:
    world.add(SiteSpec("shop", core_folder="wp"))
    assert Browser(world, "shop").ask("GET", path).status == 404


@pytest.mark.parametrize(
    ("era", "mark"), [("16.1", "createNonceMiddleware"), ("4.3", "wpApiSettings")]
)
def test_the_dashboard_carries_a_nonce_of_its_visitor(world: World, era: str, mark: str) -> None:
    world.add(SiteSpec("shop", era=era))
    browser = Browser(world, "shop")
    browser.log_in(EDITOR)
    assert mark in browser.ask("GET", "/wp-admin/post-new.php").text


@pytest.mark.parametrize(
    ("connection", "era", "status"),
    [
        ("connected", "16.1", 200),
        ("unconnected", "16.1", 302),
        ("offline", "16.1", 403),
        ("connected", "8.9", 403),
    ],
)
def test_my_jetpack_depends_on_release_and_connection(
    world: World, connection: str, era: str, status: int
) -> None:
    site = world.add(SiteSpec("shop", connection=connection, era=era))
    browser = administrator(site, world)
    assert browser.ask("GET", "/wp-admin/admin.php?page=my-jetpack").status == status


def test_the_nonce_by_ajax_is_for_get_and_new_cores_only(world: World) -> None:
    old = administrator(world.add(SiteSpec("old", era="6.1")), world)
    new = administrator(world.add(SiteSpec("new")), world)
    path = "/wp-admin/admin-ajax.php?action=rest-nonce"
    assert re.fullmatch("[0-9a-f]{10}", new.ask("GET", path).text)
    assert (new.ask("POST", path).status, old.ask("GET", path).text) == (400, "0")
    assert new.ask("GET", "/wp-admin/admin.php?page=jetpack_modules").status == 200
