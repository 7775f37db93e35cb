"""What an answer is before WordPress comes into it."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from fleet.errors import SiteError
from fleet.site.client import demand
from fleet.site.wire import brief, excerpt, read_answer, recognise, retry_after
from tests.site.replies import reply

BOM = "\ufeff"
NOTICE = (
    "<br />\n<b>Notice</b>:  Undefined index: a [b] in <b>/srv/x.php</b> on line <b>3</b><br />\n"
)
PLAIN_NOTICE = "PHP Warning:  foo() expects {x} [1] in /srv/x.php on line 3\n"
LINE = "<br />\n<b>Deprecated</b>:  Creation of dynamic property in <b>/srv/x.php</b><br />\n"
DEEP = "[" * 100_000 + "]" * 100_000
NESTED: list[object] = []
for _ in range(63):
    NESTED = [NESTED]
OUTGOING = '{"code":"failed_test__outbound_http","message":"no","data":{"status":500}}'


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param('{"a":1}', {"a": 1}, id="object"),
        pytest.param("[]", [], id="empty PHP array"),
        pytest.param('"not_active"', "not_active", id="string"),
        pytest.param("0", 0, id="number"),
        pytest.param("null", None, id="null"),
        pytest.param("", None, id="empty"),
        pytest.param(" \r\n\t", None, id="blank"),
        pytest.param(BOM, None, id="only a byte order mark"),
        pytest.param(BOM + '{"a":1}', {"a": 1}, id="byte order mark"),
        pytest.param(f'{BOM}\n{BOM}{{"a":1}}\n', {"a": 1}, id="two byte order marks"),
        pytest.param(NOTICE + '{"a":1}', {"a": 1}, id="notice in HTML"),
        pytest.param(PLAIN_NOTICE + '{"a":[1]}', {"a": [1]}, id="notice in text"),
        pytest.param(NOTICE + BOM + '{"a":1}', {"a": 1}, id="notice, then a mark"),
        pytest.param(LINE * 5000 + '{"a":1}', {"a": 1}, id="thousands of notices"),
        pytest.param('<!-- cached -->[{"a":1}]', [{"a": 1}], id="comment"),
        pytest.param('[0] {x [] {"a":1}', {"a": 1}, id="behind other brackets"),
        pytest.param("[" * 64 + "]" * 64, NESTED, id="as deep as may be"),
        pytest.param('{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}, id="character in two halves"),
        pytest.param(f'{{"a":{"9" * 40}}}', {"a": int("9" * 40)}, id="long integer"),
    ],
)
def test_a_document_is_read(body: str, value: object) -> None:
    answer = read_answer(reply(body))
    assert answer.value == value
    assert answer.ok


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<!doctype html><p>Welcome</p>", id="page"),
        pytest.param(b'{"a":1', id="cut off"),
        pytest.param(b'{"a":1} <!-- late -->', id="text behind"),
        pytest.param(b'{"a":NaN}', id="NaN"),
        pytest.param(b"[Infinity]", id="infinity"),
        pytest.param(b"[-Infinity]", id="minus infinity"),
        pytest.param(DEEP.encode(), id="very deep"),
        pytest.param(b'{"a":' * 100_000, id="very deep and cut off"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", id="huge integer"),
        pytest.param(b"[2026-01-01] app.ERROR: boom [] []", id="log line"),
        pytest.param(b"x " * 300_000 + b'{"a":1}', id="behind very much text"),
        pytest.param(b'x [1, {"a":1}', id="whole inside of one cut off"),
        pytest.param(b'x [NaN] {"a":1}', id="behind what is no number"),
        pytest.param(b"\xff\xfe{\x00}\x00", id="UTF-16"),
        pytest.param(b"\x00\x01\x02", id="binary"),
        pytest.param(b'{"a":1,"a":2}', id="key twice"),
        pytest.param(b'x [{"a":1,"a":1}]', id="key twice behind stray text"),
        pytest.param(b'{"b":2}\n{"a":1}', id="behind another document"),
        pytest.param(b"[" * 65 + b"]" * 65, id="deeper than any document"),
        pytest.param(b"x " + b"[" * 65 + b"1" + b"]" * 65, id="deep behind stray text"),
        pytest.param(b'{"a":1e999}', id="number beyond all"),
        pytest.param(b'{"a":' + b"9" * 41 + b"}", id="long integer"),
        pytest.param(b'{"a":0.' + b"1" * 40 + b"}", id="long fraction"),
        pytest.param(b'{"a":"\\ud800"}', id="half a character"),
        pytest.param(b'{"\\udc00":1}', id="half a character as key"),
        pytest.param(b'{"a":"caf\xe9"}', id="Latin-1"),
        pytest.param(b'x {"a":"caf\xe9"}', id="Latin-1 behind stray text"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', id="half a character in UTF-8"),
    ],
)
def test_anything_else_is_no_answer(body: bytes) -> None:
    with pytest.raises(SiteError) as caught:
        read_answer(reply(body))
    assert caught.value.kind == "proto.not_json"


def test_bytes_that_php_printed_before_a_document_may_be_anything() -> None:
    assert read_answer(reply(b'Notice in /caf\xe9 {"a":1}')).value == {"a": 1}


def test_a_write_is_not_read_past_stray_output() -> None:
    with pytest.raises(SiteError, match="without JSON"):
        read_answer(reply(NOTICE + '{"a":1}'), salvage=False)


def test_a_wide_document_is_read_whole() -> None:
    value = {"n": "9" * sys.get_int_max_str_digits(), "deep": [[[[[[1]]]]]]}
    assert read_answer(reply(json.dumps(value))).value == value


HTML = [("Content-Type", "text/html")]
RETRY = [("Retry-After", "7")]
WP_DIE = '{"code":"wp_die","message":"Kurz nicht da","data":{"status":503}}'
FATAL = '{"code":"internal_server_error","message":"<p>Kritisch</p>","data":{"status":500}}'
DATABASE = "<h1>Error establishing a database connection</h1>"
COMMENT_FORM = "<p>Nothing here</p><div class='g-recaptcha'></div>"
BEACON = '<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>'
CHALLENGE = '<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1?r=1"></script>'
HOST_CHALLENGE = '<meta http-equiv="refresh" content="0;/.well-known/sgcaptcha/?r=%2F">'

FRONTS = [
    pytest.param("<h1>Not Found</h1>", 404, HTML, "site.rest_unavailable", id="404 page"),
    pytest.param(COMMENT_FORM, 404, HTML, "site.rest_unavailable", id="404 with a comment form"),
    pytest.param(BEACON, 404, HTML, "site.rest_unavailable", id="404 behind Cloudflare"),
    pytest.param(COMMENT_FORM, 200, HTML, "proto.not_json", id="page with a comment form"),
    pytest.param(BEACON, 200, HTML, "proto.not_json", id="page behind Cloudflare"),
    pytest.param(CHALLENGE, 403, HTML, "block.captcha", id="challenge"),
    pytest.param(CHALLENGE, 503, HTML, "block.captcha", id="challenge as 503"),
    pytest.param(HOST_CHALLENGE, 202, HTML, "block.captcha", id="challenge of a host"),
    pytest.param("<p class='h-captcha'>", 403, HTML, "block.captcha", id="widget on a 403"),
    pytest.param(
        "x", 403, [("cf-mitigated", "challenge")], "block.captcha", id="challenge by header"
    ),
    pytest.param("<h1>403</h1>", 403, HTML, "block.waf", id="403 page"),
    pytest.param("Not Acceptable", 406, HTML, "block.waf", id="406"),
    pytest.param("no", 401, [("WWW-Authenticate", "Basic")], "block.waf", id="web server's 401"),
    pytest.param("no", 403, [("X-JetpackWAF-Blocked", "403 - rule 1")], "block.waf", id="Jetpack"),
    pytest.param("no", 200, [("X-Sucuri-Block", "1")], "block.waf", id="Sucuri"),
    pytest.param("{}", 429, RETRY, "throttle.limited", id="429 with JSON"),
    pytest.param("slow down", 429, HTML, "throttle.limited", id="429 page"),
    pytest.param(WP_DIE, 503, HTML, "site.maintenance", id="wp_die as JSON"),
    pytest.param("<title>Wartung</title>", 503, RETRY, "site.maintenance", id="maintenance page"),
    pytest.param("<p>busy</p>", 503, HTML, "site.overloaded", id="503 without a promise"),
    pytest.param("", 500, HTML, "site.server_error", id="empty 500"),
    pytest.param(FATAL, 500, HTML, "site.critical_error", id="fatal error as JSON"),
    pytest.param("[]", 500, HTML, "site.server_error", id="500 with an empty array"),
    pytest.param('{"code":5}', 500, HTML, "site.server_error", id="500 with an odd code"),
    pytest.param("<h1>Oops</h1>", 502, HTML, "site.server_error", id="502"),
    pytest.param(DATABASE, 200, HTML, "site.database_down", id="no database as 200"),
    pytest.param("", 404, HTML, "site.rest_unavailable", id="empty 404"),
    pytest.param("", 403, HTML, "block.waf", id="empty 403"),
    pytest.param("", 400, HTML, "proto.not_json", id="empty 400"),
    pytest.param("<p>gone</p>", 410, HTML, "proto.not_json", id="410"),
]


@pytest.mark.parametrize(("body", "status", "headers", "kind"), FRONTS)
def test_what_stands_in_front_is_recognised(
    body: str, status: int, headers: list[tuple[str, str]], kind: str
) -> None:
    with pytest.raises(SiteError) as caught:
        read_answer(reply(body, status, headers))
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(OUTGOING, 500, "failed_test__outbound_http", id="not connected"),
        pytest.param('{"code":"rest_forbidden"}', 401, "rest_forbidden", id="401"),
        pytest.param('{"code":"rest_no_route"}', 404, "rest_no_route", id="404"),
        pytest.param('{"code":"activation_failed"}', 424, "activation_failed", id="424"),
        pytest.param('{"code":"disabled"}', 503, "disabled", id="503 of a plugin"),
        pytest.param('{"code":["a"],"message":null}', 400, "", id="odd envelope"),
        pytest.param("[1]", 400, "", id="list"),
    ],
)
def test_an_error_in_json_is_an_ordinary_answer(body: str, status: int, code: str) -> None:
    answer = read_answer(reply(body, status))
    assert (answer.status, answer.code, answer.ok) == (status, code, False)


@pytest.mark.parametrize(
    ("here", "target", "kind"),
    [
        pytest.param("https://a.example/x", "/wp-login.php", "redirect.loop", id="same origin"),
        pytest.param("https://a.example/", "http://a.example/", "redirect.downgrade", id="to http"),
        pytest.param(
            "http://a.example/", "https://a.example/", "redirect.cross_origin", id="to https"
        ),
        pytest.param(
            "https://a.example/", "https://b.example/", "redirect.cross_origin", id="other host"
        ),
        pytest.param(
            "https://a.example/", "//a.example:8443/", "redirect.cross_origin", id="other port"
        ),
        pytest.param(
            "https://a.example/", "mailto:x@b.example", "redirect.cross_origin", id="mail"
        ),
        pytest.param("https://a.example/", "http:///x", "redirect.cross_origin", id="no host"),
        pytest.param("https://a.example/", "ftp://a.example/", "redirect.cross_origin", id="ftp"),
        pytest.param("https://a.example/", "http://[::1", "redirect.cross_origin", id="broken"),
    ],
)
def test_a_redirect_is_never_an_answer(here: str, target: str, kind: str) -> None:
    with pytest.raises(SiteError) as caught:
        read_answer(reply("{}", 302, [("Location", target)], URL(here)))
    assert caught.value.kind == kind


def test_a_location_brings_no_credentials_along() -> None:
    answer = reply("", 302, [("Location", "https://u:p@harbour.example/wp-json/")])
    assert answer.location == URL("https://harbour.example/wp-json/")


def test_an_empty_php_array_is_an_empty_object() -> None:
    assert read_answer(reply("[]")).mapping == {}
    assert read_answer(reply('{"a":1}')).mapping == {"a": 1}


@pytest.mark.parametrize("body", ["[1]", "null", '"text"', "0", "false", ""])
def test_another_shape_is_no_object(body: str) -> None:
    with pytest.raises(SiteError) as caught:
        _ = read_answer(reply(body)).mapping
    assert caught.value.kind == "proto.not_json"


def test_the_sites_own_words_are_kept_apart() -> None:
    answer = read_answer(reply('{"code":"x","message":"Nein"}', 400))
    assert answer.said == "Nein"
    assert read_answer(reply('{"code":"x","message":null}', 400)).said == ""


def test_the_sites_own_words_are_never_long() -> None:
    long = "x" * 1_000_000
    answer = read_answer(reply(json.dumps({"code": long, "message": long}), 400))
    assert len(answer.code) == len(answer.said) == len(brief(long)) < 5000
    with pytest.raises(SiteError) as caught:
        demand(answer)
    assert len(caught.value.message) < 5000
    assert len(caught.value.said) < 5000
    assert read_answer(reply(json.dumps({"message": "x" * 3000}), 400)).said == "x" * 3000


@pytest.mark.parametrize(
    ("status", "target"),
    [pytest.param(302, "/" + "x" * 4000, id="path"), pytest.param(500, "/", id="page")],
)
def test_no_answer_makes_a_long_error(status: int, target: str) -> None:
    error = recognise(reply("x" * 1_000_000, status, [("Location", target)]))
    assert len(error.message + error.said) < 5000


YEAR = 365 * 86400.0
NOON = "Wed, 21 Oct 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("120", 120.0, id="seconds"),
        pytest.param(" 5 ", 5.0, id="with blanks"),
        pytest.param("0", 0.0, id="at once"),
        pytest.param("99999999999", YEAR, id="centuries"),
        pytest.param("9" * 5000, YEAR, id="thousands of digits"),
        pytest.param("Wed, 21 Oct 2026 12:00:07 GMT", 7.0, id="date"),
        pytest.param("Wednesday, 21-Oct-26 12:00:07 GMT", 7.0, id="old form of a date"),
        pytest.param("Wed, 21 Oct 2026 07:28:00 GMT", 0.0, id="date that is over"),
        pytest.param("Wed, 21 Oct 9999 12:00:00 GMT", YEAR, id="date in another millennium"),
        pytest.param("Wed, 32 Oct 2026 12:00:00 GMT", None, id="no date"),
        pytest.param("2026-10-21T12:00:07Z", None, id="date of another standard"),
        pytest.param("Wed, 21 Oct 2026 12:00:07 +0000", None, id="date with a zone"),
        pytest.param("-1", None, id="negative"),
        pytest.param("+1", None, id="with a sign"),
        pytest.param("1_0", None, id="as Python writes numbers"),
        pytest.param("1.5", None, id="fraction"),
        pytest.param("soon", None, id="word"),
        pytest.param("٣", None, id="digit of another script"),
        pytest.param("", None, id="empty"),
    ],
)
def test_the_pause_asked_for_is_read(value: str, seconds: float | None) -> None:
    answer = reply("", 429, [("Retry-After", value), ("Date", NOON)])
    assert retry_after(answer) == seconds
    assert recognise(answer).retry_after == seconds


def test_a_date_counts_from_here_where_the_site_tells_no_date() -> None:
    over = reply("", 429, [("Retry-After", "Wed, 21 Oct 2015 12:00:00 GMT")])
    ahead = reply("", 429, [("Retry-After", "Wed, 21 Oct 9999 12:00:00 GMT")])
    assert (retry_after(over), retry_after(ahead)) == (0.0, YEAR)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param("<title>A</title><style>b{}</style>\n<p>C  d</p>", "A C d", id="page"),
        pytest.param("plain", "plain", id="text"),
        pytest.param("a <script>x", "a", id="script without an end"),
        pytest.param("a <b", "a", id="tag without an end"),
        pytest.param("w " * 300, ("w " * 80).strip(), id="long"),
        pytest.param("<script " * 2500, "", id="many scripts"),
        pytest.param("<" * 20_000, "", id="many tags"),
        pytest.param("a &#" + "9" * 5000, "a &#" + "9" * 156, id="entity of many digits"),
    ],
)
def test_an_excerpt_is_the_visible_beginning(body: str, text: str) -> None:
    assert excerpt(reply(body)).strip() == text


fragments = st.lists(
    st.sampled_from(
        [b"{", b"}", b"[", b"]", b'"code"', b":", b'"wp_die"', b",", b"1", b"NaN", b"<p>", b"\n"]
    ),
    max_size=25,
).map(b"".join)


@given(st.binary() | fragments, st.integers(100, 599), st.booleans())
def test_only_site_errors_escape(body: bytes, status: int, salvage: bool) -> None:
    try:
        answer = read_answer(reply(body, status), salvage=salvage)
    except SiteError:
        return
    assert answer.status == status
    assert status < 500 or answer.code


@given(st.text(st.characters(max_codepoint=255)), st.sampled_from((301, 302, 303, 307, 308)))
def test_no_location_makes_it_fail(location: str, status: int) -> None:
    with pytest.raises(SiteError):
        read_answer(reply("{}", status, [("Location", location)]))
