"""Answers that are not what was asked for, and answers that are far too much of it."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest

from fleet.errors import SiteError
from fleet.results import Status
from fleet.simulator.wire import SimResponse
from fleet.site.wire import read_answer
from tests.evil.acts import Act, Answer, Close, Endless, Hang, Say, as_bytes
from tests.evil.company import BULK, Bad, Company, Ran
from tests.evil.evilsite import Strike
from tests.evil.pages import HEAD, page, plain
from tests.site.replies import reply

CHANGED = (Status.CHANGED, None)
NOT_JSON = (Status.FAILED, "proto.not_json")
TOO_LARGE = (Status.FAILED, "proto.too_large")
MODULES = "/jetpack/v4/module/all"
SETTINGS = "/jetpack/v4/settings"
LONG = "{timeout: 50s, deadline: 100s}"
NOTICE = "<br />\n<b>Notice</b>: Undefined index in <b>/srv/x.php</b> on line <b>3</b><br />\n"
HOME = "<!DOCTYPE html><title>Harbour Café</title><h1>Welcome</h1>"


def instead(*acts: Act, where: str = MODULES) -> Bad:
    """Return a site that does something else where its modules are read."""
    return Bad([Strike(acts, where, "GET")])


def body(data: bytes) -> Answer:
    """Return a good answer with another body, so that nothing else about it is odd."""
    return Answer(lambda good: as_bytes(good, body=data))


def endings(ran: Mapping[str, Ran]) -> dict[str, tuple[Status, str | None]]:
    assert all(each.writes == 0 or each.ended == CHANGED for each in ran.values())
    return {name: each.ended for name, each in ran.items()}


async def test_fault_35_a_page_instead_of_json_is_asked_for_once(company: Company) -> None:
    ran = await company.strike(Strike((Say(page(200, HOME)),), MODULES))
    assert ran.ended == NOT_JSON
    assert "Harbour Café" in ran.result.said
    assert (ran.writes, ran.count(f"GET {MODULES}")) == (0, 1)


def noisy(good: SimResponse) -> bytes:
    return as_bytes(good, body=NOTICE.encode() + good.body)


def twice(good: SimResponse) -> bytes:
    return as_bytes(good, body=NOTICE.encode() + good.body + b"\n" + good.body)


async def test_fault_36_a_notice_before_one_document_is_passed_over_in_reads(
    company: Company,
) -> None:
    bad = {
        "notice": Bad([Strike((Answer(noisy),), "/jetpack/*", "GET")]),
        "twice": Bad([Strike((Answer(twice),), "/jetpack/*", "GET")]),
        "write": Bad([Strike((Answer(noisy),), BULK, "POST")]),
    }
    ran = await company.strike_all(bad)
    assert endings(ran) == {"notice": CHANGED, "twice": NOT_JSON, "write": CHANGED}
    assert ran["write"].writes == 1


def cut(at: int) -> Answer:
    return Answer(lambda good: as_bytes(good, body=good.body[: at % max(1, len(good.body))]))


async def test_fault_37_json_that_is_cut_empty_or_marked(company: Company, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - to be repeated
    places = [1, *(chance.randrange(1, 200) for _ in range(6))]
    bad = {f"cut-{at}": instead(cut(at)) for at in dict.fromkeys(places)}
    bad["empty"] = instead(body(b""))
    bad["marked"] = instead(Answer(lambda good: as_bytes(good, body=b"\xef\xbb\xbf" + good.body)))
    bad["cut-write"] = Bad([Strike((cut(9),), BULK, "POST")])
    ran = await company.strike_all(bad)
    assert endings(ran) == {
        **dict.fromkeys(bad, NOT_JSON),
        "marked": CHANGED,
        "cut-write": CHANGED,
    }


def test_fault_37_no_beginning_of_a_document_is_a_document() -> None:
    whole = json.dumps({"protect": {"activated": True, "options": {}, "override": "active"}})
    for end in range(1, len(whole)):
        with pytest.raises(SiteError):
            read_answer(reply(NOTICE + whole[:end]))


async def test_fault_38_a_body_without_an_end_is_given_up(company: Company) -> None:
    piece = b"[0," * 20_000
    chunk = b"%x\r\n" % len(piece) + piece + b"\r\n"
    bad = {
        "honest": instead(Say(HEAD + b"Content-Length: 2000000000\r\n\r\n"), Endless(piece)),
        "chunked": instead(Say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), Endless(chunk)),
        "open": instead(Say(HEAD + b"\r\n"), Endless(piece)),
        "tiny-chunks": instead(
            Say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), Endless(b"1\r\n \r\n" * 9000)
        ),
    }
    # A million chunks take their time on a busy machine; no limit of time is meant here.
    patient = {name: replace(each, http=LONG) for name, each in bad.items()}
    ran = await company.strike_all(patient)
    assert endings(ran) == dict.fromkeys(bad, TOO_LARGE)
    assert all(each.evil.ledger.sent < 60_000_000 for each in ran.values())


def packed(data: bytes, name: str, status: int = 200, *more: tuple[str, str]) -> Say:
    headers = (("Content-Encoding", name), *more)
    return Say(page(status, data, "application/json", headers))


def nested(data: bytes, times: int) -> bytes:
    for _ in range(times):
        data = gzip.compress(data)
    return data


BOMB = gzip.compress(b" " * 64_000_000)
RAW = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
FLAT = RAW.compress(b" " * 64_000_000) + RAW.flush()


async def test_fault_39_a_bomb_does_not_go_off_whatever_its_status(company: Company) -> None:
    bad = {
        "gzip-200": instead(packed(BOMB, "gzip")),
        "gzip-302": instead(packed(BOMB, "gzip", 302, ("Location", "/"))),
        "gzip-403": instead(packed(BOMB, "gzip", 403)),
        "gzip-429": instead(packed(BOMB, "gzip", 429)),
        "gzip-500": instead(packed(BOMB, "gzip", 500)),
        "gzip-login": Bad([Strike((packed(BOMB, "gzip"),), "/wp-login.php")]),
        "deflate": instead(packed(zlib.compress(b" " * 64_000_000), "deflate")),
        "flat": instead(packed(FLAT, "deflate")),
    }
    ran = await company.strike_all(bad)
    assert endings(ran) == dict.fromkeys(bad, TOO_LARGE)


async def test_fault_39_only_what_was_asked_for_is_unpacked(company: Company) -> None:
    value = b'{"latex":{"activated":true}}'
    bad = {
        "nested": instead(packed(nested(value, 5), "gzip, gzip, gzip, gzip, gzip")),
        "twice": instead(packed(nested(value, 2), "gzip", 200, ("Content-Encoding", "gzip"))),
        "br": instead(packed(b"\x1b\x00\x00", "br")),
        "zstd": instead(packed(b"\x28\xb5\x2f\xfd", "zstd")),
        "members": Bad([Strike((packed(gzip.compress(b"") * 5000, "gzip"),), MODULES, "GET")]),
    }
    ran = await company.strike_all(bad)
    assert endings(ran) == {
        **dict.fromkeys(bad, NOT_JSON),
        "members": (Status.FAILED, "proto.truncated"),
    }
    assert all(
        b"Accept-Encoding: gzip, deflate\r\n" in r.evil.ledger.received for r in ran.values()
    )


def one(value: str) -> bytes:
    return b'{"latex":{"activated":true,"options":{"x":' + value.encode() + b"}}}"


HOSTILE = {
    "deep": one("[" * 100_000 + "]" * 100_000),
    "deep-objects": one('{"a":' * 50_000 + "1" + "}" * 50_000),
    "digits": one("9" * 5000),
    "nan": one("NaN"),
    "infinity": one("-Infinity"),
    "float": one("1e999"),
    "keys-twice": one('{"a":1,"a":2}'),
    "surrogate": one('"\\ud800"'),
    "surrogate-key": one('{"\\udfff":1}'),
}


@pytest.mark.parametrize("where", [MODULES, SETTINGS])
async def test_fault_40_json_that_no_honest_site_sends_is_refused(
    company: Company, where: str
) -> None:
    bad = {name: instead(body(data), where=where) for name, data in HOSTILE.items()}
    ran = await company.strike_all(bad)
    assert endings(ran) == dict.fromkeys(bad, NOT_JSON)
    for each in ran.values():
        assert json.dumps(each.result.said).isascii()


def typed(kind: str) -> Answer:
    def change(good: SimResponse) -> bytes:
        rest = tuple(pair for pair in good.headers if pair[0] != "Content-Type")
        headers = (*rest, ("Content-Type", kind))
        return as_bytes(SimResponse(good.status, headers, good.body))

    return Answer(change)


async def test_fault_41_json_is_utf_8_whatever_it_is_called(company: Company) -> None:
    """The bytes count and not their label: strict JSON is read, anything else is not."""
    latin = '{"latex":{"activated":true,"name":"Café"}}'.encode("latin-1")
    bad = {
        "html": instead(typed("text/html; charset=UTF-8")),
        "no-type": instead(typed("")),
        "label": instead(typed("application/json; charset=ISO-8859-1")),
        "latin-1": instead(body(latin)),
        "utf-16": instead(body('{"latex":{}}'.encode("utf-16"))),
        "overlong": instead(body(b'{"latex":{"name":"\xc0\xaf"}}')),
    }
    ran = await company.strike_all(bad)
    assert endings(ran) == {
        "html": CHANGED,
        "no-type": CHANGED,
        "label": CHANGED,
        "latin-1": NOT_JSON,
        "utf-16": NOT_JSON,
        "overlong": NOT_JSON,
    }


def shaped(activated: object, stored: object) -> Bad:
    """Return a site whose two module routes tell states of odd types."""

    def modules(good: SimResponse) -> bytes:
        listed = json.loads(good.body)
        for module in listed.values():
            module["activated"] = activated
        return as_bytes(good, body=json.dumps(listed))

    def settings(good: SimResponse) -> bytes:
        return as_bytes(good, body=json.dumps(dict.fromkeys(json.loads(good.body), stored)))

    return Bad(
        [Strike((Answer(modules),), MODULES, "GET"), Strike((Answer(settings),), SETTINGS, "GET")]
    )


async def test_fault_42_states_as_texts_and_numbers_are_no_drift(company: Company) -> None:
    bad = {
        "texts": shaped("1", "1"),
        "numbers": shaped(1, 1),
        "mixed": shaped(True, "yes"),
    }
    async with company.facing(bad) as scene:
        for _ in range(2):
            ran = await scene.run()
            assert endings(ran) == dict.fromkeys(bad, (Status.UNCHANGED, None))


async def test_fault_42_lists_for_objects_are_refused(company: Company) -> None:
    bodies = {
        "list": '["latex","sitemaps"]',
        "text": '"latex"',
        "number": "5",
        "inner-list": '{"latex":["a"],"sitemaps":["b"]}',
        "nothing": "null",
        "state": '{"latex":{"activated":[]},"sitemaps":{"activated":{}}}',
    }
    bad = {name: instead(body(text.encode())) for name, text in bodies.items()}
    ran = await company.strike_all(bad)
    assert all(each.result.status in (Status.FAILED, Status.BLOCKED) for each in ran.values())
    assert all(each.writes == 0 for each in ran.values())


async def test_fault_48_headers_have_a_size_and_a_number(company: Company) -> None:
    start = Say(HEAD)
    bad = {
        "many": instead(start, Endless(b"X-Many: y\r\n" * 1000)),
        "long": instead(start, Say(b"X-Long: "), Endless(b"y" * 65536)),
        "long-name": instead(start, Endless(b"X" * 65536)),
        "both": instead(start, Endless((b"X-Both: " + b"y" * 30_000 + b"\r\n") * 4)),
        "status": instead(Say(b"HTTP/1.1 200 "), Endless(b"O" * 65536)),
        "bare-cr": instead(start, Say(b"X-A: b\rX-Evil: 1\r\n\r\n{}"), Close()),
        "nul": instead(start, Say(b"X-A: b\0c\r\nContent-Length: 2\r\n\r\n{}"), Close()),
        "two-lengths": instead(
            start, Say(b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}"), Hang()
        ),
    }
    ran = await company.strike_all(bad)
    kinds = {"proto.not_json", "proto.too_large"}
    assert {name for name, each in ran.items() if each.result.kind not in kinds} == set()
    assert all(each.writes == 0 for each in ran.values())
    assert all(each.evil.ledger.sent < 40_000_000 for each in ran.values())


async def test_security_38_a_second_answer_answers_nobody(company: Company) -> None:
    """It claims that everything is switched on; the read-back has to ask for itself."""
    lie = plain('{"latex":true,"sitemaps":true}')
    ok = plain('{"code":"success"}')
    bad = {
        "at-once": Bad([Strike((Say(ok + lie),), BULK, "POST")]),
        "read": Bad([Strike((Answer(lambda good: as_bytes(good) + lie),), "/jetpack/*", "GET")]),
        "later": Bad([Strike((Say(ok), Say(lie)), BULK, "POST")]),
    }
    ran = await company.strike_all(bad)
    assert ran["at-once"].ended == ran["later"].ended == (Status.FAILED, "verify.mismatch")
    assert (ran["read"].ended, ran["read"].writes) in ((CHANGED, 1), (NOT_JSON, 0))
