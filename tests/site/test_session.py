"""Opening a session, and who the site takes us for."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr
from yarl import URL

from fleet.config import HttpLimits, Retries, Settings
from fleet.errors import SiteError
from fleet.inventory.model import Auth, AuthMethod, Http, Site
from fleet.inventory.secrets import SecretKind, SecretRef
from fleet.site.account import Identity
from fleet.site.auth import ApplicationPassword, Credentials
from fleet.site.discovery import Endpoints
from fleet.site.opening import open_session
from fleet.site.retry import Retrier
from fleet.site.session import SiteSession
from fleet.site.transport import Connections, Meter
from fleet.site.wire import Answer
from tests.shim import FixedResponses
from tests.site.fake import ADMINISTRATOR, APPLICATION_PASSWORD, PASSWORD, USER, FakeWordPress
from tests.site.servers import SMALL, transport_to, web_server

COOKIE, BASIC = AuthMethod.COOKIE, AuthMethod.APPLICATION_PASSWORD
LOGIN = "POST /wp-login.php"
ME = "/wp-json/wp/v2/users/me"
CORE_SETTINGS = "/wp-json/wp/v2/settings"
FAST = Settings(retries=Retries(first_pause=0.001, longest_pause=0.001))


def site_at(url: URL, method: AuthMethod, ca_file: Path = SMALL) -> Site:
    auth = Auth(method, USER, SecretRef(SecretKind.ENV, "UNUSED"))
    http = Http(timeout=5, ca_file=ca_file)
    return Site("harbour", url, (), {}, auth, http, paused=False, origins={})


@asynccontextmanager
async def opened(
    fake: FakeWordPress, method: AuthMethod = BASIC, password: str | None = None
) -> AsyncIterator[SiteSession]:
    right = PASSWORD if method is COOKIE else APPLICATION_PASSWORD
    secret = SecretStr(right if password is None else password)
    async with (
        web_server(fake.answer) as url,
        Connections(1, HttpLimits()) as connections,
        open_session(site_at(url, method), secret, connections, FAST, Meter()) as session,
    ):
        yield session


async def refusal(
    fake: FakeWordPress, method: AuthMethod = BASIC, password: str | None = None
) -> SiteError:
    with pytest.raises(SiteError) as caught:
        async with opened(fake, method, password):
            pytest.fail("the session opened")
    return caught.value


@pytest.mark.parametrize("method", AuthMethod)
@pytest.mark.parametrize("restricted", [False, True])
async def test_a_session_reads_and_writes(method: AuthMethod, *, restricted: bool) -> None:
    fake = FakeWordPress(restricted=restricted)
    async with opened(fake, method) as session:
        assert (await session.get("jetpack/v4/settings")).ok
        assert (await session.post("jetpack/v4/settings", {"a": 1})).ok
        assert session.endpoints.namespaces == frozenset(fake.namespaces)
    assert fake.bodies[-1] == '{"a": 1}'
    assert fake.seen[LOGIN] == (1 if method is COOKIE else 0)


async def test_an_application_password_goes_without_cookies() -> None:
    """Each answer tries to set one."""
    fake = FakeWordPress()
    async with opened(fake) as session:
        await session.get("jetpack/v4/settings")
    signed = [headers for headers in fake.headers if "Authorization" in headers]
    assert len(signed) == 2
    assert not any("Cookie" in headers or "X-WP-Nonce" in headers for headers in fake.headers)


async def test_nothing_is_signed_before_the_root_is_known() -> None:
    fake = FakeWordPress()
    async with opened(fake):
        assert "Authorization" not in fake.headers[0]


async def test_a_wrong_application_password_is_not_renewed() -> None:
    fake = FakeWordPress()
    error = await refusal(fake, BASIC, "wrong")
    assert error.kind == "auth.anonymous"
    assert fake.seen == {"GET /wp-json/": 1, f"GET {ME}": 1}


async def test_a_refused_nonce_cannot_be_renewed_by_an_application_password() -> None:
    fake = FakeWordPress()
    odd = {"code": "rest_cookie_invalid_nonce"}
    async with opened(fake) as session:
        fake.prepared["/wp-json/x"] = web.json_response(odd, status=403)
        with pytest.raises(SiteError) as caught:
            await session.get("x")
    assert caught.value.kind == "auth.anonymous"


async def test_a_wrong_password_is_sent_once() -> None:
    fake = FakeWordPress()
    error = await refusal(fake, COOKIE, "wrong")
    assert error.kind == "auth.bad_credentials"
    assert fake.seen == {"GET /wp-json/": 1, LOGIN: 1}


REFUSED: list[Any] = [
    pytest.param({"namespaces": ["wp/v2"]}, {}, "jetpack.missing", id="no Jetpack"),
    pytest.param(
        {"namespaces": ["wp/v2"], "restricted": True}, {}, "jetpack.missing", id="told after login"
    ),
    pytest.param(
        {"user": {"name": "E", "roles": ["editor"], "capabilities": {"edit_posts": True}}},
        {},
        "auth.forbidden",
        id="editor",
    ),
    pytest.param({"user": {"capabilities": {}}}, {}, "auth.forbidden", id="no rights"),
    pytest.param(
        {}, {ME: (401, {"code": "incorrect_password"})}, "auth.bad_credentials", id="password"
    ),
    pytest.param({}, {ME: (401, {"code": "rest_not_logged_in"})}, "auth.anonymous", id="anonymous"),
    pytest.param({}, {ME: (500, {})}, "site.server_error", id="broken"),
    pytest.param(
        {},
        {ME: (403, {"code": "closed"}), CORE_SETTINGS: (403, {"code": "rest_forbidden"})},
        "auth.forbidden",
        id="users closed, no rights",
    ),
    pytest.param(
        {},
        {ME: (404, {"code": "closed"}), CORE_SETTINGS: (401, {"code": "rest_forbidden"})},
        "auth.anonymous",
        id="users closed, anonymous",
    ),
]


@pytest.mark.parametrize(("switches", "prepared", "kind"), REFUSED)
async def test_an_account_that_cannot_manage_jetpack_is_refused(
    switches: dict[str, Any], prepared: dict[str, tuple[int, object]], kind: str
) -> None:
    rows = {
        path: web.json_response(body, status=status) for path, (status, body) in prepared.items()
    }
    error = await refusal(FakeWordPress(**switches, prepared=rows))
    assert error.kind == kind


@pytest.mark.parametrize(
    ("prepared", "identity"),
    [
        pytest.param({}, Identity("Keeper", ("administrator",), manages=True), id="told"),
        pytest.param(
            {ME: web.Response(status=403, text="<h1>403</h1>")},
            Identity(manages=True),
            id="route closed by the server",
        ),
        pytest.param(
            {ME: web.json_response({"code": "gone"}, status=404)},
            Identity(manages=True),
            id="route closed by a plugin",
        ),
        pytest.param(
            {
                ME: web.json_response({"code": "gone"}, status=404),
                CORE_SETTINGS: web.json_response({"code": "rest_no_route"}, status=404),
            },
            Identity(manages=None),
            id="older than 4.7",
        ),
        pytest.param(
            {ME: web.json_response({"roles": "x", "capabilities": []})},
            Identity(manages=True),
            id="odd shapes, so the settings tell",
        ),
    ],
)
async def test_the_site_says_who_we_are(
    prepared: dict[str, web.Response], identity: Identity
) -> None:
    fake = FakeWordPress(user=dict(ADMINISTRATOR), prepared=prepared)
    async with opened(fake) as session:
        assert await session.identify() == identity


async def test_an_account_with_very_many_roles_makes_no_long_error() -> None:
    user: dict[str, object] = {
        "name": "x" * 100_000,
        "roles": ["x" * 100_000] * 9,
        "capabilities": {"a": True},
    }
    error = await refusal(FakeWordPress(user=user))
    assert error.kind == "auth.forbidden"
    assert len(error.message) < 5000


PRETTY = "wp-json/jetpack/v4/module/all/active"
PLAIN = "rest_route=%2Fjetpack%2Fv4%2Fmodule%2Fall%2Factive"
MARK = "jetpack_restate=1"


async def redirected(root: str, target: str) -> tuple[Answer | SiteError, int]:
    """Return what a write to a server that redirects means, and how often it was sent.

    Args:
        root: Where the REST routes are.
        target: The redirect; ``ORIGIN`` stands for the server's own.
    """
    seen = 0

    async def redirect(request: web.Request) -> web.Response:
        nonlocal seen
        seen += 1
        location = target.replace("ORIGIN", str(request.url.origin()))
        return web.Response(status=302, headers={"Location": location})

    async with web_server(redirect) as url, transport_to(url) as transport:
        endpoints = Endpoints(url.join(URL(root)), url, None)
        auth = ApplicationPassword(Credentials(USER, SecretStr("x")))
        session = SiteSession(transport, endpoints, auth, Retrier(Retries()))
        try:
            return await session.post("jetpack/v4/module/all/active", {}), seen
        except SiteError as error:
            return error, seen


@pytest.mark.parametrize(
    ("root", "target"),
    [
        pytest.param("wp-json/", f"/{PRETTY}?{MARK}", id="path"),
        pytest.param("wp-json/", f"ORIGIN/{PRETTY}?a=b&{MARK}", id="whole address"),
        pytest.param("?rest_route=/", f"/?{PLAIN}&{MARK}", id="plain"),
        pytest.param("index.php?rest_route=/", f"/index.php?{PLAIN}&{MARK}", id="file"),
    ],
)
async def test_a_redirect_for_a_plugin_in_conflict_is_an_answer(root: str, target: str) -> None:
    answer, seen = await redirected(root, target)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.value, answer.ok) == (302, None, False)
    assert seen == 1


@pytest.mark.parametrize(
    ("root", "target", "kind"),
    [
        pytest.param("wp-json/", "/wp-login.php", "redirect.loop", id="login"),
        pytest.param("wp-json/", f"/{PRETTY}", "redirect.loop", id="without the mark"),
        pytest.param("wp-json/", f"/{PRETTY}?jetpack_restate=0", "redirect.loop", id="other mark"),
        pytest.param(
            "wp-json/", f"/{PRETTY}?{MARK}&rest_route=/x", "redirect.loop", id="both ways"
        ),
        pytest.param(
            "wp-json/", f"//b.example/{PRETTY}?{MARK}", "redirect.cross_origin", id="another host"
        ),
        pytest.param("?rest_route=/", f"/?rest_route=/x&{MARK}", "redirect.loop", id="other route"),
        pytest.param("?rest_route=/", f"/?{MARK}", "redirect.loop", id="no route"),
    ],
)
async def test_any_other_redirect_of_a_write_is_no_answer(
    root: str, target: str, kind: str
) -> None:
    error, seen = await redirected(root, target)
    assert isinstance(error, SiteError)
    assert (error.kind, error.answered, seen) == (kind, True, 1)


async def test_a_read_that_breaks_is_asked_again_and_a_write_is_not() -> None:
    fake = FakeWordPress()
    route = "/wp-json/jetpack/v4/settings"
    async with opened(fake) as session:
        fake.prepared[route] = web.Response(status=502)
        for call in (session.get("jetpack/v4/settings"), session.post("jetpack/v4/settings", {})):
            with pytest.raises(SiteError, match="502"):
                await call
    assert (fake.seen[f"GET {route}"], fake.seen[f"POST {route}"]) == (3, 1)


async def test_stray_output_spoils_the_answer_to_a_write_only() -> None:
    fake = FakeWordPress()
    async with opened(fake) as session:
        stray = web.Response(text='<b>Notice</b> on line 3\n{"a":1}', content_type="text/html")
        fake.prepared["/wp-json/jetpack/v4/settings"] = stray
        assert (await session.get("jetpack/v4/settings")).value == {"a": 1}
        with pytest.raises(SiteError) as caught:
            await session.post("jetpack/v4/settings", {})
    assert caught.value.kind == "proto.not_json"


async def test_a_site_that_moved_to_https_gets_the_password_there_only() -> None:
    index = {"url": "http://harbour.example", "namespaces": ["jetpack/v4"]}
    secure = "https://harbour.example/wp-json/"
    fields = "?_fields=name,url,home,namespaces,authentication"
    with FixedResponses() as network:
        network.get(re.compile("http://"), status=301, headers={"Location": secure + fields})
        network.get(re.compile(f"{secure}wp/v2/users/me"), payload=ADMINISTRATOR)
        network.get(re.compile(secure), payload=index)
        site = site_at(URL("http://harbour.example/"), BASIC)
        async with (
            Connections(1, HttpLimits()) as connections,
            open_session(site, SecretStr("x"), connections, FAST, Meter()),
        ):
            pass
        signed = {
            (sent.url.scheme, sent.url.path)
            for sent in network.sent
            if "Authorization" in sent.options["headers"]
        }
    assert signed == {("https", "/wp-json/wp/v2/users/me")}


@pytest.mark.parametrize(("method", "believed"), [(COOKIE, True), (BASIC, False)])
async def test_a_hit_that_brings_our_nonce_is_no_hit(method: AuthMethod, *, believed: bool) -> None:
    """Past caches nobody has asked before, and WordPress gives a nonce to those it knows."""
    headers = {"Age": "7", "X-Cache": "HIT", "X-WP-Nonce": "0123456789"}
    fake = FakeWordPress()
    async with opened(fake, method) as session:
        fake.prepared["/wp-json/x"] = web.json_response({"a": 1}, headers=headers)
        if believed:
            assert (await session.get("x")).value == {"a": 1}
        else:
            with pytest.raises(SiteError) as caught:
                await session.get("x")
            assert caught.value.kind == "proto.cached"
    assert fake.seen["GET /wp-json/x"] == 2
