"""When a stored value is what was asked for."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.operations.sameness import same_value
from fleet.operations.values import (
    COMMANDS,
    MASK,
    READ_ONLY,
    SECRET,
    is_plain_value,
    masked,
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


@pytest.mark.parametrize("key", ["show", "roles", "count_roles"])
def test_some_lists_are_sets(key: str) -> None:
    assert same_value(["post", "page"], ["page", "post"], key)
    assert not same_value(["post"], ["page", "post"], key)


TAG = '<meta name="google-site-verification" content="ab-12" />'


@pytest.mark.parametrize(
    ("key", "wanted", "found"),
    [
        pytest.param("roles", [], ["administrator"], id="no role at all"),
        pytest.param("wpcom_newsletter_categories", ["2", 1], [1, 2], id="categories"),
        pytest.param("google", TAG, "ab-12", id="tag reduced to its code"),
        pytest.param("google", TAG, TAG, id="tag stored whole"),
        pytest.param("jetpack-twitter-cards-site-tag", "@harbour", "harbour", id="at sign"),
        pytest.param("highlander_comment_form_prompt", " <b>Say</b>  it", "Say it", id="markup"),
        pytest.param("highlander_comment_form_prompt", "a < b", "a &lt; b", id="less than"),
        pytest.param("highlander_comment_form_prompt", "a%41", "a", id="octets"),
        pytest.param("wordads_custom_adstxt", "a  b\r\n<i>c</i>", "a b\nc", id="lines"),
        pytest.param(
            "jetpack_protect_global_whitelist",
            "10.0.0.1, 10.0.0.2 - 10.0.0.9",
            "10.0.0.2-10.0.0.9\n10.0.0.1",
            id="addresses",
        ),
        pytest.param("subscription_options", {}, {"welcome": "Hi"}, id="nothing to merge"),
        pytest.param(
            "subscription_options",
            {"welcome": "<h1><em>Hi</em></h1>"},
            {"welcome": "<em>Hi</em>"},
            id="some markup kept",
        ),
        pytest.param("lang_id", "", "en_US", id="language of the code"),
        pytest.param("jetpack_wga", {}, False, id="never stored"),
    ],
)
def test_values_that_are_the_same_by_the_habit_of_their_key(
    key: str, wanted: object, found: object
) -> None:
    assert same_value(wanted, found, key)


@pytest.mark.parametrize(
    ("key", "wanted", "found"),
    [
        pytest.param("count_roles", [], ["administrator"], id="counting nobody"),
        pytest.param("google", "ab-12", TAG, id="code and tag"),
        pytest.param("wordads_custom_adstxt", "a b", "a\nb", id="lines"),
        pytest.param("sharing_label", "<b>it</b>", "it", id="markup is kept here"),
        pytest.param("jetpack_seo_ai_crawler_overrides", {}, {"gptbot": True}, id="emptied"),
        pytest.param("jetpack_waf_ip_block_list", "10.0.0.1", "10.0.0.2", id="addresses"),
        pytest.param(
            "advanced_seo_title_formats",
            {"posts": [{"type": "token"}, {"type": "string"}]},
            {"posts": [{"type": "string"}, {"type": "token"}]},
            id="order of a title",
        ),
    ],
)
def test_values_that_differ_although_they_look_alike(
    key: str, wanted: object, found: object
) -> None:
    assert not same_value(wanted, found, key)


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        pytest.param("subscription_options", {"api_key": "x", "n": [{"a_nonce": "x"}]},
                     {"api_key": MASK, "n": [{"a_nonce": MASK}]}, id="nested"),
        pytest.param("some_new_token", "x", MASK, id="key of a later Jetpack"),
        pytest.param("sso_token_enabled", True, True, id="a switch gives nothing away"),
        pytest.param("jetpack_protect_global_whitelist", {"local": ["10.0.0.1"]}, MASK, id="list"),
        pytest.param("jetpack_subscriptions_from_name", "ann@x.example", MASK, id="address"),
        pytest.param("post_by_email_address", "regenerate", "regenerate", id="command"),
        pytest.param("post_by_email_address", "a1@post.example", MASK, id="mailbox"),
    ],
)  # fmt: skip
def test_secrets_are_masked_wherever_they_stand(key: str, value: object, shown: object) -> None:
    assert masked(key, value) == shown


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
