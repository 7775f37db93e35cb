"""A session like a browser's, against a small WordPress of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web
from pydantic import SecretStr

from fleet.config import Retries
from fleet.errors import SiteError
from fleet.site.auth import CookieLogin, Credentials
from fleet.site.discovery import Endpoints
from fleet.site.retry import Retrier
from fleet.site.session import SiteSession
from fleet.site.transport import Meter
from tests.site.contract import no_pause
from tests.site.fake import PASSWORD, USER, FakeWordPress
from tests.site.servers import transport_to, web_server

LOGIN = "POST /wp-login.php"
NONCE = "GET /wp-admin/admin-ajax.php"
SETTINGS = "/wp-json/jetpack/v4/settings"
JETPACK_PAGE = '<script>var Initial_State={"WP_API_nonce":"NONCE"};</script>'
POST_PAGE = '<script>var wpApiSettings = {"root":"x","nonce":"NONCE"};</script>'


@dataclass(frozen=True, slots=True)
class Parts:
    """A fake site and a session on it."""

    site: FakeWordPress
    auth: CookieLogin
    session: SiteSession
    meter: Meter


@asynccontextmanager
async def signed_in(
    site: FakeWordPress, password: str = PASSWORD, *, opened: bool = True
) -> AsyncIterator[Parts]:
    meter = Meter()
    async with web_server(site.answer) as url, transport_to(url, meter=meter) as transport:
        endpoints = Endpoints(url / "wp-json/", url, frozenset({"jetpack/v4"}))
        credentials = Credentials(USER, SecretStr(password))
        auth = CookieLogin(transport, endpoints, credentials, "wp-login.php")
        session = SiteSession(transport, endpoints, auth, Retrier(Retries(), no_pause))
        if opened:
            await auth.open()
        yield Parts(site, auth, session, meter)


async def refusal(parts: Parts) -> SiteError:
    with pytest.raises(SiteError) as caught:
        await parts.auth.open()
    return caught.value


async def test_a_login_costs_two_requests_and_signs_the_next() -> None:
    async with signed_in(FakeWordPress()) as parts:
        answer = await parts.session.get("jetpack/v4/settings")
    assert answer.ok
    assert parts.site.seen == {LOGIN: 1, NONCE: 1, f"GET {SETTINGS}": 1}
    assert parts.site.headers[0]["X-WP-Nonce"] == parts.site.current
    assert (parts.meter.requests, parts.meter.logins, parts.meter.writes) == (3, 1, 0)


async def test_the_form_has_no_test_cookie_field() -> None:
    """With the field WordPress wants a cookie that only a first visit brings."""
    async with signed_in(FakeWordPress()) as parts:
        (form,) = parts.site.bodies
    assert '"pwd": "open sesame"' in form
    assert '"rememberme": "forever"' in form
    assert "testcookie" not in form


async def test_a_wrong_password_is_sent_once() -> None:
    async with signed_in(FakeWordPress(), "wrong", opened=False) as parts:
        error = await refusal(parts)
    assert error.kind == "auth.bad_credentials"
    assert parts.site.seen == {LOGIN: 1}
    assert "wrong" not in f"{error} {error.said}"


async def test_twenty_calls_with_a_stale_nonce_renew_it_once() -> None:
    async with signed_in(FakeWordPress()) as parts:
        parts.site.nonce += 1
        calls = (parts.session.post("jetpack/v4/settings", {"n": n}) for n in range(20))
        answers = await asyncio.gather(*calls)
    assert all(answer.ok for answer in answers)
    assert parts.site.seen == {LOGIN: 1, NONCE: 2, f"POST {SETTINGS}": 40}
    assert sorted(parts.site.bodies[1:]) == sorted(f'{{"n": {n}}}' for n in range(20))
    assert parts.meter.writes == 20


async def test_an_ended_session_is_begun_once_more() -> None:
    async with signed_in(FakeWordPress()) as parts:
        parts.site.end_session()
        calls = (parts.session.get("jetpack/v4/settings") for _ in range(20))
        answers = await asyncio.gather(*calls)
    assert all(answer.ok for answer in answers)
    assert parts.site.seen[LOGIN] == 2
    assert parts.site.seen[f"GET {SETTINGS}"] == 40
    assert parts.meter.logins == 2


async def test_a_third_login_is_refused() -> None:
    async with signed_in(FakeWordPress()) as parts:
        parts.site.end_session()
        await parts.session.get("jetpack/v4/settings")
        parts.site.end_session()
        with pytest.raises(SiteError, match="not logging in again") as caught:
            await parts.session.get("jetpack/v4/settings")
    assert caught.value.kind == "auth.session"
    assert parts.site.seen[LOGIN] == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(web.Response(status=502), "site.server_error", id="may pass by itself"),
        pytest.param(web.Response(status=429), "throttle.limited", id="too many"),
        pytest.param(web.Response(text="<p>Hello</p>"), "auth.session", id="no login page"),
    ],
)
async def test_a_login_that_fails_to_heal_is_told_and_ends_the_read(
    answer: web.Response, kind: str
) -> None:
    """Its kind may be worth asking a read again, but no login is."""
    async with signed_in(FakeWordPress()) as parts:
        parts.site.end_session()
        parts.site.prepared["/wp-login.php"] = answer
        calls = (parts.session.get("jetpack/v4/settings") for _ in range(5))
        errors = await asyncio.gather(*calls, return_exceptions=True)
        with pytest.raises(SiteError) as later:
            await parts.session.post("jetpack/v4/settings", {})
    kinds = [error.kind for error in (*errors, later.value) if isinstance(error, SiteError)]
    assert kinds == [kind] * 6
    assert later.value.sent is False
    assert parts.site.seen[LOGIN] == 2
    assert parts.site.seen[f"GET {SETTINGS}"] == 5


async def test_trouble_with_a_nonce_while_healing_is_worth_another_read() -> None:
    async with signed_in(FakeWordPress()) as parts:
        parts.site.nonce += 1
        parts.site.once["/wp-admin/admin-ajax.php"] = web.Response(status=502)
        assert (await parts.session.get("jetpack/v4/settings")).ok
    assert parts.site.seen == {LOGIN: 1, NONCE: 3, f"GET {SETTINGS}": 3}


async def test_a_session_that_never_lasts_is_given_up() -> None:
    async with signed_in(FakeWordPress(dies_at_once=True), opened=False) as parts:
        error = await refusal(parts)
        assert error.kind == "auth.session"
        with pytest.raises(SiteError, match="second login"):
            await parts.auth.renew(parts.auth.generation)
    assert parts.site.seen[LOGIN] == 2
    assert parts.site.seen["GET /wp-admin/post-new.php"] == 0


async def test_a_site_that_refuses_every_nonce_is_asked_twice() -> None:
    async with signed_in(FakeWordPress(refuses_nonces=True)) as parts:
        with pytest.raises(SiteError) as caught:
            await parts.session.post("jetpack/v4/settings", {})
    assert (caught.value.kind, caught.value.sent) == ("auth.session", False)
    assert parts.site.seen == {LOGIN: 1, NONCE: 2, f"POST {SETTINGS}": 2}


async def test_a_fresh_nonce_of_an_answer_is_adopted() -> None:
    async with signed_in(FakeWordPress(fresh_nonces=True)) as parts:
        parts.site.prepared[SETTINGS] = web.json_response({}, headers={"X-WP-Nonce": "00000000ff"})
        await parts.session.get("jetpack/v4/settings")
        assert parts.auth.headers() == {"X-WP-Nonce": "00000000ff"}
        parts.site.prepared[SETTINGS] = web.json_response({}, headers={"X-WP-Nonce": "no nonce"})
        await parts.session.get("jetpack/v4/settings")
        assert parts.auth.headers() == {"X-WP-Nonce": "00000000ff"}
    assert parts.auth.generation == 1


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param({"admin.php": JETPACK_PAGE}, id="Jetpack's page"),
        pytest.param({"post-new.php": POST_PAGE}, id="form for a new post"),
        pytest.param({"admin.php": "<p>empty</p>", "post-new.php": POST_PAGE}, id="second page"),
    ],
)
async def test_an_old_wordpress_tells_its_nonce_in_a_page(pages: dict[str, str]) -> None:
    async with signed_in(FakeWordPress(has_ajax_nonce=False, pages=pages)) as parts:
        assert (await parts.session.get("jetpack/v4/settings")).ok
    assert parts.site.seen[LOGIN] == 1


async def test_a_site_without_any_nonce_gives_no_session() -> None:
    async with signed_in(FakeWordPress(has_ajax_nonce=False), opened=False) as parts:
        error = await refusal(parts)
    assert error.kind == "auth.session"
    assert parts.site.seen[LOGIN] == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, "throttle.limited"), (503, "site.overloaded"), (500, "site.server_error")],
)
async def test_trouble_with_the_nonce_is_no_reason_to_log_in(status: int, kind: str) -> None:
    site = FakeWordPress(prepared={"/wp-admin/admin-ajax.php": web.Response(status=status)})
    async with signed_in(site, opened=False) as parts:
        assert (await refusal(parts)).kind == kind
    assert parts.site.seen == {LOGIN: 1, NONCE: 1}


async def test_old_cookies_are_dropped_before_a_login() -> None:
    """WordPress would count them as a failed login."""
    async with signed_in(FakeWordPress()) as parts:
        parts.site.end_session()
        await parts.session.get("jetpack/v4/settings")
    assert parts.site.login_cookies == [[], []]


def test_credentials_never_show_the_password() -> None:
    assert "sesame" not in repr(Credentials(USER, SecretStr("sesame")))
