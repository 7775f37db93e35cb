from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fleet.inventory.document import BROKEN, MAX_BYTES, Document, Node, parse_document

FILE = Path("x.yaml")


def document(text: str | bytes) -> Document:
    return parse_document(text if isinstance(text, bytes) else text.encode(), FILE)


def notes(text: str | bytes) -> list[str]:
    return [str(error) for error in document(text).errors]


def plain(node: Node) -> object:
    if isinstance(node.value, Mapping):
        return {key: plain(entry.node) for key, entry in node.value.items()}
    return [plain(item) for item in node.value] if isinstance(node.value, tuple) else node.value


def value(text: str) -> object:
    """Return the value of the one entry of `text`."""
    (entry,) = document(text).root.values()
    return plain(entry.node)


def test_keys_and_values_know_their_places() -> None:
    found = document("a: 1\nb:\n  - x\n  - {c: 'y'}\n")
    b = found.root["b"]
    assert isinstance(b.node.value, tuple)
    assert [str(item.place) for item in b.node.value] == ["x.yaml:3:5", "x.yaml:4:5"]
    assert str(b.key) == "x.yaml:2:1"
    inner = b.node.value[1].value
    assert isinstance(inner, Mapping)
    assert (str(inner["c"].key), str(inner["c"].node.place)) == ("x.yaml:4:6", "x.yaml:4:9")


def test_columns_count_characters_not_bytes() -> None:
    found = document("\ufeff'äöü': 'x'\n")
    assert str(found.root["äöü"].node.place) == "x.yaml:1:8"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: word", "word"),
        ("a: two words", "two words"),
        ("a: https://x.example:8080/wp", "https://x.example:8080/wp"),
        ("a: 30s", "30s"),
        ("a: 1.2.3", "1.2.3"),
        ("a: 10.0.0.1", "10.0.0.1"),
        ("a: nope", "nope"),
        ("a: 'no'", "no"),
        ('a: "012"', "012"),
        ("a: |\n  2024-01-02\n", "2024-01-02\n"),
        ("a: true", True),
        ("a: false", False),
        ("a:", None),
        ("a: ~", None),
        ("a: null", None),
        ("a: 0", 0),
        ("a: -12", -12),
        ("a: 999999999999999", 999999999999999),
        ("a: 1.50", 1.5),
        ("a: -0.5", -0.5),
        ("a: [~]", [None]),
        ("a: [1, x, {b: 2}]", [1, "x", {"b": 2}]),
        ("a: []", []),
        ("a: {}", {}),
    ],
)
def test_values_are_what_every_reader_takes_them_for(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("no yes on off No YES On OFF y N True FALSE", "true or false"),
        ("Null NULL", "nothing"),
        ("012 00 0x1F 0o14 0b11 1:30 190:20:30.5 1_000 1e3 1.5e3 +5 .5 5. 0.1_0", "number"),
        (".inf -.INF .nan .NaN 1234567890123456", "number"),
        ("2024-01-02 2024-1-2 2024-01-02T10:00:00Z", "date"),
        ("=", "sign"),
    ],
)
def test_words_on_which_readers_disagree_are_refused(words: str, meaning: str) -> None:
    for word in words.split():
        found = document(f"a: {word}\nb: 1\n")
        assert [str(error.place) for error in found.errors] == ["x.yaml:1:4"], word
        assert meaning in found.errors[0].message
        assert word not in found.errors[0].message.split() or word == "nothing"
        assert found.root["a"].node.value is BROKEN
        assert found.root["b"].node.value == 1


def test_a_setting_that_is_a_date_may_take_one_without_quotes() -> None:
    found = document("a: 2024-01-02\nb: 2024-01-03\nc: '2024-01-04'\nd: &x 2024-01-05\ne: no\n")
    nodes = [entry.node for entry in found.root.values()]
    assert [node.date for node in nodes] == ["2024-01-02", "2024-01-03", None, None, None]
    left = [str(error.place) for error in found.errors_without({nodes[0].place})]
    assert left == ["x.yaml:2:4", "x.yaml:4:4", "x.yaml:5:4"]


def test_a_word_after_a_date_is_still_a_date() -> None:
    assert "date" in notes("a: 2024-01-02 10:00:00\n")[0]


@given(st.from_regex(r"[-+.0-9a-zA-Z_:~=<]{1,8}", fullmatch=True))
def test_an_unquoted_word_means_itself_or_what_pyyaml_says_or_is_refused(word: str) -> None:
    try:
        theirs = yaml.safe_load(f"- {word}")
    except (yaml.YAMLError, ValueError):
        return
    found = document(f"a:\n- {word}\n")
    ours = value(f"a:\n- {word}\n") if not found.errors else None
    assert found.errors or ours in (theirs, [word])


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("a: &x 1", "x.yaml:1:4 anchors (&name) are not supported"),
        ("a: *x", "x.yaml:1:4 aliases (*name) are not supported"),
        ("a: !!python/name:os.system x", "x.yaml:1:4 tags (!name) are not supported"),
        ("a: !x {b: 1}", "x.yaml:1:4 tags (!name) are not supported"),
        ("a: ! x", "x.yaml:1:4 tags (!name) are not supported"),
        ("<<: {b: 1}", "x.yaml:1:1 merge keys (<<) are not supported"),
        ("? [a]\n: 1", "x.yaml:1:3 a key has to be text"),
        ("1: x", "x.yaml:1:1 a key has to be text"),
        ("~: x", "x.yaml:1:1 a key has to be text"),
        ("no: x", "x.yaml:1:1 this may be read as true or false"),
        ("a: b\n   c", "x.yaml:1:4 unquoted text goes on over several lines"),
        (
            "a: 1\nb: 2\na: 3",
            "x.yaml:3:1 the key 'a' is written twice in this mapping, first in line 1, column 1",
        ),
    ],
)
def test_what_is_not_allowed_is_noted_and_reading_goes_on(text: str, note: str) -> None:
    found = document(f"{text}\nlast: 1\n")
    assert [str(error)[: len(note)] for error in found.errors] == [note]
    assert found.complete
    assert found.root["last"].node.value == 1


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("", "x.yaml:1:1 is empty"),
        ("# only words\n", "x.yaml:1:1 is empty"),
        ("---\n", "x.yaml:2:1 expected a mapping"),
        ("- a\n", "x.yaml:1:1 expected a mapping"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2:1 a second document starts here"),
        ("a:\n\tb: 1\n", "x.yaml:2:1 a tab cannot stand here: indent with spaces"),
        ("a: @x\n", "x.yaml:1:4 text that begins with @ has to be in quotes"),
        ("a: `x`\n", "x.yaml:1:4 text that begins with ` has to be in quotes"),
        ("a: b: c\n", "x.yaml:1:5 this is not valid YAML: mapping values are not allowed"),
        ("a: 'x'\n b: 2\n", "x.yaml:2:2 this is not valid YAML"),
        ("a: 'x\nb: 1\n", "x.yaml:1:4 this is not valid YAML"),
        ("a:\n  b: c\n  d\ne: 1\n", "x.yaml:3:3 this is not valid YAML"),
        ("a: {b: 1\n", "x.yaml:2:1 this is not valid YAML"),
        ("a: 1\nb: x\x07y\n", "x.yaml:2:5 the invisible character U+0007"),
        ("a: x\u202ey\n", "x.yaml:1:5 the invisible character U+202E"),
        ("a: x\u2028y\n", "x.yaml:1:5 the invisible character U+2028"),
        ("a: x\x85y\n", "x.yaml:1:5 the invisible character U+0085"),
        (b"a: 1\r\nb: \xff\n", "x.yaml:2:4 this is not UTF-8"),
        ("a: 1".encode("utf-16"), "x.yaml:1:1 this is not UTF-8"),
        (b"a" * (MAX_BYTES + 1), "x.yaml is larger than 16 MiB"),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_what_cannot_be_read_says_where(text: str | bytes, note: str) -> None:
    found = document(text)
    assert [str(error)[: len(note)] for error in found.errors] == [note]
    assert not found.complete
    assert not found.root


def test_mistakes_before_the_end_of_reading_are_kept() -> None:
    assert [note[:10] for note in notes("a: no\nb: [1\n")] == ["x.yaml:1:4", "x.yaml:3:1"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused_without_ending_the_process(opening: str) -> None:
    (note,) = notes("a:\n " + opening * 100_000)
    assert "nested more than 32 levels deep" in note


def test_nesting_up_to_the_limit_is_read() -> None:
    text = "a: " + "[" * 31 + "]" * 31
    assert not notes(text)
    assert "nested more than" in notes("a: " + "[" * 32 + "]" * 32)[0]


def test_a_flood_of_values_is_refused() -> None:
    text = b"a: [1, 2]\nb: {c: 3}\n"
    assert not parse_document(text, FILE, max_nodes=9).errors
    (note,) = parse_document(text, FILE, max_nodes=8).errors
    assert str(note).startswith("x.yaml:2:8 the file has more than 8 values")


def test_an_alias_bomb_costs_nothing() -> None:
    rows = ["a0: &a0 [x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    found = document("\n".join(rows))
    assert len(found.errors) == 12 + 11 * 9
    assert all(entry.node.value is BROKEN for entry in found.root.values())


def test_the_loaders_of_pyyaml_stay_as_they_are() -> None:
    document("a: no\n")
    assert yaml.safe_load("a: no") == {"a": False}


def test_reading_works_without_libyaml() -> None:
    code = (
        "import yaml; del yaml.CSafeLoader\n"
        "from pathlib import Path\n"
        "from fleet.inventory.document import parse_document\n"
        "found = parse_document(b'a: [1, {b: no}]\\nb: !x y\\nc: @', Path('x'))\n"
        "print(*found.errors, sep='\\n')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in run.stdout.splitlines()] == ["x:1:12", "x:2:4", "x:3:4"]
