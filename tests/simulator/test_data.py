"""Data routes and small switches, for sites with and without WordPress.com."""

from __future__ import annotations

import json

import pytest

from fleet.simulator import SimSite, SiteSpec, World
from tests.simulator.browser import EDITOR, Browser, administrator


def visit(world: World, **more: object) -> tuple[SimSite, Browser]:
    site = world.add(SiteSpec("shop", **more))  # type: ignore[arg-type] # a test's shorthand
    return site, administrator(site, world)


@pytest.mark.parametrize(("era", "kind"), [("16.1", int), ("8.9", str)])
def test_protect_counts_as_number_or_as_text(world: World, era: str, kind: type) -> None:
    _, browser = visit(world, era=era)
    assert isinstance(browser.get("module/protect/data").json(), kind)


def test_the_figures_of_a_site_stay_the_same(world: World) -> None:
    _, browser = visit(world)
    first = browser.get("module/stats/data").json()
    assert first == browser.get("module/stats/data").json()
    assert isinstance(first, dict)
    assert first.keys() == {"general", "day"}


@pytest.mark.parametrize("span", ["week", "month"])
def test_stats_come_by_week_and_month(world: World, span: str) -> None:
    _, browser = visit(world)
    data = browser.get(f"module/stats/data?range={span}").json()
    assert isinstance(data, dict)
    assert data.keys() == {span}


def test_monitor_tells_a_span_or_nothing(world: World) -> None:
    for index in range(6):
        site = world.add(SiteSpec(f"shop{index}", modules=("monitor",)))
        data = administrator(site, world).get("module/monitor/data").json()
        assert isinstance(data, dict)
        assert data["code"] == "success"
        assert data["date"] is None or data["date"].endswith("days")


def test_monitor_fails_without_wordpress_com(world: World) -> None:
    _, browser = visit(world, modules=("monitor",), connection="unconnected")
    assert browser.get("module/monitor/data").status == 500


def test_verification_lists_the_services_with_a_code(world: World) -> None:
    _, browser = visit(world, modules=("verification-tools",), options={"google": "a", "bing": "b"})
    data = browser.get("module/verification-tools/data").json()
    assert isinstance(data, dict)
    assert data["services"] == ["Google", "Bing"]


@pytest.mark.parametrize(("era", "kind"), [("16.1", int), ("8.9", dict)])
def test_akismet_counts_once_it_is_active(world: World, era: str, kind: type) -> None:
    site, browser = visit(world, era=era)
    site.state.plugins["akismet/akismet.php"] = True
    assert isinstance(browser.get("module/akismet/data").json(), kind)
    assert browser.get("module/other/key/check").json() is False


def test_the_site_object_is_json_in_a_text(world: World) -> None:
    _, browser = visit(world, plan="security")
    data = browser.get("site").json()
    assert isinstance(data, dict)
    assert json.loads(data["data"])["plan"]["class"] == "security"
    mine = browser.ask("GET", "/wp-json/my-jetpack/v1/site", headers=browser._nonce()).json()
    assert isinstance(mine, dict)
    assert mine["plan"]["class"] == "security"


@pytest.mark.parametrize(
    ("era", "status", "code"),
    [
        ("4.3", 404, "site_id_missing"),
        ("6.1", 400, "site_data_fetch_failed"),
        ("8.9", 400, "site_id_missing"),
        ("16.1", 400, "site_id_missing"),
    ],
)
def test_the_site_object_fails_in_the_way_of_the_release(
    world: World, era: str, status: int, code: str
) -> None:
    _, browser = visit(world, era=era, connection="unconnected")
    answer = browser.get("site")
    assert answer.status == status
    assert f'"code":"{code}"' in answer.text


@pytest.mark.parametrize(
    "route",
    [
        "site/features", "site/purchases", "site/benefits", "rewind", "scan", "plans", "products",
        "connection/test", "connection/url", "connection/data", "verify-site/google", "waf",
        "connection/check", "heartbeat/data", "sync/status", "tracking/settings",
    ],
)  # fmt: skip
def test_a_connected_site_answers(world: World, route: str) -> None:
    _, browser = visit(world)
    assert browser.get(route).status == 200


@pytest.mark.parametrize(("user", "count"), [("admin", 3), ("editor", 0)])
def test_updates_are_counted_for_those_who_may_update(world: World, user: str, count: int) -> None:
    _, browser = visit(world, updates=3)
    if user == "editor":
        browser.log_in(EDITOR)
    data = browser.get("updates/plugins").json()
    assert isinstance(data, dict)
    assert (data["code"], data["count"]) == ("updates-available" if count else "success", count)


def test_plugins_are_listed_found_and_installed(world: World) -> None:
    site, browser = visit(world)
    assert browser.get("plugin/jetpack/jetpack.php").status == 200
    assert browser.post("plugins", {"slug": "seafront", "status": "active"}).status == 200
    assert site.state.plugins["seafront/seafront.php"] is True
    assert "seafront" in browser.get("plugins").text
    assert browser.post("plugins", {}).status == 400


def test_a_connected_site_can_be_disconnected_once(world: World) -> None:
    site, browser = visit(world)
    assert browser.post("connection", {"isActive": False}).json() == {"code": "success"}
    assert site.ledger[-1].changes == (("connection", "connected", "unconnected"),)
    assert browser.post("connection", {"isActive": False}).status == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [({"linked": False}, 400), ({"linked": False, "disconnect-all-users": True}, 200), ({}, 404)],
)
def test_the_owner_is_unlinked_only_with_everybody(
    world: World, body: dict[str, object], status: int
) -> None:
    _, browser = visit(world)
    assert browser.post("connection/user", body).status == status


def test_registering_leads_to_wordpress_com(world: World) -> None:
    _, browser = visit(world)
    assert "authorizeUrl" in browser.post("connection/register", {}).text


@pytest.mark.parametrize(
    ("what", "colour", "label"), [("modules", "dark", "Pass"), ("options", "dark", "Share this:")]
)
def test_resets_go_as_far_as_they_say(world: World, what: str, colour: str, label: str) -> None:
    options = {"sharing_label": "Pass", "jetpack_comment_form_color_scheme": "dark"}
    site, browser = visit(world, modules=("sitemaps",), options=options)
    assert browser.post(f"options/{what}", {"reset": True}).status == 200
    assert "sitemaps" not in site.active_modules
    assert "protect" in site.active_modules
    data = browser.get("settings").json()
    assert isinstance(data, dict)
    assert (data["jetpack_comment_form_color_scheme"], data["sharing_label"]) == (colour, label)


def test_editors_see_what_the_release_lets_them(world: World) -> None:
    site = world.add(SiteSpec("shop"))
    browser = Browser(world, "shop")
    browser.log_in(EDITOR)
    assert browser.get("module/all").status == 200
    assert browser.get("site/features").status == 403
    assert browser.post("settings", {"sitemaps": True}).status == 403
    assert site.ledger == []


@pytest.mark.parametrize(
    ("era", "keys"),
    [
        ("6.1", {"currentUser"}),
        ("8.9", {"currentUser", "connectionOwner"}),
        ("16.1", {"currentUser", "connectionOwner", "isRegistered"}),
    ],
)
def test_the_data_of_the_connection_grew_over_the_releases(
    world: World, era: str, keys: set[str]
) -> None:
    _, browser = visit(world, era=era)
    data = browser.get("connection/data").json()
    assert isinstance(data, dict)
    assert data.keys() == keys
    assert ("unlink_user" in data["currentUser"]["permissions"]) == (era == "16.1")


@pytest.mark.parametrize(
    ("era", "jetpack", "namespaces"),
    [
        ("4.3", True, ["oembed/1.0", "jetpack/v4", "wp/v2"]),
        ("8.9", False, ["oembed/1.0", "wp/v2", "wp-site-health/v1", "wp-block-editor/v1"]),
        (
            "16.1",
            False,
            [
                "oembed/1.0",
                "wp/v2",
                "wp-site-health/v1",
                "wp-block-editor/v1",
                "wp-abilities/v1",
            ],
        ),
    ],
)
def test_the_index_lists_what_there_is(
    world: World, era: str, jetpack: bool, namespaces: list[str]
) -> None:
    _, browser = visit(world, era=era, jetpack_active=jetpack)
    data = browser.ask("GET", "/wp-json/").json()
    assert isinstance(data, dict)
    assert data["namespaces"] == namespaces
    assert (data["authentication"] == []) == (era == "4.3")
