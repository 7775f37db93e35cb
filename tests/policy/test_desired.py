from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import Place
from fleet.inventory.selector import parse_selector
from fleet.policy.desired import ranked
from fleet.policy.explain import explain
from fleet.policy.fit import same
from fleet.policy.rules import Level, Mode, Rule, Severity, canonical_key
from tests.policy.support import fleet_of, load, one_site

TODAY = date(2026, 8, 1)
LAYERED = """\
version: 1
policies:
  - {name: site, level: site, select: "one", modules: {active: [sso]}}
  - name: base
    modules: {active: [protect, stats], inactive: [sso]}
    options: {a.x: {value: 1, mode: warn}}
    jetpack: {min_version: "13.0"}
    plugins: {forbidden: [akismet], required: [cache]}
  - {name: again, modules: {active: [{slug: stats, mode: warn, severity: high}]}, options: {a.x: 1}}
  - {name: tier, level: tier, modules: {active: [{slug: sso, mode: ignore}]}}
  - {name: client, level: client, plugins: {required: [akismet]}, jetpack: {min_version: "14.0"}}
"""


def test_the_highest_level_wins(tmp_path: Path) -> None:
    inventory = fleet_of(tmp_path, {"shop": {"one": "x"}, "blog": {}})
    document = load(tmp_path, LAYERED)
    sso = document.desired(inventory.sites["shop"], TODAY).rules["modules.sso"]
    assert (sso.rule.policy, sso.rule.value) == ("site", True)
    assert [rule.policy for rule in sso.beaten] == ["tier", "base"]
    sso = document.desired(inventory.sites["blog"], TODAY).rules["modules.sso"]
    assert (sso.rule.policy, sso.rule.mode) == ("tier", Mode.IGNORE)


def test_the_strictest_of_equal_rules_counts(tmp_path: Path) -> None:
    desired = load(tmp_path, LAYERED).desired(one_site(tmp_path), TODAY)
    assert desired.rules["modules.stats"].rule.policy == "base"
    assert desired.rules["settings.x"].rule.policy == "again"


def test_requirements_are_refined_too(tmp_path: Path) -> None:
    desired = load(tmp_path, LAYERED).desired(one_site(tmp_path), TODAY)
    assert {each.key: (each.value, each.policy) for each in desired.requirements} == {
        "jetpack.min_version": ("14.0", "client"),
        "plugins.required.akismet": (None, "client"),
        "plugins.required.cache": (None, "base"),
    }


def test_what_is_enforced_leaves_out_warnings_and_waivers(tmp_path: Path) -> None:
    text = """\
        version: 1
        policies:
          - name: p
            modules: {active: [a, {slug: b, mode: warn}, {slug: c, mode: ignore}, d]}
            options: {m.x: [1]}
            php: {min_version: "8.1"}
        exceptions:
          - {sites: [shop], key: modules.d, until: 2026-08-02, reason: r}
          - {sites: ["*"], key: php.min_version, until: 2027-01-01, reason: r}
    """
    desired = load(tmp_path, text).desired(one_site(tmp_path), TODAY)
    assert desired.enforced == {"modules.a": True, "settings.x": [1]}
    assert list(desired.rules) == ["modules.a", "modules.b", "modules.c", "modules.d", "settings.x"]
    assert desired.rules["modules.d"].waiver is not None
    assert (desired.requirements, desired.expired) == ((), ())


WAIVED = """\
version: 1
policies: [{name: p, modules: {active: [a, b]}}]
exceptions:
  - {sites: [sh*], key: modules.a, until: 2026-08-01, reason: old}
  - {sites: [shop], key: modules.a, until: 2026-09-01, reason: new}
  - {sites: [shop], key: modules.a, until: 2026-10-01, reason: last, owner: mia, ticket: OPS-1}
  - {sites: [blog], key: modules.b, until: 2026-01-01, reason: of another site}
"""


@pytest.mark.parametrize(
    ("today", "waiver", "expired"),
    [
        (date(2026, 7, 31), "last", []),
        (date(2026, 8, 1), "last", ["old"]),
        (date(2026, 9, 30), "last", ["old", "new"]),
        (date(2026, 10, 1), None, ["old", "new", "last"]),
    ],
)
def test_an_exception_ends_on_its_day(
    tmp_path: Path, today: date, waiver: str | None, expired: list[str]
) -> None:
    desired = load(tmp_path, WAIVED).desired(one_site(tmp_path), today)
    found = desired.rules["modules.a"].waiver
    assert (found.reason if found else None) == waiver
    assert [each.reason for each in desired.expired] == expired
    assert ("modules.a" in desired.enforced) is (waiver is None)


def rule(level: Level, mode: Mode, severity: Severity, line: int) -> Rule:
    return Rule("modules.a", True, "p", level, mode, severity, Place("p.yaml", line))


Grade = tuple[Level, Mode, Severity]
RULES = st.lists(
    st.tuples(st.sampled_from(Level), st.sampled_from(Mode), st.sampled_from(Severity)), min_size=1
)


@given(RULES)
def test_nothing_beats_the_first_of_ranked_rules(
    given_rules: list[tuple[Level, Mode, Severity]],
) -> None:
    rules = [rule(*each, line) for line, each in enumerate(given_rules)]
    first, *beaten = ranked(rules)
    for other in beaten:
        mine = (first.level, first.mode.rank, first.severity.rank, -first.place.line)
        assert mine > (other.level, other.mode.rank, other.severity.rank, -other.place.line)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("modules.post-by-email", "modules.post-by-email"),
        ("settings.a.b", "settings.a.b"),
        ("settings.Passive voice", "settings.Passive voice"),
        ("carousel.carousel_display_exif", "settings.carousel_display_exif"),
        ("a.b.c", "settings.b.c"),
        ("php.min_version", "php.min_version"),
        ("plugins.required.x.y", "plugins.required.x.y"),
        ("plugins.forbidden.x", "plugins.forbidden.x"),
    ],
)
def test_keys_have_one_spelling(text: str, key: str) -> None:
    assert canonical_key(text) == canonical_key(key) == key


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "modules", "modules.", "modules.A", "modules.a.b", "settings.", "settings. a"),
        *("php.max_version", "plugins.x", "plugins.required.", "plugins.required./", ".a", "A.b"),
        *("a.", "a.b\n", "settings." + "x" * 101),
    ],
)
def test_other_texts_are_no_keys(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a key, such as modules\.protect"):
        canonical_key(text)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (True, True, True),
        (True, 1, False),
        (False, 0, False),
        (1, 1.0, True),
        ("1", 1, False),
        (None, False, False),
        ([1, [True]], [1, [True]], True),
        ([1], [True], False),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": None}, {"b": None, "a": 1.0}, True),
        ({"a": 1}, {"a": True}, False),
        ({}, [], False),
    ],
)
def test_values_are_the_same_only_by_what_json_says(
    one: object, other: object, expected: bool
) -> None:
    assert same(one, other) is same(other, one) is expected


def test_policies_may_be_kept_in_sets(tmp_path: Path) -> None:
    document = load(tmp_path, LAYERED)
    assert len({*document.policies}) == len(document.policies)
    assert parse_selector("") == document.policies[1].selector


def told(folder: Path, text: str, key: str, **labels: str) -> list[str]:
    lines = explain(load(folder, text), one_site(folder, **labels), key, TODAY)
    return [line.replace(f"{folder}/", "") for line in lines]


def test_an_explanation_names_winner_and_beaten(tmp_path: Path) -> None:
    assert told(tmp_path, LAYERED, "modules.sso", one="x") == [
        "modules.sso on shop: true",
        "  by policy 'site', level site, policy.yaml:3:65 (mode enforce, severity medium)",
        "  beats true by policy 'tier', level tier, policy.yaml:10:50 "
        "(mode ignore, severity medium)",
        "  beats false by policy 'base', level base, policy.yaml:5:52 "
        "(mode enforce, severity medium)",
        "  so a difference is changed by apply",
    ]


def test_an_explanation_takes_each_spelling_and_kind_of_key(tmp_path: Path) -> None:
    assert told(tmp_path, LAYERED, "a.x") == told(tmp_path, LAYERED, "settings.x")
    assert told(tmp_path, LAYERED, "plugins.forbidden.akismet")[0] == (
        "plugins.required.akismet on shop: required"
    )
    assert told(tmp_path, LAYERED, "jetpack.min_version") == [
        "jetpack.min_version on shop: at least 14.0",
        "  by policy 'client', level client, policy.yaml:11:90 (mode enforce, severity medium)",
        "  beats at least 13.0 by policy 'base', level base, policy.yaml:7:28 "
        "(mode enforce, severity medium)",
        "  so a difference is told, and nothing is changed",
    ]


def test_an_explanation_names_exceptions(tmp_path: Path) -> None:
    assert told(tmp_path, WAIVED, "modules.a")[2:] == [
        "  exception until 2026-08-01: old, policy.yaml:4:25",
        "  exception until 2026-09-01: new, policy.yaml:5:26",
        "  waived until 2026-10-01: last (mia, OPS-1), policy.yaml:6:26",
        "  so a difference is left alone until 2026-10-01",
    ]


def test_an_explanation_of_an_unknown_key_names_near_ones(tmp_path: Path) -> None:
    head = "no policy says anything about 'modules.protct' on shop"
    assert told(tmp_path, LAYERED, "modules.protct") == [head, "  did you mean modules.protect?"]
    assert told(tmp_path, LAYERED, "protect")[1:] == ["  did you mean modules.protect?"]
    assert told(tmp_path, LAYERED, "\x1b[31m") == [
        "no policy says anything about '\\u001b[31m' on shop"
    ]


def test_an_explanation_tells_of_other_sites(tmp_path: Path) -> None:
    text = "version: 1\npolicies: [{name: p, select: env=prod, modules: {active: [sso]}}]\n"
    assert told(tmp_path, text, "modules.sso") == [
        "no policy says anything about 'modules.sso' on shop",
        "  other sites: true by policy 'p', level base, policy.yaml:2:59 "
        "(mode enforce, severity medium)",
    ]
