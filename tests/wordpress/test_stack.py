"""The tier itself: WordPress's login, nonces, rights and addresses, and what a site tells."""

from __future__ import annotations

import pytest

from tests.wordpress.processes import StartError
from tests.wordpress.site import EDITOR, Request, WordPressSite
from tests.wordpress.stack import WordPressStack
from tests.wordpress.visitor import signed_in, visiting


@pytest.fixture(params=["pretty", "plain", "subdirectory"])
def site(request: pytest.FixtureRequest, wordpress: WordPressStack) -> WordPressSite:
    found = getattr(wordpress, request.param)
    assert isinstance(found, WordPressSite)
    return found


async def test_login_takes_the_awkward_password_once(site: WordPressSite) -> None:
    async with visiting(site) as visitor:
        answer = await visitor.login(site.admin, site.password)

    assert answer.status == 302
    assert site.logins() == [Request("POST", site.siteurl[len(site.url) :] + "/wp-login.php", 302)]
    assert site.writes() == []
    assert site.sessions() == 1


async def test_login_with_an_email_to_confirm_has_a_session_all_the_same(
    wordpress: WordPressStack,
) -> None:
    site = wordpress.pretty
    site.set_option("admin_email_lifespan", 1)

    async with visiting(site) as visitor:
        answer = await visitor.login(site.admin, site.password)
        nonce = await visitor.rest_nonce()

    assert "action=confirm_admin_email" in answer.headers["Location"]
    assert nonce.status == 200


async def test_wrong_password_is_a_page_with_an_error(site: WordPressSite) -> None:
    async with visiting(site) as visitor:
        answer = await visitor.login(site.admin, "wrong")

    assert answer.status == 200
    assert 'id="login_error"' in answer.text
    assert site.sessions() == 0


async def test_rest_answers_with_session_and_nonce(site: WordPressSite) -> None:
    async with signed_in(site) as visitor:
        me = await visitor.rest("GET", "/wp/v2/users/me", jetpack=False)
        modules = await visitor.get("/module/all")

    assert isinstance(me.data, dict)
    assert (me.status, me.data["url"]) == (200, site.siteurl)
    assert modules.status == 200
    assert "X-WP-Nonce" in modules.headers


async def test_index_names_both_addresses(site: WordPressSite) -> None:
    async with visiting(site) as visitor:
        index = await visitor.rest("GET", "/", jetpack=False)

    assert isinstance(index.data, dict)
    assert (index.data["home"], index.data["url"]) == (site.url, site.siteurl)
    assert "jetpack/v4" in index.data["namespaces"]


async def test_home_links_to_the_rest_root(site: WordPressSite) -> None:
    root = site.url + ("/wp-json/" if site.pretty else "/index.php?rest_route=/")

    async with visiting(site) as visitor:
        home = await visitor.request("HEAD", f"{site.url}/")

    assert f'<{root}>; rel="https://api.w.org/"' in home.headers["Link"]


async def test_plain_permalinks_leave_wp_json_unknown(wordpress: WordPressStack) -> None:
    async with visiting(wordpress.plain) as visitor:
        answer = await visitor.request("GET", f"{wordpress.plain.url}/wp-json/")

    assert (answer.status, answer.data) == (404, None)


async def test_subdirectory_has_no_login_page_at_home(wordpress: WordPressStack) -> None:
    async with visiting(wordpress.subdirectory) as visitor:
        answer = await visitor.request("GET", f"{wordpress.subdirectory.url}/wp-login.php")

    assert answer.status == 404


async def test_site_without_jetpack_has_no_such_route(wordpress: WordPressStack) -> None:
    async with signed_in(wordpress.without_jetpack) as visitor:
        index = await visitor.get("")
        modules = await visitor.get("/module/all")

    assert (index.status, index.code) == (404, "rest_no_route")
    assert (modules.status, modules.code) == (404, "rest_no_route")


async def test_session_without_nonce_is_anonymous(wordpress: WordPressStack) -> None:
    async with signed_in(wordpress.pretty) as visitor:
        visitor.nonce = ""
        answer = await visitor.get("/module/all")

    assert (answer.status, answer.code) == (401, "rest_forbidden")


async def test_wrong_nonce_is_refused_even_on_a_public_route(wordpress: WordPressStack) -> None:
    async with signed_in(wordpress.pretty) as visitor:
        visitor.nonce = "0123456789"
        answer = await visitor.get("/connection")

    assert (answer.status, answer.code) == (403, "rest_cookie_invalid_nonce")


async def test_expired_nonce_is_renewed_in_the_same_session(wordpress: WordPressStack) -> None:
    site = wordpress.pretty

    async with signed_in(site) as visitor:
        site.expire_nonces()
        stale = await visitor.get("/module/all")
        visitor.nonce = (await visitor.rest_nonce()).text
        fresh = await visitor.get("/module/all")

    assert (stale.status, stale.code) == (403, "rest_cookie_invalid_nonce")
    assert fresh.status == 200
    assert site.sessions() == 1


async def test_expired_session_gets_no_nonce(wordpress: WordPressStack) -> None:
    site = wordpress.pretty

    async with signed_in(site) as visitor:
        site.expire_sessions()
        nonce = await visitor.rest_nonce()
        answer = await visitor.get("/module/all")

    assert (nonce.status, nonce.text) == (400, "0")
    assert (answer.status, answer.code) == (403, "rest_cookie_invalid_nonce")


async def test_editor_may_neither_read_nor_write(wordpress: WordPressStack) -> None:
    async with signed_in(wordpress.pretty, EDITOR) as visitor:
        read = await visitor.get("/settings")
        write = await visitor.post("/settings", {"sitemaps": True})
        site = await visitor.get("/site")

    assert (read.status, read.code) == (403, "rest_forbidden")
    assert (write.status, write.code) == (403, "rest_forbidden")
    assert (site.status, site.code) == (403, "invalid_user_permission_view_admin")


@pytest.mark.parametrize("spaces", [True, False], ids=["as shown", "without spaces"])
async def test_application_password_needs_no_nonce(site: WordPressSite, spaces: bool) -> None:
    password = site.application_password if spaces else site.application_password.replace(" ", "")

    async with visiting(site) as visitor:
        visitor.use_basic(site.admin, password)
        answer = await visitor.get("/module/all")

    assert answer.status == 200
    assert site.sessions() == 0


@pytest.mark.parametrize("user", ["fleet-admin", "nobody"])
async def test_wrong_application_password_is_anonymous(site: WordPressSite, user: str) -> None:
    async with visiting(site) as visitor:
        visitor.use_basic(user, "wxyz wxyz wxyz wxyz wxyz wxyz")
        me = await visitor.rest("GET", "/wp/v2/users/me", jetpack=False)
        modules = await visitor.get("/module/all")
        public = await visitor.get("/connection")

    assert (me.status, me.code) == (401, "rest_not_logged_in")
    assert (modules.status, modules.code) == (401, "rest_forbidden")
    assert public.status == 200


async def test_main_password_is_no_application_password(wordpress: WordPressStack) -> None:
    site = wordpress.pretty

    async with visiting(site) as visitor:
        visitor.use_basic(site.admin, site.password)
        answer = await visitor.get("/module/all")

    assert (answer.status, answer.code) == (401, "rest_forbidden")


async def test_changed_password_ends_sessions_and_replaces_the_old(
    wordpress: WordPressStack,
) -> None:
    site = wordpress.pretty

    async with signed_in(site) as visitor:
        site.change_password("new 'pass\" & ü")
        ended = await visitor.rest_nonce()
    async with visiting(site) as visitor:
        old = await visitor.login(site.admin, site.password)
        new = await visitor.login(site.admin, "new 'pass\" & ü")

    assert (ended.status, old.status, new.status) == (400, 200, 302)


async def test_old_wordpress_gives_no_nonce_by_ajax(site: WordPressSite) -> None:
    site.set_option("contract_fault", "no-rest-nonce")

    async with signed_in(site) as visitor:
        answer = await visitor.rest_nonce()

    assert (answer.status, answer.text) == (400, "0")


async def test_log_has_every_request_with_its_query(wordpress: WordPressStack) -> None:
    site = wordpress.plain

    async with visiting(site) as visitor:
        await visitor.get("/connection")
        await visitor.request("GET", f"{site.url}/nothing?a=b")

    assert site.access_log() == [
        Request("GET", "/?rest_route=/jetpack/v4/connection", 200),
        Request("GET", "/nothing?a=b", 404),
    ]


async def test_writes_are_told_apart_from_logins(wordpress: WordPressStack) -> None:
    async with signed_in(wordpress.pretty) as visitor:
        await visitor.post("/settings", {"sitemaps": True})

    assert wordpress.pretty.writes() == [Request("POST", "/wp-json/jetpack/v4/settings", 200)]
    assert wordpress.plain.access_log() == []


async def test_reset_puts_back_what_a_test_changed(wordpress: WordPressStack) -> None:
    site = wordpress.pretty
    modules = site.active_modules()
    site.change_password("other")
    site.set_option("blogname", "Other")
    async with visiting(site) as visitor:
        await visitor.login(site.admin, "other")

    wordpress.reset()

    assert (site.active_modules(), site.option("blogname")) == (modules, "A test site")
    assert (site.sessions(), site.access_log()) == (0, [])
    async with visiting(site) as visitor:
        assert (await visitor.login(site.admin, site.password)).status == 302


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        pytest.param('it\'s "ü" \\ €', 'it\'s "ü" \\ €', id="awkward text"),
        pytest.param(["a", "ü"], ["a", "ü"], id="list"),
        pytest.param({"a": 1, "b": [True, None]}, {"a": 1, "b": [True, None]}, id="nested array"),
        pytest.param(True, "1", id="true"),
        pytest.param(False, "", id="false"),
        pytest.param(7, "7", id="number"),
    ],
)
def test_option_is_read_as_the_database_has_it(
    wordpress: WordPressStack, value: object, stored: object
) -> None:
    wordpress.plain.set_option("some_option", value)

    assert wordpress.plain.option("some_option") == stored
    assert wordpress.pretty.option("some_option") is None


def test_failing_statement_says_why(wordpress: WordPressStack) -> None:
    with pytest.raises(StartError, match="no_such_table"):
        wordpress.server.execute("SELECT 1 FROM pretty.no_such_table")
