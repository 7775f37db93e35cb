"""Whatever a site says, what comes out is an answer or trouble with that site."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from pydantic import SecretStr

from fleet.config import Retries
from fleet.errors import SiteError
from fleet.operations.base import Operation, Query, Sourced, WriteLog
from fleet.operations.registry import REGISTRY, build
from fleet.operations.reset import ResetModules, ResetOptions
from fleet.site.admin_state import initial_state, nonce_in_page, ssl_nonce_in_page
from fleet.site.auth import ApplicationPassword, Credentials
from fleet.site.client import JetpackClient, JetpackReader
from fleet.site.cookies import Cookies, http_date
from fleet.site.decoding import Body
from fleet.site.discovery import Discovery, Endpoints
from fleet.site.exchange import Reply, Request, web_address
from fleet.site.identity import Face, blog_in_page
from fleet.site.login import classify_login, has_session_cookie
from fleet.site.login_signs import waiting_time
from fleet.site.pages import from_a_cache, read_page
from fleet.site.retry import Retrier
from fleet.site.routes import RouteTable
from fleet.site.session import SiteSession
from fleet.site.trust import key_pin
from fleet.site.vendors import asks_for_proof, blocked_by, in_front, refusal, request_id
from fleet.site.wire import excerpt, read_answer, recognise, retry_after, visible
from tests.evil.twisted import ODD, Twisted, twist, twist_text
from tests.site.canned import Canned
from tests.site.login_pages import BOX
from tests.site.replies import HOME, reply

PATIENT = settings(deadline=None, max_examples=60)
FEW = settings(deadline=None, max_examples=12)

PIECES = st.sampled_from(
    [
        *("{", "}", "[", "]", '"', ":", ",", "NaN", "1e999", "9" * 99, "\\ud800", "null", "\x00"),
        *('"code"', '"data"', "rest_cookie_invalid_nonce", "&#x110000;", "&#" + "9" * 50),
        *(BOX, '<input id="user_login" value="', "<script>", "</script>", "<!--", "wp-die-message"),
        *("Initial_State = ", "JSON.parse(decodeURIComponent(", "wpApiSettings = {", "%7B%22"),
        *("g-recaptcha", "cf-turnstile", "wordfence", "jetpack-sso", "try again in 5 minutes"),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=30), max_size=25).map("".join)
BODIES = TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=300)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("Location", "Link", "Set-Cookie", "Retry-After", "Date", "Content-Type", "Age"),
                *("X-WP-Nonce", "Server", "cf-mitigated", "X-Sucuri-Block", "cf-ray", "X-Cache"),
            ]
        ),
        st.text(max_size=60)
        | st.sampled_from(
            [
                *("//[]@", "http://a:99999/", "http://[::1", "//xn--a/", "http:///", "\ud800"),
                *('<//[]@>; rel="https://api.w.org/"', '<>; rel="https://api.w.org/"', "5" * 99),
                *("a=b; Max-Age=" + "9" * 50, "=;;;=", "Wed, 21 Oct 0000 07:28:00 GMT", "-1", "٣"),
            ]
        ),
    ),
    max_size=6,
)
STATUSES = st.sampled_from([100, 200, 204, 301, 302, 307, 400, 401, 403, 404, 406, 429, 500, 503])


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """Return an answer of which nothing needs to be right."""
    headers = CIMultiDictProxy(CIMultiDict(draw(HEADERS)))
    return Reply(draw(STATUSES), HOME, headers, draw(BODIES))


def mapping_of(answer: Reply) -> object:
    return read_answer(answer).mapping


OF_REPLIES: dict[str, Callable[[Reply], object]] = {
    "answer": read_answer,
    "write": lambda answer: read_answer(answer, salvage=False),
    "mapping": mapping_of,
    "location": lambda answer: answer.location,
    "meaning": recognise,
    "pause": retry_after,
    "excerpt": excerpt,
    "login": lambda answer: classify_login(answer, "keeper"),
    "session": has_session_cookie,
    "page": read_page,
    "cache": from_a_cache,
    "proof": asks_for_proof,
    "block": blocked_by,
    "front": in_front,
    "request": request_id,
    "refusal": lambda answer: refusal(answer, "the page"),
}
OF_TEXTS: dict[str, Callable[[str], object]] = {
    "state": initial_state,
    "nonce": nonce_in_page,
    "ssl": ssl_nonce_in_page,
    "visible": visible,
    "address": lambda text: web_address(text, HOME),
    "date": http_date,
    "waiting": waiting_time,
    "blog": blog_in_page,
    "cookie": lambda text: Cookies().take([text], HOME, text),
    "encoding": lambda text: Body([text], 1000),
}


@pytest.mark.parametrize("name", OF_REPLIES)
@PATIENT
@given(answer=replies())
def test_no_answer_is_more_than_trouble_with_its_site(name: str, answer: Reply) -> None:
    with suppress(SiteError):
        OF_REPLIES[name](answer)


@pytest.mark.parametrize("name", OF_TEXTS)
@PATIENT
@given(text=TEXTS)
def test_no_text_is_more_than_trouble_with_its_site(name: str, text: str) -> None:
    with suppress(SiteError):
        OF_TEXTS[name](text)


@PATIENT
@given(st.lists(st.binary(max_size=200), max_size=5), st.sampled_from(["gzip", "deflate", ""]))
def test_no_bytes_make_unpacking_fail_otherwise(pieces: list[bytes], packing: str) -> None:
    with suppress(SiteError):
        body = Body([packing], 1000)
        for piece in pieces:
            body.feed(piece)
        assert len(body.whole()) <= 1000


@PATIENT
@given(st.binary(max_size=2000), st.randoms(use_true_random=False), st.integers(1, 99))
def test_packed_bytes_come_out_as_they_went_in(data: bytes, chance: Random, size: int) -> None:
    packed = gzip.compress(data)
    body = Body(["gzip"], 2000)
    for start in range(0, len(packed), size):
        body.feed(packed[start : start + size])
    assert body.whole() == data
    broken = bytearray(packed)
    broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
    with suppress(SiteError):
        other = Body(["gzip"], 2000)
        other.feed(bytes(broken))
        other.whole()


@PATIENT
@given(st.binary(max_size=200))
def test_no_bytes_make_a_pin_fail(data: bytes) -> None:
    assert len(key_pin(data)) in (0, 51)


JSON = st.recursive(
    st.sampled_from(ODD) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=20,
)
INDEX = {
    "name": "Harbour",
    "url": str(HOME),
    "home": str(HOME),
    "namespaces": ["wp/v2", "jetpack/v4"],
    "authentication": {"application-passwords": {"endpoints": {"authorization": str(HOME)}}},
}
CAPABILITIES = {
    "routes": {
        "/jetpack/v4/settings": {
            "methods": ["GET", "POST"],
            "endpoints": [{"methods": ["POST"], "args": {"a": {"type": "string", "enum": ["x"]}}}],
        },
        "/jetpack/v4/module/(?P<slug>[a-z-]+)": {"methods": ["GET"]},
    }
}


@PATIENT
@given(st.randoms(use_true_random=False), replies())
async def test_no_index_makes_discovery_fail_otherwise(chance: Random, other: Reply) -> None:
    def answer(request: Request) -> Reply:
        if chance.random() < 0.3:
            return other
        return reply(json.dumps(twist(INDEX, chance)), url=request.url)

    with suppress(SiteError):
        endpoints = await Discovery(Canned(answer), HOME, 5).find()
        endpoints.rest("jetpack/v4/settings", {"a": "b"})
        endpoints.admin("admin.php", {"page": "jetpack"})
        face = Face.of(endpoints)
        assert not Face.read(json.loads(json.dumps(face.document()))).differences(face).another


@PATIENT
@given(st.randoms(use_true_random=False), JSON)
def test_no_document_makes_the_table_of_routes_fail(chance: Random, document: object) -> None:
    for each in (document, twist(twist(CAPABILITIES, chance), chance)):
        with suppress(SiteError):
            table = RouteTable.from_document(each if isinstance(each, dict) else {"routes": each})
            table.has("GET", "/settings")


@PATIENT
@given(JSON, STATUSES)
async def test_no_account_makes_a_session_fail(document: object, status: int) -> None:
    def answer(request: Request) -> Reply:
        return reply(json.dumps(document), status, url=request.url)

    endpoints = Endpoints(HOME / "wp-json/", HOME, None)
    auth = ApplicationPassword(Credentials("keeper", SecretStr("x")))
    session = SiteSession(Canned(answer), endpoints, auth, Retrier(Retries(attempts=1)))
    with suppress(SiteError):
        await session.identify()


VALUES: dict[str, dict[str, object]] = {
    "settings.sync": {"from": "site"},
    "settings.diff": {"from": "site"},
    "modules.show": {"module": "carousel"},
    "modules.options": {"module": "carousel", "values": {"carousel_background_color": "white"}},
    "modules.activate": {"modules": ["latex", "sitemaps"]},
    "modules.deactivate": {"modules": ["latex", "sitemaps"]},
    "notices.dismiss": {"notice": "welcome"},
    "api": {"path": "jetpack/v4/settings"},
    "settings.set": {"values": {"carousel_background_color": "white", "latex": True}},
}


async def carried_out(operation: Operation[Any], session: Twisted) -> None:
    """Do what a visit does."""
    client = JetpackClient(session)  # type: ignore[arg-type] # a session without transport
    before = await operation.observe(client)
    decision = operation.decide(before)
    log, trouble, after = WriteLog(), None, None
    try:
        await operation.enact(client, before, decision.changes, log)
    except SiteError as error:
        trouble = error
    with suppress(SiteError):
        after = await operation.reread(client, before, decision.changes)
    judged = operation.judge(before, after, decision.changes, log, trouble)
    meant = [change.key for change in decision.changes]
    if isinstance(operation, ResetModules | ResetOptions):
        # Of a reset only what differs is told, key by key.
        assert bool(judged) == bool(meant)
        assert all(each.key in meant or each.key.partition(".")[0] in meant for each in judged)
    else:
        assert len(judged) == len(meant)


@pytest.mark.parametrize("name", sorted(REGISTRY))
@FEW
@given(
    chance=st.randoms(use_true_random=False), era=st.sampled_from(["4.3", "6.1", "11.5", "16.1"])
)
async def test_no_operation_meets_more_than_trouble_with_its_site(
    name: str, chance: Random, era: str
) -> None:
    """The answers are good ones, each with something wrong in it."""
    session = Twisted(era, chance)
    task = build(name, VALUES.get(name, {}))
    reader = JetpackReader(session.get, session.page)
    with suppress(SiteError):
        if isinstance(task, Query):
            json.dumps(await task.collect(reader), allow_nan=False).encode()
        elif isinstance(task, Operation):
            await carried_out(task, session)
        elif isinstance(task, Sourced):
            await carried_out(await task.draw(reader), session)


def test_every_operation_is_one_of_three() -> None:
    """Else the fuzz above would pass one over."""
    assert all(issubclass(task, Query | Operation | Sourced) for task in REGISTRY.values())


HUGE = {
    "deep-list": b"[" * 100_000,
    "deep-object": b'{"a":' * 100_000,
    "whole-deep": b"[" * 100_000 + b"]" * 100_000,
    "deep-page": b"<div>" * 100_000,
    "digits": b"9" * 1_000_000,
    "string": b'"' + b"x" * 4_000_000 + b'"',
    "invalid": b"\xff" * 1_000_000,
    "nul": b"\x00" * 1_000_000,
}


@pytest.mark.parametrize("body", HUGE)
@pytest.mark.parametrize("name", OF_REPLIES)
def test_nothing_deep_or_huge_is_more_than_trouble_with_its_site(name: str, body: str) -> None:
    for status in (200, 403, 503):
        with suppress(SiteError):
            OF_REPLIES[name](reply(HUGE[body], status))


@pytest.mark.parametrize("name", OF_TEXTS)
def test_no_huge_text_is_more_than_trouble_with_its_site(name: str) -> None:
    for body in HUGE.values():
        with suppress(SiteError):
            OF_TEXTS[name](body.decode("latin-1"))


def test_a_twist_is_a_twist() -> None:
    """A fuzz that changes nothing would find nothing."""
    chance = Random(1)  # noqa: S311 - to be repeated
    assert sum(twist(INDEX, chance) != INDEX for _ in range(100)) > 90
    assert sum(twist_text("abc" * 99, chance) != "abc" * 99 for _ in range(100)) > 60
