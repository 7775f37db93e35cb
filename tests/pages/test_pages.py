"""No page is taken for an answer or a login that it is not, and each is told by its own kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import KINDS, SiteError
from fleet.results import Status
from fleet.site.login import classify_login
from fleet.site.login_signs import waiting_time
from fleet.site.pages import from_a_cache, read_page
from fleet.site.vendors import request_id
from fleet.site.wire import read_answer
from tests.pages.made import HEALTHY, HEALTHY_LOGINS, LOGINS, PAGES, USER, Made, answer

NEW = {made.kind for made in (*PAGES, *LOGINS)}


def named(made: Made) -> str:
    return made.name


@pytest.mark.parametrize("made", [*PAGES, *HEALTHY], ids=named)
def test_a_page_is_no_answer_of_the_api(made: Made) -> None:
    for salvage in (True, False):
        with pytest.raises(SiteError) as caught:
            read_answer(made.reply, salvage=salvage)
        assert caught.value.kind == made.kind
        assert made.words in caught.value.message


@pytest.mark.parametrize("made", [*LOGINS, *HEALTHY_LOGINS], ids=named)
def test_a_login_is_what_it_is(made: Made) -> None:
    error = classify_login(made.reply, USER)
    assert (error.kind if error else "") == made.kind
    assert error is None or made.words in error.message


@pytest.mark.parametrize("made", PAGES, ids=named)
def test_no_page_of_trouble_is_a_login(made: Made) -> None:
    assert classify_login(made.reply, USER) is not None


@pytest.mark.parametrize(
    "made", [made for made in LOGINS if made.kind != "proto.not_json"], ids=named
)
def test_what_a_login_met_is_never_tried_again_by_itself(made: Made) -> None:
    error = classify_login(made.reply, USER)
    assert error is not None
    # Retries wrap reads only; besides, whatever wants a person is not retryable at all.
    assert not (error.retryable and Status(KINDS[error.kind].ends) is Status.BLOCKED)


def test_there_are_enough_of_them() -> None:
    assert len(PAGES) + len(LOGINS) >= 40
    assert len(HEALTHY) + len(HEALTHY_LOGINS) >= 15
    assert {
        "auth.sso_only",
        "auth.leaked_password",
        "auth.second_factor",
        "auth.locked_out",
        "block.captcha",
        "block.waf",
        "site.login_hidden",
        "site.maintenance",
        "site.overloaded",
        "site.critical_error",
        "site.database_down",
        "site.upgrade_pending",
        "site.parked",
    } <= NEW


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Please wait 20 minutes.", (1200.0, "20 minutes")),
        ("noch 1 Stunde", (3600.0, "1 hour")),
        ("あと30秒", (30.0, "30 seconds")),
        ("24 uur", (86400.0, "24 hours")),
        ("3 attempts remaining", None),
        ("version 6.5", None),
        ("", None),
        ("9" * 5000 + " minutes", None),
    ],
)
def test_a_time_to_wait_is_read_in_any_language(
    words: str, found: tuple[float, str] | None
) -> None:
    assert waiting_time(words) == found


@pytest.mark.parametrize(
    ("header", "cached"),
    [
        (("Age", "120"), True),
        (("Age", "0"), False),
        (("Age", "x"), False),
        (("X-Cache", "HIT from edge"), True),
        (("X-Cache", "MISS"), False),
        (("CF-Cache-Status", "DYNAMIC"), False),
        (("CF-Cache-Status", "STALE"), True),
        (("X-Cache", "white"), False),
        (("X-Litespeed-Cache", "hit"), True),
        (("X-Cache", "TCP_MEM_HIT from edge (x)"), True),
        (("X-Cache", "HIT (3)"), True),
        (("X-Cache", "cp3 miss, cp1 hit/6"), True),
        (("X-Cache", "hit-for-pass"), False),
        (("X-Cache", "HIT-FOR-MISS"), False),
        (("X-Cache", "hit_for_pass"), False),
        (("X-Cache", "HIT: 0"), False),
        (("X-Cache", "no hit"), False),
        (("X-Cache", "uncacheable; stale=0"), False),
        (("X-Cache", "cp3 hit/6, cp1 pass"), False),
    ],
)
def test_a_cache_is_known_by_its_headers(header: tuple[str, str], *, cached: bool) -> None:
    assert from_a_cache(answer("{}", 200, [header])) is cached


def test_of_a_header_that_comes_twice_the_last_hop_decides() -> None:
    hops = [("X-Cache", "HIT"), ("X-Cache", "MISS")]
    assert not from_a_cache(answer("{}", 200, hops))
    assert from_a_cache(answer("{}", 200, hops[::-1]))


@pytest.mark.parametrize("value", ["\x1b[31mred", "a b", "<script>", "x" * 5000, "", "::error::"])
def test_the_id_of_a_request_is_made_of_harmless_signs(value: str) -> None:
    found = request_id(answer("", 403, [("CF-RAY", value)]))
    assert len(found) <= 64
    assert not set(found) & set(" \x1b<>\n")


fragments = st.lists(
    st.sampled_from(
        [
            *(
                "<form ",
                "<body ",
                'class="login',
                'id="login_error"',
                'name="pwd"',
                "wp-die-message",
            ),
            *(">", "<h1>", "_Incapsula_Resource?", "incident_id=", "_stq", "Reference #", "shake("),
            *("faq-troubleshooting", "wordpress.org/", "<b>Fatal error</b>:", "20 min", '"', " "),
        ]
    ),
    max_size=30,
).map("".join)


@given(fragments, st.sampled_from([200, 202, 302, 401, 403, 404, 406, 429, 500, 503, 508]))
def test_only_typed_errors_come_of_any_page(body: str, status: int) -> None:
    made = answer(body, status)
    sign = read_page(made)
    assert sign is None or sign.kind in KINDS
    assert isinstance(classify_login(made, USER), SiteError)


@pytest.mark.parametrize(
    "unit",
    [
        "<body ",
        "_Incapsula_Resource?",
        "wordpress.org/a",
        "Reference ",
        "<form ",
        "1 ",
        "wp-die-message",
    ],
)
def test_a_huge_page_is_read_in_one_pass(unit: str) -> None:
    made = answer(unit * (2_000_000 // len(unit)), 403)
    assert isinstance(classify_login(made, USER), SiteError)


def test_the_pages_are_our_own() -> None:
    """No recorded page of anybody lies beside them: all are made in one module."""
    here = Path(__file__).parent
    assert {path.name for path in here.iterdir()} - {"__pycache__"} == {
        "__init__.py",
        "made.py",
        "test_pages.py",
    }
