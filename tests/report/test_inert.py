from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fleet.report.inert import defuse_line, inert
from tests.report.strategies import hostile


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Café 日本", "Café 日本", id="letters of any script stay"),
        pytest.param("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m", id="escape sequence"),
        pytest.param("\x9b2J\x7f", "\\x9b2J\\x7f", id="C1 control and DEL"),
        pytest.param("a\r\n\tb", "a\\r\\n\\tb", id="newlines and tabs are visible"),
        pytest.param("a\u2028b", "a\\u2028b", id="line separator"),
        pytest.param("\u202egnp.exe", "\\u202egnp.exe", id="bidirectional override"),
        pytest.param("pay\u200bpal", "pay\\u200bpal", id="zero width space"),
        pytest.param("a\ufe0fb\u3164c", "a\\ufe0fb\\u3164c", id="selector and filler"),
        pytest.param("\U000e0041", "\\U000e0041", id="tag character"),
        pytest.param("\ud800", "\\ud800", id="lone surrogate"),
        pytest.param("a\u00a0b\u3000c", "a b c", id="every blank is a plain one"),
        pytest.param("e" + "\u0301" * 5, "e" + "\u0301" * 4 + "\\u0301", id="pile of accents"),
        pytest.param("##[error]x", "#\\x23[error]x", id="GitHub and Azure command"),
        pytest.param("a ##VSO[task]", "a #\\x23VSO[task]", id="Azure command inside"),
        pytest.param("## title [x]", "## title [x]", id="no command"),
        pytest.param("[red]x[/red]", "[red]x[/red]", id="markup is only text"),
    ],
)
def test_remote_text_is_shown_without_effect(text: str, shown: str) -> None:
    assert inert(text) == shown


@given(hostile, st.integers(3, 60))
@example("\x1b" * 100, 5)
def test_no_control_character_survives_and_the_length_is_capped(text: str, limit: int) -> None:
    line = inert(text, limit)
    assert len(line) <= limit
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not {unicodedata.category(char) for char in line} & hidden


@given(hostile)
def test_what_is_inert_stays_as_it_is(text: str) -> None:
    assert inert(inert(text)) == inert(text)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="#")))
def test_plain_words_are_not_touched(text: str) -> None:
    assert inert(text, 10_000) == text


def test_what_is_too_long_ends_in_an_ellipsis() -> None:
    assert inert("abcdefgh", 6) == "abc..."


@pytest.mark.parametrize(
    ("line", "safe"),
    [
        pytest.param("::error::x", "\\x3a:error::x", id="at the start"),
        pytest.param("   ::error::x", "   \\x3a:error::x", id="after blanks"),
        pytest.param("in Foo::bar()", "in Foo::bar()", id="inside is no command"),
        pytest.param("", "", id="empty"),
    ],
)
def test_no_line_begins_a_workflow_command(line: str, safe: str) -> None:
    assert defuse_line(line) == safe
