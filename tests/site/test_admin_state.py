"""Where nonces and state stand in an admin page."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.site.admin_state import (
    initial_state,
    is_nonce,
    nonce_in_page,
    ssl_nonce_in_page,
)

NONCE = "0a1b2c3d4e"
OTHER = "ffffffffff"
STATE: dict[str, object] = {
    "WP_API_root": "https://harbour.example/wp-json/",
    "WP_API_nonce": NONCE,
    "siteData": {"title": 'Hafen "Süd" </script> {[', "nonce": OTHER},
}
LITERAL = json.dumps(STATE).replace("/", "\\/")
ENCODED = quote(json.dumps(STATE), safe="")
RAW = json.dumps(STATE).replace("<", "\\u003C").replace(">", "\\u003E")
API = f'{{"root":"https:\\/\\/harbour.example\\/","nonce":"{NONCE}","versionString":"wp\\/v2\\/"}}'
OTHERS = (
    f'var ajax = {{"nonce":"{OTHER}"}};\nvar userSettings = {{"uid":"1","secure":"1"}};\n'
    f'<input type="hidden" name="_wpnonce" value="{OTHER}" />'
    f'var JP_CONNECTION_INITIAL_STATE={{"apiNonce":"{OTHER}"}};'
)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            "<script type='text/javascript'>\n/* <![CDATA[ */\n"
            f"var Initial_State = {LITERAL};\n/* ]]> */\n</script>",
            id="literal, to 8.3",
        ),
        pytest.param(
            '<script id="react-plugin-js-before">\n'
            f'var Initial_State=JSON.parse(decodeURIComponent("{ENCODED}"));\n</script>',
            id="encoded, to 15.3",
        ),
        pytest.param(
            "<script id='react-plugin-js-before'>\n"
            f'var Initial_State = JSON.parse( decodeURIComponent( "{ENCODED}" ) );</script>',
            id="encoded, with spaces",
        ),
        pytest.param(
            f'<script id="react-plugin-js-before">\nvar Initial_State={RAW};\n'
            "window.other = {nonce: 'x'}; if (a) { b(); }\n//# sourceURL=x\n</script>",
            id="plain, with more statements",
        ),
        pytest.param(f"<script>var wpApiSettings = {API};</script>", id="core's settings"),
        pytest.param(
            f'wp.apiFetch.use( wp.apiFetch.createNonceMiddleware( "{NONCE}" ) );', id="middleware"
        ),
        pytest.param(OTHERS + f"var wpApiSettings = {API};" + OTHERS, id="among other nonces"),
        pytest.param(
            f'var Initial_State={{"broken": ;\nvar wpApiSettings = {API};', id="after a broken one"
        ),
        pytest.param(
            f'var Initial_State=["{OTHER}"];var wpApiSettings = {API};', id="after a list"
        ),
        pytest.param(
            f'var Initial_State={{"WP_API_nonce":"?"}};createNonceMiddleware("{NONCE}")',
            id="after an odd one",
        ),
    ],
)
def test_the_nonce_is_found(page: str) -> None:
    assert nonce_in_page(page) == NONCE


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("", id="empty"),
        pytest.param(OTHERS, id="only other nonces"),
        pytest.param('var Initial_State = {"WP_API_nonce":12};', id="number"),
        pytest.param('var Initial_State = {"WP_API_nonce":"0A1B2C3D4E"};', id="upper case"),
        pytest.param('var Initial_State = {"WP_API_nonce":"0a1b2c3d4"};', id="too short"),
        pytest.param(f'var Initial_State = {{"WP_API_nonce":"{NONCE}"', id="cut off"),
        pytest.param(f'var Initial_State = {{"nonce":"{OTHER}"}};', id="nonce of another action"),
        pytest.param('var Initial_State=JSON.parse(decodeURIComponent("%7B%"))', id="bad escape"),
        pytest.param('var Initial_State=JSON.parse(decodeURIComponent("%FF%FE"))', id="bad bytes"),
        pytest.param('createNonceMiddleware("zzzzzzzzzz")', id="not hexadecimal"),
        pytest.param('wpApiSettings={"a":' + "[" * 100_000, id="deep list"),
        pytest.param("wpApiSettings=" + '{"a":' * 100_000, id="deep object"),
        pytest.param('wpApiSettings={"a":' + "9" * 5000 + "}", id="big integer"),
        pytest.param("wpApiSettings={" * 200_000, id="many beginnings"),
    ],
)
def test_nothing_else_is_taken_for_it(page: str) -> None:
    assert nonce_in_page(page) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(NONCE, True, id="ten digits"),
        pytest.param("0", False, id="logged out"),
        pytest.param(NONCE + "\n", False, id="line end"),
        pytest.param("١٢٣٤٥٦٧٨٩٠", False, id="digits of another script"),
    ],
)
def test_a_nonce_has_ten_hexadecimal_digits(text: str, expected: bool) -> None:
    assert is_nonce(text) is expected


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(f"var Initial_State = {LITERAL};\n/* ]]> */", id="literal, to 8.3"),
        pytest.param(
            f'var Initial_State=JSON.parse(decodeURIComponent("{ENCODED}"));', id="encoded, to 15.3"
        ),
        pytest.param(f"var Initial_State={RAW};\nif (a) {{ b(); }}", id="plain"),
        pytest.param(
            f"var wpApiSettings = {API};var Initial_State={RAW};", id="after core's settings"
        ),
        pytest.param(
            f'var Initial_State={{"broken": ;var Initial_State={{}};var Initial_State={RAW};',
            id="after a broken and an empty one",
        ),
    ],
)
def test_the_state_is_found_whole(page: str) -> None:
    assert initial_state(page) == STATE


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("", id="empty"),
        pytest.param(f"var wpApiSettings = {API};", id="only core's settings"),
        pytest.param("var Initial_State = {};", id="an empty one"),
        pytest.param(f'var Initial_State=["{OTHER}"];', id="a list"),
        pytest.param('var JP_CONNECTION_INITIAL_STATE={"a":1};', id="another state"),
    ],
)
def test_a_page_without_a_state_has_none(page: str) -> None:
    assert initial_state(page) is None


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        pytest.param(
            f"var data = {{ action: 'jetpack-recheck-ssl', 'ajax-nonce': '{NONCE}' }};",
            NONCE,
            id="to 8.9",
        ),
        pytest.param(
            f"var data = {{ action: 'jetpack-recheck-ssl', 'ajax-nonce': \"{NONCE}\" }};",
            NONCE,
            id="from 11.5 on",
        ),
        pytest.param(
            f"var data = {{ action: 'other', 'ajax-nonce': '{NONCE}' }};", None, id="another action"
        ),
        pytest.param(OTHERS, None, id="other nonces"),
    ],
)
def test_the_nonce_for_testing_ssl_stands_beside_its_button(
    page: str, expected: str | None
) -> None:
    assert ssl_nonce_in_page(page) == expected


pieces = st.lists(
    st.sampled_from(
        [
            *("Initial_State", "wpApiSettings", "=", " ", "{", "}", '"', "nonce", ":", "["),
            *('JSON.parse(decodeURIComponent("', '"))', "%7B%22", "createNonceMiddleware("),
            *(NONCE, "\\", ",", "]", "WP_API_nonce"),
        ]
    ),
    max_size=40,
).map("".join)


@given(st.text() | pieces)
def test_no_page_makes_it_fail(page: str) -> None:
    found = nonce_in_page(page)
    assert found is None or is_nonce(found)
