"""wp-login.php: who gets in, what the cookies look like, what refusals look like."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from fleet.simulator import Fault, SimResponse, SimUser, SiteSpec, World
from tests.simulator.browser import ADMIN, EDITOR, Browser, Clock, administrator

DAY = 86_400


def cookies(response: SimResponse) -> list[str]:
    return [value for name, value in response.headers if name == "Set-Cookie"]


def made(world: World, **more: object) -> Browser:
    spec = SiteSpec("shop", **more)  # type: ignore[arg-type] # a test's shorthand
    world.add(spec)
    return Browser(world, "shop")


def test_the_form_sets_a_test_cookie_and_names_its_fields(world: World) -> None:
    page = made(world).ask("GET", "/wp-login.php")
    assert page.status == 200
    assert cookies(page) == ["wordpress_test_cookie=WP%20Cookie%20check; path=/shop/; HttpOnly"]
    assert 'id="loginform"' in page.text
    assert "login_error" not in page.text


@pytest.mark.parametrize("login", [ADMIN.name, ADMIN.address], ids=["name", "e-mail"])
def test_right_credentials_get_in_by_name_and_by_address(world: World, login: str) -> None:
    browser = made(world)
    answer = browser.form("/wp-login.php", log=login, pwd=f" {ADMIN.password} ")
    assert answer.status == 302
    assert answer.header("Location") == "http://127.0.0.1:8080/shop/wp-admin/"
    assert world.site("shop").logins == 1


def test_the_cookies_have_the_paths_of_core_and_of_the_home_address(world: World) -> None:
    browser = made(world, core_folder="wp")
    lines = cookies(browser.log_in(rememberme="forever"))[2:]
    paths = [line.split("path=")[1].split(";")[0] for line in lines]
    assert paths == ["/shop/wp/wp-content/plugins", "/shop/wp/wp-admin", "/shop/", "/shop/wp/"]
    assert all("Max-Age=1252800" in line for line in lines)


def test_a_password_of_odd_signs_arrives_whole(world: World) -> None:
    user = SimUser("ops", "pä ss&=%+;'\"<>")
    browser = made(world, users=(user,))
    assert browser.log_in(user).status == 302


@pytest.mark.parametrize(
    ("fields", "prefilled", "shakes"),
    [
        pytest.param({"log": ADMIN.name, "pwd": "nope"}, ADMIN.name, True, id="wrong password"),
        pytest.param({"log": "nobody", "pwd": "nope"}, "", True, id="unknown name"),
        pytest.param({"log": ADMIN.name, "pwd": ""}, ADMIN.name, True, id="no password"),
    ],
)
def test_a_refusal_is_a_page_of_status_200(
    world: World, fields: dict[str, str], prefilled: str, shakes: bool
) -> None:
    page = made(world).form("/wp-login.php", **fields)
    assert page.status == 200
    assert 'id="login_error"' in page.text
    assert f'value="{prefilled}"' in page.text
    assert ("shake" in page.text) == shakes
    assert world.site("shop").login_attempts == 1
    assert world.site("shop").logins == 0


def test_a_test_field_without_the_cookie_opens_a_session_but_shows_an_error(world: World) -> None:
    browser = made(world)
    page = browser.form("/wp-login.php", log=ADMIN.name, pwd=ADMIN.password, testcookie="1")
    assert page.status == 200
    assert 'id="login_error"' in page.text
    assert "shake" not in page.text
    assert world.site("shop").accounts.session_count == 1


def test_a_test_field_with_the_cookie_gets_in(world: World) -> None:
    browser = made(world)
    browser.ask("GET", "/wp-login.php")
    assert browser.log_in(testcookie="1").status == 302


def test_reauth_opens_a_session_and_takes_its_cookies_back(world: World) -> None:
    browser = made(world)
    fields = {"log": ADMIN.name, "pwd": ADMIN.password}
    page = browser.form("/wp-login.php?reauth=1", **fields)
    assert page.status == 200
    assert not any(name.startswith("wordpress_logged_in") for name in browser.jar)


def test_a_small_window_gets_a_page_instead_of_a_redirect(world: World) -> None:
    browser = made(world)
    page = browser.form(
        "/wp-login.php", **{"log": ADMIN.name, "pwd": ADMIN.password, "interim-login": "1"}
    )
    assert page.status == 200
    assert "interim-login-success" in page.text


@pytest.mark.parametrize("user", [ADMIN, EDITOR], ids=["admin", "editor"])
def test_administrators_may_land_on_the_address_confirmation(world: World, user: SimUser) -> None:
    browser = made(world, confirm_email=True)
    location = browser.log_in(user).header("Location") or ""
    assert ("confirm_admin_email" in location) == (user is ADMIN)
    assert browser.nonce


@pytest.mark.parametrize(
    ("wanted", "granted"),
    [
        ("http://127.0.0.1:8080/shop/wp-admin/plugins.php", True),
        ("http://evil.example/", False),
    ],
    ids=["own", "foreign"],
)
def test_redirects_stay_on_the_site(world: World, wanted: str, granted: bool) -> None:
    location = made(world).log_in(redirect_to=wanted).header("Location")
    assert (location == wanted) == granted


def test_tls_makes_the_cookies_secure(world: World) -> None:
    browser = made(world)
    browser.is_https = True
    lines = cookies(browser.log_in())[1:]
    assert lines[0].startswith("wordpress_sec_")
    assert all("Secure" in line for line in lines)
    assert browser.nonce


def test_sessions_end_after_two_days_and_when_told(world: World, clock: Clock) -> None:
    site = world.add(SiteSpec("shop"))
    browser = administrator(site, world)
    ajax = "/wp-admin/admin-ajax.php?action=rest-nonce"
    clock.now += 1.9 * DAY
    assert browser.ask("GET", ajax).status == 200
    clock.now += 0.2 * DAY
    assert browser.ask("GET", ajax).text == "0"
    browser.log_in()
    site.expire_sessions()
    assert browser.ask("GET", ajax).status == 400


@pytest.mark.parametrize("spoil", ["token", "sign", "shape"])
def test_a_forged_cookie_is_nobody(world: World, spoil: str) -> None:
    browser = administrator(world.add(SiteSpec("shop")), world)
    name = next(name for name in browser.jar if name.startswith("wordpress_logged_in"))
    parts = unquote(browser.jar[name]).split("|")
    changed = {"token": [*parts[:2], "x", parts[3]], "sign": [*parts[:3], "ü"], "shape": parts[:3]}
    browser.jar[name] = "|".join(changed[spoil])
    assert browser.get("module/all").json()["code"] == "rest_cookie_invalid_nonce"  # type: ignore[index]


def test_logging_out_needs_a_nonce_and_ends_the_session(world: World) -> None:
    site = world.add(SiteSpec("shop"))
    browser = administrator(site, world)
    assert browser.ask("GET", "/wp-login.php?action=logout").status == 403
    page = browser.ask("GET", "/wp-admin/").text
    nonce = page.split("_wpnonce=")[1][:10]
    answer = browser.ask("GET", f"/wp-login.php?action=logout&_wpnonce={nonce}")
    assert answer.status == 302
    assert site.accounts.session_count == 0


@pytest.mark.parametrize(
    ("kind", "status", "mark"),
    [
        ("lockout", 200, 'id="login_error"'),
        ("captcha", 200, "cf-turnstile"),
        ("protect_block", 200, "jetpack-protect-recovery=true"),
        ("protect_math", 401, "jetpack_protect_num"),
        ("two_factor", 200, 'name="validate_2fa_form"'),
        ("sso_only", 200, 'id="login_error"'),
        ("sso_redirect", 302, ""),
        ("password_detection", 302, ""),
        ("hidden_login", 404, "Not Found"),
    ],
)
def test_guards_of_the_login_keep_even_the_right_password_out(
    world: World, kind: str, status: int, mark: str
) -> None:
    browser = made(world, faults=(Fault(kind),))
    answer = browser.log_in()
    assert answer.status == status
    assert mark in answer.text
    assert browser.nonce == ""
    assert world.site("shop").logins == 0


def test_the_old_protect_blocks_with_403(world: World) -> None:
    browser = made(world, era="4.3", faults=(Fault("protect_block"),))
    assert browser.log_in().status == 403
