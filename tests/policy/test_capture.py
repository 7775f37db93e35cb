from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fleet.errors import InputError
from fleet.inventory.document import parse_document
from fleet.operations.values import COMMANDS, NEVER, PER_SITE, PER_USER, READ_ONLY, SECRET
from fleet.policy.capture import capture
from fleet.policy.document import PolicyDocument
from fleet.policy.fit import DEEPEST, omission, same
from fleet.policy.mining import mine, mined_text
from fleet.policy.rules import SLUG_PATTERN
from fleet.policy.text import quoted
from tests.policy.support import load, one_site

HOSTILE = [
    "x\n  - name: evil",
    '"',
    "\\",
    "\\u0041",
    "# not a comment",
    "*alias &anchor !tag",
    "no",
    "2027-01-31",
    "1e3",
    "<<",
    "\x00\x07\x1b[31m\x85\u2028\u202e\ufeff",
    "\U0001f600",
    "\ud800",
    "\udc00\ud800",
    "{{ template }}",
    "'",
    "- a",
    ": ",
    "\t",
    "a" * 2000,
]
TEXT = st.one_of(
    st.text(st.characters(exclude_categories=[]), max_size=30), st.sampled_from(HOSTILE)
)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -1, 10**15, 10**400, 1e300, 1e-7, 0.1 + 0.2, -0.0, 1.0]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)
SLUGS = st.from_regex(SLUG_PATTERN, fullmatch=True)
MODULES = st.dictionaries(SLUGS, st.booleans(), max_size=5)
SETTINGS = st.dictionaries(st.one_of(TEXT, st.sampled_from(["a", "A b", "no"])), VALUES, max_size=5)


def wanted(folder: Path, text: str) -> Mapping[str, object]:
    return load(folder, text).desired(one_site(folder), date(2026, 8, 1)).enforced


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(MODULES, SETTINGS)
@example({"a": True}, {name: name for name in HOSTILE})
@example({}, {"a": {"value": {"mode": 1}}, "b": {"mode": "warn"}, "c": {"json": "1"}, "d": {}})
def test_a_captured_site_is_what_its_policy_asks_for(
    tmp_path: Path, modules: dict[str, bool], observed: dict[str, object]
) -> None:
    fit = {key: value for key, value in observed.items() if not omission(key, value)}
    expected: dict[str, object] = {f"modules.{slug}": active for slug, active in modules.items()}
    expected |= {f"settings.{key}": fit[key] for key in fit if key not in modules}
    found = wanted(tmp_path, capture("shop", modules, observed))
    assert found.keys() == expected.keys()
    assert all(same(found[key], expected[key]) for key in expected)


@given(VALUES)
def test_nothing_is_left_out_for_its_value_alone(value: object) -> None:
    assert omission("a", value) in (None, "looks like a secret or somebody's address")


@given(st.text(st.characters(codec="utf-8")))
def test_quoted_text_is_one_line_that_every_reader_takes(text: str) -> None:
    line = quoted(text)
    assert line.isprintable()
    assert yaml.safe_load(line) == text
    (entry,) = parse_document(f"a: {line}".encode(), Path("x")).root.values()
    assert entry.node.value == text


def test_what_has_no_place_in_a_policy_is_named_and_left_out(tmp_path: Path) -> None:
    names = [*READ_ONLY, *NEVER, *COMMANDS, *SECRET, *PER_USER, *PER_SITE]
    observed: dict[str, object] = dict.fromkeys(names, "Kanarie")
    observed |= {"x_token": "Kanarie", "a": {"b": "me@x.example"}, "": "Kanarie", "x\n": "Kanarie"}
    text = capture("shop", {"Evil\n": True}, observed)
    assert not wanted(tmp_path, text)
    assert "Kanarie" not in text
    assert "me@x.example" not in text
    assert all(f'"settings.{name}": ' in text for name in names)
    assert '#   "settings.wordpress_api_key": a secret\n' in text
    assert '#   "settings.x\\n": its name cannot be that of a setting\n' in text
    assert '#   "modules.Evil\\n": its name cannot be that of a module\n' in text


def test_what_is_nested_too_deep_is_left_out(tmp_path: Path) -> None:
    deep: object = 1
    for _ in range(DEEPEST + 5000):
        deep = [deep]
    text = capture("shop", {}, {"a": deep, "b": float("nan"), "c": {1, 2}})
    assert not wanted(tmp_path, text)
    assert '"settings.a": nested too deep' in text
    assert '"settings.b": not a value that can be written down' in text


def test_a_captured_policy_reads_well(tmp_path: Path) -> None:
    observed = {"admin_bar": True, "roles": ["administrator"], "m": {"a": None}, "sso": 1}
    assert capture("caf\u00e9 1", {"sso": True, "waf": False, "protect": True}, observed) == (
        """\
# What the site 'caf\u00e9 1' was like. Without 'select' this is for every site;
# add one, such as select: "env=prod", and take out what need not be so everywhere.
version: 1

policies:
  - name: "like-caf--1"
    modules:
      active:
        - "protect"
        - "sso"
      inactive:
        - "waf"
    settings:
      "admin_bar": true
      "m": {value: {"a": null}}
      "roles": ["administrator"]
"""
    )


FLEET: Mapping[str, Mapping[str, object]] = {
    **{f"s{number}": {"modules.sso": True, "settings.a": [1]} for number in range(8)},
    "odd": {"modules.sso": False, "settings.a": [1.0, 2], "settings.rare": 1},
    "half": {"modules.sso": True, "settings.a": [2], "settings.lang_id": "de"},
}


def test_what_most_sites_agree_on_is_mined() -> None:
    mined = mine(FLEET)
    assert [(rule.key, rule.value, rule.agreeing, rule.having) for rule in mined.rules] == [
        ("modules.sso", True, 9, 10),
        ("settings.a", [1], 8, 10),
    ]
    assert [(each.site, each.keys) for each in mined.outliers] == [
        ("odd", ("modules.sso", "settings.a")),
        ("half", ("settings.a",)),
    ]


def test_a_larger_share_finds_less() -> None:
    assert [rule.key for rule in mine(FLEET, 0.9).rules] == ["modules.sso"]
    assert mine(FLEET, 1).rules == ()
    assert mine({}).rules == ()
    for share in (0.5, 0, 1.01, float("nan")):
        with pytest.raises(InputError, match="more than 50%"):
            mine(FLEET, share)


def test_what_has_no_place_in_a_policy_is_not_mined() -> None:
    site: Mapping[str, object] = {
        "settings.wordpress_api_key": "Kanarie",
        "settings.blog_id": 1,
        "modules.sso": "yes",
        "modules.Evil\n": True,
        "php.min_version": "8",
        "odd": 1,
    }
    assert mine({"a": site, "b": site}) == mine({"a": {}, "b": {}})


def test_a_mined_policy_has_counts_and_outliers_as_comments(tmp_path: Path) -> None:
    text = mined_text(mine(FLEET))
    assert '        - "sso"  # 9 of 10\n' in text
    assert '      "a": [1]  # 8 of 10\n' in text
    assert '#   "odd": 2 (modules.sso, settings.a)\n' in text
    assert wanted(tmp_path, text) == {"modules.sso": True, "settings.a": [1]}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(TEXT, st.dictionaries(TEXT.map("settings.{}".format), VALUES), max_size=5))
def test_a_mined_policy_asks_for_what_was_mined(
    tmp_path: Path, observed: dict[str, dict[str, object]]
) -> None:
    mined = mine(observed, least=1)
    found = wanted(tmp_path, mined_text(mined))
    assert found.keys() == {rule.key for rule in mined.rules}
    for rule in mined.rules:
        assert same(found[rule.key], rule.value)
        assert rule.agreeing >= 0.8 * rule.having
    broken = [len(each.keys) for each in mined.outliers]
    assert broken == sorted(broken, reverse=True)
    assert sum(broken) == sum(rule.having - rule.agreeing for rule in mined.rules)


def test_files_are_read_back_as_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(capture("shop", {"sso": True}, {"a": "\u00e9\U0001f600"}), encoding="utf-8")
    (policy,) = PolicyDocument.load([file]).policies
    assert (policy.name, policy.rules[1].value) == ("like-shop", "\u00e9\U0001f600")
