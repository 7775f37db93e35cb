"""REST plumbing: roots, nonces, Basic authentication, fields, envelopes, tunnels."""

from __future__ import annotations

import pytest

from fleet.simulator import SimResponse, SiteSpec, World
from fleet.simulator.wire import parse_query
from tests.simulator.browser import (
    ADMIN,
    EDITOR,
    ROOT,
    Browser,
    Clock,
    administrator,
    basic,
)

TICK = 43_200


def code(response: SimResponse) -> object:
    data = response.json()
    return data.get("code") if isinstance(data, dict) else None


def test_the_front_page_links_the_rest_root_of_the_host_asked(world: World) -> None:
    world.add(SiteSpec("shop"))
    page = Browser(world, "shop", "127.0.0.9:81").ask("GET", "/")
    assert page.header("Link") == '<http://127.0.0.9:81/shop/wp-json/>; rel="https://api.w.org/"'
    assert page.status == 200


def test_the_index_names_addresses_and_namespaces(world: World) -> None:
    world.add(SiteSpec("shop", core_folder="wp"))
    answer = Browser(world, "shop").ask("GET", "/wp-json/?_fields=url,home,namespaces")
    data = answer.json()
    assert isinstance(data, dict)
    assert data["url"] == "http://127.0.0.1:8080/shop/wp"
    assert data["home"] == "http://127.0.0.1:8080/shop"
    assert "jetpack/v4" in data["namespaces"]
    assert data.keys() == {"url", "home", "namespaces"}


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(SiteSpec("shop", era=None), id="missing"),
        pytest.param(SiteSpec("shop", jetpack_active=False), id="inactive"),
    ],
)
def test_without_jetpack_its_routes_do_not_exist(world: World, spec: SiteSpec) -> None:
    site = world.add(spec)
    browser = administrator(site, world)
    assert code(browser.get("module/all")) == "rest_no_route"
    assert browser.ask("GET", "/wp-admin/admin.php?page=jetpack").status == 403
    assert ("jetpack/jetpack.php" in site.state.plugins) == (spec.era is not None)
    listed = browser.ask("GET", "/wp-json/wp/v2/plugins", headers=browser._nonce()).text
    assert ('"jetpack\\/jetpack","status":"inactive"' in listed) == (spec.era is not None)


def test_plain_permalinks_answer_by_query_only(world: World) -> None:
    world.add(SiteSpec("shop", permalinks="plain"))
    browser = Browser(world, "shop")
    pretty = browser.ask("GET", "/wp-json/jetpack/v4/connection")
    assert (pretty.status, pretty.header("Content-Type")) == (404, "text/html")
    for path in (
        "/?rest_route=/jetpack/v4/connection",
        "/index.php?rest_route=/jetpack/v4/connection",
    ):
        assert browser.ask("GET", path).status == 200
    assert "index.php?rest_route=/>" in (browser.ask("GET", "/").header("Link") or "")


def test_the_web_server_refuses_other_methods_on_the_folder(world: World) -> None:
    world.add(SiteSpec("shop"))
    browser = Browser(world, "shop")
    assert browser.ask("PUT", "/?rest_route=/jetpack/v4/settings").status == 405
    assert browser.ask("PUT", "/index.php?rest_route=/jetpack/v4/settings").status == 401


def test_a_nonce_holds_for_two_half_days_and_is_renewed_by_answers(
    world: World, clock: Clock
) -> None:
    clock.now = 1_800_000_000 // TICK * TICK + 10.0
    browser = administrator(world.add(SiteSpec("shop")), world)
    assert browser.get("settings").header("X-WP-Nonce") == browser.nonce
    clock.now += TICK
    renewed = browser.get("settings").header("X-WP-Nonce")
    assert renewed
    assert renewed != browser.nonce
    clock.now += TICK
    assert code(browser.get("settings")) == "rest_cookie_invalid_nonce"
    browser.nonce = renewed
    assert browser.get("settings").status == 200


def test_nonces_and_sessions_can_be_made_invalid(world: World) -> None:
    site = world.add(SiteSpec("shop"))
    browser = administrator(site, world)
    site.expire_nonces()
    assert code(browser.get("connection")) == "rest_cookie_invalid_nonce"
    browser.nonce = browser.ask("GET", "/wp-admin/admin-ajax.php?action=rest-nonce").text
    assert browser.get("settings").status == 200
    site.expire_sessions()
    assert code(browser.get("connection")) == "rest_cookie_invalid_nonce"


def test_no_nonce_is_nobody_and_the_query_carries_one_too(world: World) -> None:
    browser = administrator(world.add(SiteSpec("shop")), world)
    assert browser.ask("GET", f"{ROOT}settings").status == 401
    assert browser.ask("GET", f"{ROOT}settings?_wpnonce={browser.nonce}").status == 200
    assert browser.ask("GET", f"{ROOT}connection").header("X-WP-Nonce") is None


@pytest.mark.parametrize("password", [*ADMIN.application_passwords, "abcdEFGH1234ijklMNOP5678"])
def test_application_passwords_need_no_nonce(world: World, password: str) -> None:
    world.add(SiteSpec("shop"))
    browser = Browser(world, "shop")
    answer = browser.ask("GET", f"{ROOT}settings", headers=basic(ADMIN.address, password))
    assert answer.status == 200
    assert answer.header("X-WP-Nonce") is None


@pytest.mark.parametrize(
    "headers",
    [
        basic(ADMIN.name, ADMIN.password),
        basic("nobody", "x"),
        {"Authorization": "Basic ###"},
        {"Authorization": "Bearer x"},
    ],
    ids=["main password", "unknown", "no base64", "bearer"],
)
def test_other_credentials_are_nobody(world: World, headers: dict[str, str]) -> None:
    world.add(SiteSpec("shop"))
    answer = Browser(world, "shop").ask("GET", f"{ROOT}settings", headers=headers)
    assert answer.status == 401


def test_old_cores_know_no_application_passwords(world: World) -> None:
    world.add(SiteSpec("shop", era="6.1"))
    headers = basic(ADMIN.name, ADMIN.application_passwords[0])
    assert Browser(world, "shop").ask("GET", f"{ROOT}settings", headers=headers).status == 401


@pytest.mark.parametrize(
    ("era", "fields", "keys"),
    [
        ("16.1", "protect.activated,protect.override", {"protect": {"activated", "override"}}),
        ("16.1", "protect,protect.activated", {"protect": None}),
        ("6.1", "protect.activated", {}),
        ("6.1", "protect", {"protect": None}),
        ("16.1", "nothing", {}),
    ],
)
def test_fields_select_by_the_rules_of_the_core(
    world: World, era: str, fields: str, keys: dict[str, set[str] | None]
) -> None:
    browser = administrator(world.add(SiteSpec("shop", era=era)), world)
    data = browser.get(f"module/all?_fields={fields}").json()
    if not keys:
        assert data == []
        return
    assert isinstance(data, dict)
    assert data.keys() == keys.keys()
    wanted = keys["protect"]
    assert (data["protect"].keys() == wanted) if wanted else ("options" in data["protect"])


def test_fields_select_from_lists_and_leave_errors_whole(world: World) -> None:
    browser = administrator(world.add(SiteSpec("shop")), world)
    listed = browser.get("connection/plugins?_fields=slug").json()
    assert listed == [{"slug": "jetpack"}]
    assert code(browser.get("module/none?_fields=x")) == "not_found"
    index = browser.get("?_fields=namespace,_links").json()
    assert isinstance(index, dict)
    assert index.keys() == {"namespace", "_links"}


def test_envelopes_hold_the_status_and_the_methods_allowed(world: World) -> None:
    browser = administrator(world.add(SiteSpec("shop")), world)
    wrapped = browser.get("module/none?_envelope=1").json()
    assert isinstance(wrapped, dict)
    assert wrapped["status"] == 404
    assert wrapped["headers"] == {"Allow": "GET, POST, PUT, PATCH"}
    whole = browser.get("?_envelope=1").json()
    assert isinstance(whole, dict)
    assert whole["body"]["namespace"] == "jetpack/v4"
    assert browser.get("no/route?_envelope=1").json()["headers"] == []  # type: ignore[index]


@pytest.mark.parametrize("header", [True, False], ids=["header", "query"])
def test_methods_pass_through_a_tunnel(world: World, header: bool) -> None:
    browser = administrator(world.add(SiteSpec("shop")), world)
    path = f"{ROOT}connection" + ("" if header else "?_method=GET")
    headers = browser._nonce() | ({"X-HTTP-Method-Override": "GET"} if header else {})
    data = browser.ask("POST", path, headers=headers).json()
    assert isinstance(data, dict)
    assert data["isActive"] is True


def test_options_describes_a_route(world: World) -> None:
    browser = administrator(world.add(SiteSpec("shop")), world)
    data = browser.ask("OPTIONS", f"{ROOT}settings", headers=browser._nonce()).json()
    assert isinstance(data, dict)
    args = data["endpoints"][0]["args"]
    assert args["carousel_background_color"]["enum"] == ["black", "white"]
    assert browser.ask("OPTIONS", f"{ROOT}nothing").status == 404


def test_who_am_i_tells_roles_and_capabilities(world: World) -> None:
    browser = administrator(world.add(SiteSpec("shop")), world)
    me = "/wp-json/wp/v2/users/me"
    data = browser.ask("GET", f"{me}?context=edit", headers=browser._nonce()).json()
    assert isinstance(data, dict)
    assert data["roles"] == ["administrator"]
    assert data["capabilities"]["manage_options"] is True
    assert "roles" not in browser.ask("GET", me, headers=browser._nonce()).text
    assert code(Browser(world, "shop").ask("GET", me)) == "rest_not_logged_in"


def test_introspection_tells_application_passwords_from_cookies(world: World) -> None:
    browser = administrator(world.add(SiteSpec("shop")), world)
    path = "/wp-json/wp/v2/users/me/application-passwords/introspect"
    by_cookie = browser.ask("GET", path, headers=browser._nonce())
    assert code(by_cookie) == "rest_no_authenticated_app_password"
    headers = basic(EDITOR.name, EDITOR.application_passwords[0])
    assert Browser(world, "shop").ask("GET", path, headers=headers).status == 200


@pytest.mark.parametrize("route", ["MODULE/Sitemaps", "module/sitemaps/", "module/x1", "wp/v2"])
def test_routes_match_whatever_their_case_but_slugs_do_not(world: World, route: str) -> None:
    browser = administrator(world.add(SiteSpec("shop")), world)
    expected = {
        "MODULE/Sitemaps": (404, "not_found"),
        "module/sitemaps/": (200, None),
        "module/x1": (404, "rest_no_route"),
    }
    if route in expected:
        answer = browser.get(route)
        assert (answer.status, code(answer)) == expected[route]
    else:
        assert browser.ask("GET", f"/wp-json/{route}").status == 200


def test_the_log_tells_who_asked_for_what(world: World) -> None:
    site = world.add(SiteSpec("shop"))
    browser = administrator(site, world)
    browser.get("settings")
    last = site.requests[-1]
    assert (last.method, last.path, last.user, last.status) == (
        "GET",
        "/jetpack/v4/settings",
        ADMIN.name,
        200,
    )
    assert site.count("GET", "/jetpack/v4/settings") == 1
    assert site.count() == len(site.requests)


def test_queries_nest_as_in_php() -> None:
    assert parse_query("a[]=1&a[]=2&b[x]=3&b[y]=4&c=5&d[=6") == {
        "a": ["1", "2"],
        "b": {"x": "3", "y": "4"},
        "c": "5",
        "d[": "6",
    }
