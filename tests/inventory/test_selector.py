from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import InputError
from fleet.inventory.selector import Every, HasLabel, NoneOf, OneOf, parse_selector

ACME = {"client": "acme", "tier": "gold", "example.com/team": "ops", "note": ""}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", True),
        ("  ", True),
        ("client=acme", True),
        ("client==acme", True),
        ("client = acme", True),
        ("client=fjord", False),
        ("client!=acme", False),
        ("client!=fjord", True),
        ("absent!=x", True),
        ("absent=x", False),
        ("tier in (gold,silver)", True),
        ("tier in(gold)", True),
        ("tier in ( silver , bronze )", False),
        ("absent in (x)", False),
        ("tier notin (silver)", True),
        ("tier notin (gold,silver)", False),
        ("absent notin (x)", True),
        ("client", True),
        ("absent", False),
        ("!absent", True),
        ("! client", False),
        ("example.com/team=ops", True),
        ("note=", True),
        ("note==,client", True),
        ("note!=", False),
        ("client=", False),
        ("absent=", False),
        ("note in (,)", True),
        ("note in (a,)", True),
        ("client in (,a)", False),
        ("client=acme,tier in (gold,silver),!legacy", True),
        ("client=acme,tier=silver", False),
        ("client=acme,client=fjord", False),
    ],
)
def test_selectors_match_as_in_kubectl(selector: str, expected: bool) -> None:
    assert parse_selector(selector).matches(ACME) is expected


@pytest.mark.parametrize("word", ["in", "notin"])
def test_operators_may_be_keys_and_values_too(word: str) -> None:
    assert parse_selector(f"{word} in ({word})").matches({word: word})
    assert parse_selector(f"{word}={word}").matches({word: word})
    assert parse_selector(word).matches({word: "x"})


@pytest.mark.parametrize(
    ("selector", "column", "part"),
    [
        ("a,", 3, "expected a label's key, found the end"),
        (",a", 1, "expected a label's key, found ','"),
        ("a,,b", 3, "expected a label's key, found ','"),
        ("=a", 1, "expected a label's key, found '='"),
        ("!", 2, "expected a label's key after '!', found the end"),
        ("!a=b", 3, "expected a comma or the end, found '='"),
        ("!!a", 2, "expected a label's key after '!'"),
        ("a b", 3, "expected one of = == != in notin"),
        ("a>1", 2, "found '>'"),
        ("a=b c", 5, "expected a comma or the end, found 'c'"),
        ("a===b", 4, "expected a value, found '='"),
        ("a=(b)", 3, "expected a value, found '('"),
        ("a=)", 3, "expected a comma or the end, found ')'"),
        ("a in b", 6, "expected '(' with the values after it, found 'b'"),
        ("a in", 5, "expected '('"),
        ("a in ()", 6, "there has to be a value"),
        ("a in (b", 8, "expected a comma or ')', found the end"),
        ("a in (b c)", 9, "expected a comma or ')', found 'c'"),
        ("a in (b,(", 9, "expected a value, found '('"),
        ("-a=b", 1, "a label's key has up to 63 letters"),
        ("a/b/c", 1, "a label's key"),
        ("a=-b", 3, "a label's value has up to 63 letters"),
        ("a in (b,c!", 10, "expected a comma or ')', found '!'"),
        (f"client={'x' * 64}", 8, "a label's value"),
    ],
)
def test_mistakes_are_shown_where_they_are(selector: str, column: int, part: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_selector(selector)
    first, line, caret = str(caught.value).split("\n")
    assert first.startswith(f"selector, column {column}: ")
    assert part in first
    assert line == f"  {selector}"
    assert caret == "  " + " " * (column - 1) + "^"


def test_messages_are_inert() -> None:
    with pytest.raises(InputError) as caught:
        parse_selector("a\x1b[31m \x1b")
    assert "\x1b" not in str(caught.value)


def test_selectors_are_values() -> None:
    expected = Every((OneOf("a", frozenset("b")), NoneOf("c", frozenset("de")), HasLabel("f")))
    assert parse_selector("a=b, c notin (e,d),f") == expected


KEYS = st.sampled_from(["a", "b", "in", "notin", "x.example/a"])
VALUES = st.sampled_from(["", "a", "b", "in", "notin", "c-d"])
SPACE = st.sampled_from(["", " ", "\t "])
SETS = st.lists(VALUES, min_size=1, max_size=3).filter(lambda values: values != [""])
TERMS: st.SearchStrategy[tuple[str, str, list[str]]] = st.one_of(
    st.tuples(KEYS, st.sampled_from(["=", "==", "!="]), VALUES.map(lambda value: [value])),
    st.tuples(KEYS, st.sampled_from(["in", "notin"]), SETS),
    st.tuples(KEYS, st.sampled_from(["", "!"]), st.just([])),
)
Term = tuple[str, str, list[str]]


def in_words(term: Term, space: str) -> str:
    key, operator, values = term
    if operator in ("in", "notin"):
        return f"{key} {operator}{space}({space}{f'{space},'.join(values)}{space})"
    if operator in ("", "!"):
        return f"{operator}{space}{key}"
    return f"{key}{space}{operator}{space}{values[0]}"


def reference(term: Term, labels: dict[str, str]) -> bool:
    """Say what one term means, by the words of the Kubernetes manual."""
    key, operator, values = term
    if operator == "":
        return key in labels
    if operator == "!":
        return key not in labels
    hit = key in labels and labels[key] in values
    return not hit if operator in ("!=", "notin") else hit


@given(st.lists(TERMS, max_size=4), st.dictionaries(KEYS, VALUES), SPACE)
def test_parsed_selectors_agree_with_a_reference(
    terms: list[Term], labels: dict[str, str], space: str
) -> None:
    text = f"{space},{space}".join(in_words(term, space) for term in terms)
    expected = all(reference(term, labels) for term in terms)
    assert parse_selector(text).matches(labels) is expected


@given(st.text(alphabet="ab/.-=!(), <in\x00é", max_size=20))
def test_any_text_is_a_selector_or_a_mistake(text: str) -> None:
    try:
        parse_selector(text).matches(ACME)
        lines = 3
    except InputError as error:
        lines = len(error.message.split("\n"))
    assert lines == 3
