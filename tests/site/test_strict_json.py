"""Both readers of JSON agree: what the fast one takes is what the careful one makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fleet.site.strict_json import DEEPEST, loads, read_at

BLANKS = st.sampled_from(["", "", "", " ", "\n", "\t \r\n"])
NUMBERS = st.integers().map(str) | st.sampled_from(
    ["0", "-0", "-0.0", "1E5", "1e999", "-1e999", "0.1", "01", "1.", ".5", "+1", "-", "NaN"]
    + ["Infinity", "-Infinity", "9223372036854775808", "1e-400", "0." + "1" * 39, "0." + "1" * 38]
    + [sign + "9" * digits for sign in ("", "-") for digits in (18, 19, 38, 39, 40, 41, 5000)]
)
WORDS = ["null", "true", "false", "nul", "\x0b", "\ufeff", "\u00a0", '"\t"', '"\x00"', "'a'", ""]
PIECES = [r"\"", r"\\", r"\/", r"\n", r"\u0022", r"\u005c", r"\ud83d\ude00", r"\ud83d", r"\ude00"]
PIECES += [r"\x", r"\u12", '"', "\\", ":", ",", "{", "}", "[", "]", "é", "😀", "\udcff", "a", "b"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=3).map(lambda parts: f'"{"".join(parts)}"')
KEYS = st.sampled_from(['"a"', '"a"', '"b"', r'"\u0061"', '""', r'"\\"', r'"\""', "b"]) | TEXTS


def lists(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]")


def objects(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(BLANKS, KEYS, BLANKS, inner).map("{0[0]}{0[1]}{0[2]}:{0[3]}".format)
    return st.lists(pairs, max_size=4).map(lambda found: f"{{{','.join(found)}}}")


DOCUMENTS = st.recursive(
    st.tuples(BLANKS, TEXTS | TEXTS | NUMBERS | st.sampled_from(WORDS), BLANKS).map("".join),
    lambda inner: lists(inner) | objects(inner),
    max_leaves=12,
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


def outcome(read: Callable[[str], object], text: str) -> tuple[str, str]:
    """Return what becomes of `text`: its value with the types of all parts, or the refusal."""
    try:
        return "value", repr(read(text))
    except ValueError as error:
        return type(error).__name__, str(error)


def carefully(text: str) -> object:
    """Return what the standard library makes of `text` with our rules."""
    value, end = read_at(text, 0)
    if text[end:].strip(" \t\r\n"):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


many = settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])


@many
@given(DOCUMENTS)
@example('{"a":1,"a":2}')
@example('{"a":{"b":"\\u0022"},"a":1}')
@example(r'{"a":"\"","a":"\""}')
@example(r'{"a":"\\","a":"\\"}')
@example(r'["\\",{"a":"\\","b":"","\u0061":"\u0022\u0022"}]')
@example('{"a": [] , "a" : [1e999]}')
def test_both_readers_take_the_same_for_the_same(text: str) -> None:
    assert outcome(loads, text) == outcome(carefully, text)


@many
@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_what_was_written_is_read(value: object, ascii_only: bool, indent: int | None) -> None:
    try:
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
        text.encode("utf-8")
    except ValueError:
        return
    assert outcome(loads, text) == outcome(carefully, text)


@pytest.mark.parametrize("start", ["[", '{"a":', '[1,"a",'])
@pytest.mark.parametrize("levels", [DEEPEST - 1, DEEPEST, DEEPEST + 1, 150, 250, 100_000])
def test_nesting_ends_for_both_at_the_same_level(start: str, levels: int) -> None:
    closing = "}" if start.startswith("{") else "]"
    for inner in ("", "0") if start == "[" else ("0", '"a"'):
        text = start * levels + inner + closing * levels
        assert outcome(loads, text) == outcome(carefully, text)
        assert (outcome(loads, text)[0] == "value") == (levels <= DEEPEST)


@pytest.mark.parametrize("number", ["9" * 40, "-" + "9" * 39, "0." + "3" * 38])
def test_a_number_of_forty_characters_is_the_longest(number: str) -> None:
    assert repr(loads(f"[{number}]")) == f"[{json.loads(number)!r}]"
    with pytest.raises(ValueError, match="number"):
        loads(f"[{number}9]")
