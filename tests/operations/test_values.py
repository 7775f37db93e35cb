"""When a stored value is what was asked for."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.operations.values import (
    COMMANDS,
    MASK,
    READ_ONLY,
    SECRET,
    is_plain_value,
    masked,
    same_value,
    sendable,
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(True, True, id="boolean"),
        pytest.param(1, True, id="one for true"),
        pytest.param("0", False, id="digit for false"),
        pytest.param(10, 10, id="integer"),
        pytest.param("10", 10, id="digits for integer"),
        pytest.param(123, "123", id="integer for text"),
        pytest.param(" Share ", "Share", id="trimmed"),
        pytest.param("a <b> & c", "a &lt;b&gt; &amp; c", id="escaped"),
        pytest.param("a\r\nb", "a\nb", id="line ends"),
        pytest.param(["post", "page"], ["page", "post"], id="sets"),
        pytest.param([], [], id="empty list"),
        pytest.param({"a": 1}, {"a": 1, "b": 2}, id="merged object"),
        pytest.param({}, [], id="php's empty object"),
        pytest.param(None, None, id="null"),
    ],
)
def test_values_that_are_the_same(wanted: object, found: object) -> None:
    assert same_value(wanted, found)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(True, False, id="boolean"),
        pytest.param("yes", True, id="a word is no boolean"),
        pytest.param(2, True, id="a number is no boolean"),
        pytest.param(10, 11, id="integer"),
        pytest.param("black", "white", id="text"),
        pytest.param(["post"], ["post", "page"], id="sets"),
        pytest.param({"a": 1}, {"a": 2}, id="object value"),
        pytest.param({"a": 1}, {"b": 1}, id="object key"),
        pytest.param("x", None, id="nothing there"),
        pytest.param(["a"], "a", id="shape"),
    ],
)
def test_values_that_differ(wanted: object, found: object) -> None:
    assert not same_value(wanted, found)


@given(st.text())
def test_text_is_the_same_after_the_server_escaped_it(text: str) -> None:
    assert same_value(text, html.escape(text.strip()))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_a_value_is_the_same_as_itself(value: object) -> None:
    assert same_value(value, value)


@pytest.mark.parametrize("key", sorted(SECRET))
def test_secret_values_are_masked_and_empty_ones_stay_empty(key: str) -> None:
    assert masked(key, "canary") == MASK
    assert masked(key, "") == ""


def test_other_values_are_shown() -> None:
    assert masked("carousel_background_color", "black") == "black"


@pytest.mark.parametrize("key", sorted(READ_ONLY | COMMANDS))
def test_keys_that_hold_no_value_are_not_plain(key: str) -> None:
    assert not is_plain_value(key)


def test_sharing_services_are_sent_as_names() -> None:
    read = {"visible": {"x": {"icon": "x"}}, "hidden": [], "all": {"x": 0}}
    assert sendable("sharing_services", read) == {"visible": ["x"], "hidden": []}
    assert sendable("sharing_services", {"visible": ["x"]}) == {"visible": ["x"], "hidden": []}
    assert sendable("show", ["post"]) == ["post"]


def test_allowed_addresses_are_sent_as_lines() -> None:
    key = "jetpack_protect_global_whitelist"
    assert sendable(key, {"local": ["10.0.0.1", "10.0.0.2"]}) == "10.0.0.1\n10.0.0.2"
    assert sendable(key, "10.0.0.1") == "10.0.0.1"
