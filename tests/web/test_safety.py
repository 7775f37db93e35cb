"""Who gets an answer: hosts, origins, tokens, forms, and what every answer carries."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from fleet.errors import InputError
from fleet.front.app import run_command_line
from fleet.front.serve import Listen
from fleet.front.web.access import SESSION_SECONDS, Access, Hosts
from fleet.front.web.audits import Audits
from tests.web.conftest import Serves
from tests.web.made import audited, site

TOKEN = "a-token-of-the-tests-0123456789"
ROUTES = (
    "/",
    "/sites/alpha",
    "/runs",
    "/runs/run-1",
    "/runs/run-1/live",
    "/drift",
    "/compare",
    "/static/htmx.min.js",
    "/metrics",
    "/nowhere",
)


@pytest.fixture
async def filled(journal_file: Path) -> None:
    await audited(journal_file, "run-1", site("alpha", "modules.protect"))


class Started(Audits):
    """Counts the audits that were asked for."""

    def __init__(self) -> None:
        super().__init__([])
        self.count = 0

    async def start(self) -> None:
        self.count += 1


def own(client: ClientSession) -> dict[str, str]:
    """Return what a browser sends along with a form of the dashboard itself."""
    return {"Origin": f"http://{host(client)}", "Sec-Fetch-Site": "same-origin"}


def host(client: ClientSession) -> str:
    base: Any = client._base_url
    return f"{base.host}:{base.port}"


def form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


@pytest.mark.parametrize("path", [*ROUTES, "/healthz"])
async def test_every_answer_carries_the_headers(serves: Serves, filled: None, path: str) -> None:
    async with serves() as client, client.get(path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "aiohttp" not in answer.headers["Server"].lower()
        if "html" in answer.content_type:
            page = await answer.text()
            assert not re.search(r"<style|\son\w+=|\sstyle=|<script(?! src=)", page)


@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "",
        "localhost.evil:{port}",
    ],
)
async def test_security_32_a_foreign_name_gets_nothing(
    serves: Serves, filled: None, name: str
) -> None:
    async with serves() as client:
        port = host(client).partition(":")[2]
        for path in ROUTES:
            async with client.get(path, headers={"Host": name.format(port=port)}) as answer:
                assert answer.status in (400, 421)
                assert "alpha" not in await answer.text()


async def test_names_that_are_allowed_are_answered(serves: Serves, filled: None) -> None:
    named = {"Host": "Fleet.example"}
    async with serves("fleet.example") as client, client.get("/", headers=named) as answer:
        assert answer.status == 200


async def test_security_33_without_the_token_there_is_nothing(serves: Serves, filled: None) -> None:
    async with serves(access=Access(TOKEN), audits=Started()) as client:
        for path in ROUTES:
            if path.startswith("/static/"):
                continue
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "fleet_session=x"}):
                async with client.get(path, headers=headers) as answer:
                    assert answer.status == 401
                    assert "alpha" not in await answer.text()
        wants = {"Accept": "text/html"}
        async with client.get("/", headers=wants, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/login")
        for path in ("/audits", "/logout"):
            async with client.post(path, headers=own(client)) as answer:
                assert answer.status == 401
        async with client.get(f"/?token={TOKEN}") as answer:
            assert answer.status == 401


async def test_security_33_a_token_buys_a_cookie_that_scripts_and_strangers_do_not_get(
    serves: Serves, filled: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serves("fleet.example", access=Access(TOKEN)) as client:
        for bad in ("", "wrong", TOKEN[:-1]):
            async with client.post("/login", data={"token": bad}, headers=own(client)) as answer:
                assert answer.status == 403
                assert "Set-Cookie" not in answer.headers
        through_proxy = {"Host": "fleet.example", "Origin": "https://fleet.example"}
        async with client.post(
            "/login", data={"token": TOKEN}, headers=through_proxy, allow_redirects=False
        ) as answer:
            cookie = answer.headers["Set-Cookie"]
            for word in ("HttpOnly", "SameSite=Strict", "Path=/", "Secure"):
                assert word in cookie
            assert TOKEN not in str(answer.headers)
        async with client.post(
            "/login", data={"token": TOKEN}, headers=own(client), allow_redirects=False
        ) as answer:
            assert answer.status == 303
        async with client.get("/") as answer:
            page = await answer.text()
            assert answer.status == 200
            assert TOKEN not in page
        form = {"form_token": form_token(page)}
        async with client.post("/logout", data=form, headers=own(client)) as answer:
            assert answer.url.path == "/login"
        async with client.get("/") as answer:
            assert answer.status == 401
    assert TOKEN not in caplog.text


async def test_a_bearer_is_heard_as_well(serves: Serves, filled: None) -> None:
    shown = {"Authorization": f"Bearer {TOKEN}"}
    async with serves(access=Access(TOKEN)) as client, client.get("/", headers=shown) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://{host}", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://{host}", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://{host}.evil.example"},
        {"Origin": "http://["},
    ],
)
async def test_security_33_a_form_of_another_page_starts_nothing(
    serves: Serves, filled: None, headers: dict[str, str]
) -> None:
    audits = Started()
    async with serves(audits=audits) as client:
        async with client.get("/") as answer:
            form = {"form_token": form_token(await answer.text())}
        given = {name: text.format(host=host(client)) for name, text in headers.items()}
        async with client.post("/audits", data=form, headers=given) as answer:
            assert answer.status == 403
    assert audits.count == 0


async def test_security_33_only_our_own_form_starts_an_audit(serves: Serves, filled: None) -> None:
    audits = Started()
    async with serves(audits=audits) as client:
        for form in ({}, {"form_token": "0" * 64}):
            async with client.post("/audits", data=form, headers=own(client)) as answer:
                assert answer.status == 403
        async with client.get("/audits") as answer:
            assert answer.status == 405
        assert audits.count == 0
        async with client.get("/") as answer:
            form = {"form_token": form_token(await answer.text())}
        async with client.post("/audits", data=form, headers=own(client)) as answer:
            assert answer.url.path == "/runs"
    assert audits.count == 1


async def test_without_writable_nothing_can_be_started(serves: Serves, filled: None) -> None:
    async with serves() as client:
        async with client.post("/audits", headers=own(client)) as answer:
            assert answer.status == 404
        async with client.get("/") as answer:
            assert "<button>Start an audit" not in await answer.text()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused(serves: Serves, filled: None, method: str) -> None:
    async with serves() as client, client.request(method, "/") as answer:
        assert answer.status in (400, 405)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../access.py",
        "/static/%2e%2e/access.py",
        "/static/..%2faccess.py",
        "/static/%2fetc%2fpasswd",
        "/static/style.css%00.js",
        "/runs/..%2f..%2fetc%2fpasswd",
        "/runs/%27%20OR%201=1",
        "/runs/" + "x" * 3000,
        "/sites/..%2f..%2fetc%2fpasswd",
        "/static/VENDORED.md",
    ],
)
async def test_security_34_no_address_leads_to_a_file(
    serves: Serves, filled: None, path: str
) -> None:
    async with serves() as client:
        from yarl import URL  # noqa: PLC0415 - only here an address is sent as it is

        address = URL(f"http://{host(client)}{path}", encoded=True)
        async with client.get(address) as answer:
            text = await answer.text()
            assert answer.status in (400, 404)
            assert "root:" not in text
            assert "hmac" not in text


async def test_a_large_form_is_refused(serves: Serves, filled: None) -> None:
    async with serves(access=Access(TOKEN)) as client:
        big = {"token": "x" * 100_000}
        async with client.post("/login", data=big, headers=own(client)) as answer:
            assert answer.status == 413


@pytest.fixture
def no_writes(journal_file: Path, filled: None) -> Iterator[None]:
    def rows() -> list[str]:
        with closing(sqlite3.connect(journal_file)) as connection:
            return list(connection.iterdump())

    before = rows()
    yield
    assert rows() == before


async def test_looking_at_every_page_writes_nothing(serves: Serves, no_writes: None) -> None:
    async with serves() as client:
        for path in ROUTES:
            async with client.get(path) as answer:
                assert answer.status in (200, 404)


class Paused:
    """A token, a clock that a test moves, and the pauses that answers took."""

    def __init__(self) -> None:
        self.now, self.pauses = 0.0, list[float]()
        self.access = Access(TOKEN, clock=lambda: self.now, pause=self._pause)

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def guess(self, peer: str, count: int) -> None:
        for number in range(count):
            assert not await self.access.accepts(f"wrong-wrong-wrong-{number}", peer)


async def test_guessing_is_slow_and_the_right_token_is_taken_all_the_same() -> None:
    here = Paused()
    await here.guess("192.0.2.1", 20)
    assert here.pauses == []
    assert await here.access.accepts(TOKEN, "192.0.2.2")
    assert here.pauses == []
    # Right and wrong are told apart by nothing but the answer, and that takes its time.
    assert await here.access.accepts(TOKEN, "192.0.2.1")
    await here.guess("192.0.2.1", 2)
    await here.guess("::ffff:192.0.2.1", 1)
    assert here.pauses == [2.0] * 4
    here.now = 61.0
    assert await here.access.accepts(TOKEN, "192.0.2.1")
    await here.guess("192.0.2.1", 1)
    assert here.pauses == [2.0] * 4


async def test_who_has_an_address_of_ipv6_has_its_neighbours_too() -> None:
    here = Paused()
    for number in range(20):
        await here.guess(f"2001:db8::{number:x}", 1)
    await here.guess("2001:db8::ffff", 1)
    assert here.pauses == [2.0]
    await here.guess("2001:db8:0:1::1", 1)
    assert here.pauses == [2.0]


async def test_the_places_that_guess_are_bounded() -> None:
    here = Paused()
    await here.guess("192.0.2.1", 20)
    for number in range(10_000):
        await here.guess(f"10.0.{number >> 8}.{number & 255}", 1)
    await here.guess("192.0.2.1", 1)
    assert here.pauses == []


async def test_wrong_tokens_lock_nobody_out(serves: Serves, filled: None) -> None:
    here = Paused()
    wrong, right = ({"Authorization": f"Bearer {each}"} for each in ("wrong-" * 5, TOKEN))
    async with serves(access=here.access) as client:
        for _ in range(20):
            async with client.get("/runs", headers=wrong) as answer:
                assert answer.status == 401
        async with client.post("/login", data={"token": "wrong"}, headers=own(client)) as answer:
            assert answer.status == 403
        assert here.pauses == [2.0]
        async with client.get("/runs", headers=right) as answer:
            assert answer.status == 200
        form = {"token": TOKEN}
        async with client.post(
            "/login", data=form, headers=own(client), allow_redirects=False
        ) as answer:
            assert answer.status == 303
        assert here.pauses == [2.0] * 3


def test_sessions_end_and_are_bounded() -> None:
    now = [0.0]
    access = Access(TOKEN, clock=lambda: now[0])
    first = access.open_session()
    assert access.is_session(first)
    assert access.form_token(first) != access.form_token("")
    for _ in range(999):
        access.open_session()
    last = access.open_session()
    assert not access.is_session(first)
    now[0] = SESSION_SECONDS + 1.0
    assert not access.is_session(last)


def test_nothing_shows_the_token() -> None:
    assert TOKEN not in repr(Access(TOKEN))


def test_a_short_token_is_refused_without_repeating_it() -> None:
    with pytest.raises(InputError) as refused:
        Access("short-secret")
    assert "short-secret" not in str(refused.value)


def test_another_address_needs_tls_and_a_token() -> None:
    for listen in (
        Listen(host="0.0.0.0"),
        Listen(host="192.0.2.1", token="env:X"),
        Listen(host="::", tls_cert=Path("c"), tls_key=Path("k")),
        Listen(tls_cert=Path("c")),
        Listen(allow_host=("fleet.example",)),
        Listen(port=70_000),
    ):
        with pytest.raises(InputError):
            listen.check()
    Listen(host="0.0.0.0", tls_cert=Path("c"), tls_key=Path("k"), token="env:X").check()
    Listen().check()


def test_tls_is_required_of_origins_where_we_speak_it() -> None:
    hosts = Hosts(443, ("fleet.example",), secure=True)
    assert hosts.trusts("fleet.example", "https://fleet.example", None)
    assert not hosts.trusts("fleet.example", "http://fleet.example", None)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["serve", "--host", "0.0.0.0"], "--tls-cert"),
        (["serve", "--writable"], "-i and -p"),
        (["serve", "--token", "plain-words-of-a-token"], "env:NAME"),
        (["serve", "--tls-cert", "/nowhere.pem", "--tls-key", "/nowhere.key"], "cannot be used"),
    ],
)
def test_the_command_refuses_what_is_unsafe(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], word: str
) -> None:
    store = f"--store={tmp_path / 'journal.db'}"
    assert run_command_line([*arguments, store]) == 64
    told = capsys.readouterr().err
    assert word in told
    assert "plain-words-of-a-token" not in told
