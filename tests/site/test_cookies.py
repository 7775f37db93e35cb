"""Which cookies a site may leave, and where they go back to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from fleet.site.cookies import MOST, ROOM, Cookies, http_date

HERE = URL("https://shop.club.example/wp/")
NOW = 1_800_000_000.0
PAST = "Thu, 01 Jan 2026 00:00:00 GMT"
LONG_AGO = "Tue, 02 Jan 2024 00:00:00 GMT"


def jar(*lines: str, url: URL = HERE, date: str = "") -> Cookies:
    cookies = Cookies(lambda: NOW)
    cookies.take(lines, url, date)
    return cookies


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        pytest.param("a=1", "a=1", id="plain"),
        pytest.param("a=b=c; Path=/", "a=b=c", id="sign in the value"),
        pytest.param('a="1 2"', 'a="1 2"', id="quotes stay"),
        pytest.param("a=", "a=", id="empty value"),
        pytest.param("a=1; Partitioned; Priority=High", "a=1", id="newer attributes"),
        pytest.param("a=1; Domain=shop.club.example", "a=1", id="own domain"),
        pytest.param("a=1; Domain=.club.example", "a=1", id="domain of a network of sites"),
        pytest.param("a=1; Domain=example", "", id="top-level domain"),
        pytest.param("a=1; Domain=com", "", id="another top-level domain"),
        pytest.param("a=1; Domain=shop.club.example.", "", id="domain with a dot behind"),
        pytest.param("a=1; Domain=bank.example", "", id="foreign domain"),
        pytest.param("a=1; Domain=b.shop.club.example", "", id="domain below"),
        pytest.param("a=1; Domain=lub.example", "", id="end of a domain's name"),
        pytest.param("a=1; Max-Age=0", "", id="over at once"),
        pytest.param("a=1; Max-Age=-1", "", id="over before"),
        pytest.param("a=1; Max-Age=x", "a=1", id="age that is none"),
        pytest.param(f"a=1; Expires={PAST}", "", id="over long ago"),
        pytest.param(f"a=1; Expires={PAST}; Max-Age=9", "a=1", id="the age counts first"),
        pytest.param("a=1; Expires=soon", "a=1", id="date that is none"),
        pytest.param("a=1; Path=/elsewhere", "", id="another path"),
        pytest.param("a=1; Path=/wp", "a=1", id="path without its slash"),
        pytest.param("a=1; Path=/w", "", id="beginning of a path"),
        pytest.param("a=1; Path=wp", "a=1", id="path that is none"),
        pytest.param("a=é", "", id="no ASCII"),
        pytest.param("a=1\x7f", "", id="control character"),
        pytest.param("a b=1", "", id="name with a blank"),
        pytest.param("=1", "", id="no name"),
        pytest.param("a=" + "x" * 4096, "", id="too long"),
        pytest.param("__Host-a=1; Secure; Path=/", "__Host-a=1", id="bound to its host"),
        pytest.param("__Host-a=1; Secure; Path=/wp", "", id="bound to its host, with a path"),
        pytest.param("__host-a=1; Path=/", "", id="bound to its host, not secure"),
        pytest.param("__Host-a=1; Secure; Path=/; Domain=club.example", "", id="bound to two"),
        pytest.param("__Secure-a=1", "", id="said to be secure"),
    ],
)
def test_a_cookie_is_kept_by_the_rules(line: str, kept: str) -> None:
    assert jar(line).header(HERE) == kept


@pytest.mark.parametrize(
    "other",
    [
        "http://shop.club.example/wp/",
        "https://shop.club.example:8443/wp/",
        "https://blog.club.example/wp/",
        "https://club.example/wp/",
    ],
)
def test_security_03_a_cookie_goes_to_its_own_origin_alone(other: str) -> None:
    cookies = jar("a=1; Path=/; Domain=club.example", "b=2; Path=/")
    assert cookies.header(URL(other)) == ""
    assert cookies.header(HERE) == "a=1; b=2"


def test_a_secure_cookie_of_plain_http_is_not_kept() -> None:
    assert len(jar("a=1; Secure", url=HERE.with_scheme("http"))) == 0


def test_an_address_has_no_domain_above_it() -> None:
    url = URL("https://127.0.0.1/")
    assert jar("a=1; Domain=0.0.1", "b=2; Domain=127.0.0.1", url=url).header(url) == "b=2"


def test_longer_paths_come_first_and_newer_values_replace() -> None:
    cookies = jar("a=1; Path=/", "b=2; Path=/wp/", "a=3; Path=/")
    assert cookies.header(HERE) == "b=2; a=3"
    assert cookies.header(HERE.with_path("/")) == "a=3"


def test_a_cookie_that_is_taken_back_is_gone() -> None:
    cookies = jar("a=1; Path=/", "a= ; Path=/; Max-Age=0")
    assert cookies.header(HERE) == ""


@pytest.mark.parametrize("years", [-2, 2])
def test_the_clock_of_the_site_says_what_is_over(years: int) -> None:
    """A site whose clock is wrong sets cookies that end by that clock."""
    date = f"Tue, 02 Jan {2026 + years} 00:00:00 GMT"
    later = f"Tue, 16 Jan {2026 + years} 00:00:00 GMT"
    assert jar(f"a=1; Expires={later}", date=date).header(HERE) == "a=1"
    assert jar(f"a=1; Expires={LONG_AGO}", date=date).header(HERE) == ""


def test_security_04_a_flood_leaves_the_session_standing() -> None:
    cookies = jar("wordpress_logged_in_0=yes; Path=/", *(f"t{n}=x" for n in range(500)))
    assert len(cookies) == MOST
    assert "wordpress_logged_in_0=yes" in cookies.header(HERE)
    assert "t499=x" in cookies.header(HERE)


def test_large_cookies_have_a_common_room() -> None:
    cookies = jar(*(f"t{n}={'x' * 4000}" for n in range(20)))
    assert 0 < len(cookies.header(HERE)) <= ROOM
    cookies.clear()
    assert (len(cookies), cookies.header(HERE)) == (0, "")


@pytest.mark.parametrize("text", ["", "x", "Wed, 21 Oct 2026", "Wed, 21 Oct 2026 99:99:99 GMT"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert http_date(text) is None


@given(
    st.lists(st.text(max_size=200) | st.binary(max_size=99).map(lambda raw: raw.decode("latin-1")))
)
def test_no_line_makes_it_fail(lines: list[str]) -> None:
    cookies = jar(*lines, date=lines[0] if lines else "")
    assert cookies.header(HERE).isascii()
    assert len(cookies) <= MOST
