from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from fleet.errors import InputErrors
from fleet.inventory.model import Inventory
from fleet.policy.document import PolicyDocument
from fleet.policy.rollout import BudgetShares, Check, Guard, Rollout, Share
from fleet.policy.rules import Level, Mode, Severity
from tests.inventory.support import written
from tests.policy.support import TOP, complaints, complaints_about, fleet_of, load

ROOT = Path(__file__).parents[2]
FULL = """\
version: 1
policies:
  - name: baseline
    select: "env=prod"
    severity: low
    modules:
      active: [protect, {slug: sso, mode: warn, severity: high}]
      inactive: [post-by-email]
    options:
      carousel.carousel_display_exif: false
      stats.roles: {value: [administrator, editor], mode: ignore}
    settings:
      Jetpack Testimonial: {a: [1, 2.5, null, {b: "x"}]}
      big: {json: '[1e300, "\\ud800"]'}
      empty: {}
    jetpack: {min_version: "13.0"}
    php: {min_version: "8.1", severity: high}
    plugins:
      required: [akismet, {slug: wp-super-cache, min: "1.9"}]
      forbidden: [{slug: file-manager-x, mode: warn}]
  - {name: gold, level: tier, mode: warn, modules: {active: [waf]}}
exceptions:
  - {sites: [shop, "web-*"], key: modules.sso, until: 2027-01-31, reason: own login}
  - sites: [shop]
    key: carousel.carousel_display_exif
    until: "2027-02-01"
    reason: photographer
    owner: mia
    ticket: OPS-412
rollout:
  waves: [1, 10%, 33.5%, 100%]
  canary: {select: "client=x", pause: 1d}
  pause: 0
  max_failures: 0%
  max_unreachable: 3
  wave: {max_failures: 2}
  guard: {max_sites: 100%, max_deactivations: 0}
  checks: [/, {path: "/a?b=%20", status: 302, contains: "</html>", within: 500ms}]
  expires: 2h
"""


def test_everything_a_file_may_say_is_read(tmp_path: Path) -> None:
    document = load(tmp_path, FULL)
    baseline, gold = document.policies
    assert (baseline.name, baseline.level, baseline.select) == ("baseline", Level.BASE, "env=prod")
    said = {
        rule.key: (rule.value, rule.mode.value, rule.severity.value) for rule in baseline.statements
    }
    assert said == {
        "modules.protect": (True, "enforce", "low"),
        "modules.sso": (True, "warn", "high"),
        "modules.post-by-email": (False, "enforce", "low"),
        "settings.carousel_display_exif": (False, "enforce", "low"),
        "settings.roles": (["administrator", "editor"], "ignore", "low"),
        "settings.Jetpack Testimonial": ({"a": [1, 2.5, None, {"b": "x"}]}, "enforce", "low"),
        "settings.big": ([1e300, "\ud800"], "enforce", "low"),
        "settings.empty": ({}, "enforce", "low"),
        "jetpack.min_version": ("13.0", "enforce", "low"),
        "php.min_version": ("8.1", "enforce", "high"),
        "plugins.required.akismet": (None, "enforce", "low"),
        "plugins.required.wp-super-cache": ("1.9", "enforce", "low"),
        "plugins.forbidden.file-manager-x": (None, "warn", "low"),
    }
    assert (gold.level, gold.select, gold.rules[0].mode) == (Level.TIER, "", Mode.WARN)
    assert (gold.rules[0].severity, gold.rules[0].policy) == (Severity.MEDIUM, "gold")


def test_exceptions_take_days_with_and_without_quotes(tmp_path: Path) -> None:
    first, second = load(tmp_path, FULL).waivers
    assert (first.sites, first.key) == (("shop", "web-*"), "modules.sso")
    assert (first.until, first.owner, first.ticket) == (date(2027, 1, 31), None, None)
    assert (second.key, second.until) == ("settings.carousel_display_exif", date(2027, 2, 1))
    assert (second.reason, second.owner, second.ticket) == ("photographer", "mia", "OPS-412")


def test_the_rollout_is_read(tmp_path: Path) -> None:
    rollout = load(tmp_path, FULL).rollout
    assert list(map(str, rollout.waves.steps)) == ["1", "10%", "33.5%", "100%"]
    assert rollout.canary is not None
    assert (rollout.canary.pause, rollout.pause, rollout.expires) == (86_400.0, 0.0, 7200.0)
    assert rollout.budget == BudgetShares(Share(percent=Decimal(0)), Share(count=3))
    assert rollout.wave == BudgetShares(Share(count=2))
    assert rollout.guard == Guard(Share(percent=Decimal(100)), 0)
    assert rollout.checks == (Check("/"), Check("/a?b=%20", (302,), "</html>", 0.5))


def test_what_is_left_out_has_its_usual_value(tmp_path: Path) -> None:
    document = load(tmp_path, "version: 1\n")
    assert (document.policies, document.waivers, document.rollout) == ((), (), Rollout())
    assert (Rollout().expires, str(Rollout().guard.max_sites)) == (86_400.0, "30%")


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("modules.protect", "7:16"),
        ("modules.sso", "7:25"),
        ("settings.carousel_display_exif", "10:7"),
        ("jetpack.min_version", "16:28"),
        ("plugins.required.akismet", "19:18"),
    ],
)
def test_every_rule_knows_its_line(tmp_path: Path, key: str, place: str) -> None:
    rules = {rule.key: rule.place for rule in load(tmp_path, FULL).policies[0].statements}
    assert f"{rules[key].line}:{rules[key].column}" == place


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    one = written(tmp_path, FULL, "one.yaml")
    two = written(tmp_path, "version: 1\n", "two.yaml")
    assert PolicyDocument.load([one]).digest == hashlib.sha256(one.read_bytes()).hexdigest()
    both = hashlib.sha256(one.read_bytes() + two.read_bytes()).hexdigest()
    document = PolicyDocument.load([one, two, one])
    assert (document.digest, document.files) == (both, (one, two))


def test_files_are_joined_in_order_and_share_one_rollout(tmp_path: Path) -> None:
    one = written(tmp_path, TOP + "rollout: {pause: 5m}\n", "1.yaml")
    two = written(tmp_path, "version: 1\npolicies: [{name: q}]\n", "2.yaml")
    document = PolicyDocument.load([one, two])
    assert [policy.name for policy in document.policies] == ["p", "q"]
    assert document.rollout.pause == 300.0
    again = written(tmp_path, "version: 1\nrollout: {}\npolicies: [{name: p}]\n", "3.yaml")
    assert complaints(one, two, again) == [
        "3.yaml:2:1 there is a rollout already, in 1.yaml:4:1",
        "3.yaml:3:19 the policy 'p' is already in 1.yaml:3:11",
    ]


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    assert complaints(tmp_path / "none.yaml") == ["none.yaml there is no such file"]
    assert complaints(tmp_path / "x", tmp_path)[1].endswith("cannot be read: is a directory")
    with pytest.raises(InputErrors, match="name one with --policy"):
        PolicyDocument.load([])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1:1 is empty"]),
        ("policies: []", ["1:1 the key 'version' is missing: begin with 'version: 1'"]),
        ("version: 2", ["1:10 this tool reads version 1 of the format: write 1"]),
        ("version: 1\npolicis: []", ["2:1 unknown key 'policis' (did you mean 'policies'?)"]),
        ("version: 1\nsites: {}", ["2:1 unknown key 'sites'"]),
        ("version: 1\npolicies: {}", ["2:11 expected a list, such as - name: baseline, found a"]),
        ("version: 1\npolicies: [x]", ["2:12 expected a mapping, found text"]),
        ("version: 1\npolicies: [{}]", ["2:12 the key 'name' is missing here"]),
        ("version: 1\npolicies: [{name: -x}]", ["2:19 a name has up to 100 letters"]),
        ("version: 1\nexceptions: x", ["2:13 expected a list, such as - {sites: [shop], key"]),
        ("version: 1\nrollout: []", ["2:10 expected a mapping, found a list"]),
    ],
)
def test_mistakes_at_the_top(tmp_path: Path, text: str, expected: list[str]) -> None:
    lines = [line.removeprefix("policy.yaml:") for line in complaints_about(tmp_path, text)]
    assert [line[: len(want)] for line, want in zip(lines, expected, strict=True)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("level: gold", "12 expected base, tier, client, site"),
        ("level: tire", "12 expected base, tier, client, site (did you mean 'tier'?)"),
        ("mode: off", "11 this may be read as true or false"),
        ("mode: enforced", "11 expected enforce, warn, ignore (did you mean 'enforce'?)"),
        ("severity: 3", "15 expected low, medium, high"),
        ("select: [a]", "13 expected text, found a list"),
        ("select: a b", "13 selector, column 3: expected one of"),
        ("modules: [protect]", "14 expected a mapping, found a list"),
        ("modules: {on: [protect]}", "15 this may be read as true or false"),
        ("modules: {actve: [protect]}", "15 unknown key 'actve' (did you mean 'active'?)"),
        ("modules: {active: protect}", "23 expected a list, such as [protect, monitor], found"),
        ("modules: {active: [Protect]}", "24 expected the slug of a module"),
        ("modules: {active: [5]}", "24 expected text, found a number"),
        ("modules: {active: [{mode: warn}]}", "24 the key 'slug' is missing here"),
        ("modules: {active: [{slug: a, min: '1'}]}", "34 unknown key 'min'"),
        (
            "modules: {active: [sso], inactive: [sso]}",
            "41 this policy already says in line 4, column 24, what 'modules.sso' should be",
        ),
        ("modules: {active: [sso, sso]}", "29 this policy already says in line 4, column 24"),
        ("options: {exif: true}", "15 'exif' is no option: expected a module and its option"),
        ("options: {settings.a: true}", "15 'settings.a' is no option"),
        ("options: {a.b: 1, c.b: 2}", "23 this policy already says in line 4, column 15, what"),
        ("options: {a.b: {value: 1, mod: warn}}", "31 unknown key 'mod' (did you mean 'mode'?)"),
        ("options: {a.b: {mode: warn}}", "20 expected either 'value' or 'json' here"),
        ("options: {a.b: {value: 1, json: '1'}}", "20 expected either 'value' or 'json' here"),
        ("options: {a.b: {json: 1}}", "27 expected a value of JSON in quotes"),
        ("options: {a.b: {json: '{'}}", "27 expected a value of JSON in quotes"),
        ("options: {a.b: {json: 'NaN'}}", "27 expected a value of JSON in quotes"),
        ("options: {a.b: {json: '1e999'}}", "27 expected a value of JSON in quotes"),
        ('options: {a.b: {json: \'{"x": 1, "x": 2}\'}}', "27 expected a value of JSON"),
        (f"options: {{a.b: {{json: '{'[' * 9999}'}}}}", "27 expected a value of JSON in quotes"),
        (f"options: {{a.b: {{json: '{'[' * 99}{']' * 99}'}}}}", "27 expected a value of JSON"),
        ("options: {a.b: 2027-01-31}", "20 this may be read as a date: write it in quotes"),
        ("options: {a.b: [x, 2027-01-31]}", "24 this may be read as a date: write it in quotes"),
        ('settings: {"": 1}', "16 '' cannot be the name of a setting"),
        ('settings: {"a\\e": 1}', "16 'a\\u001b' cannot be the name of a setting"),
        ("settings: {jetpack_protect_key: x}", "16 'jetpack_protect_key' is a secret, and"),
        ("settings: {wordpress_api_key: Kanarie}", "16 'wordpress_api_key' is a secret, and polic"),
        ("options: {a.wordpress_api_key: Kanarie}", "15 'wordpress_api_key' is a secret, and"),
        ("settings: {custom: {}}", "16 'custom' makes something happen instead of storing a value"),
        ("settings: {categories: []}", "16 'categories' can only be read: leave it out"),
        ("settings: {onboarding: {}}", "16 'onboarding' is never sent, for it would set the site"),
        ("settings: {my_token: Kanarie}", "16 'my_token' looks like a secret or somebody's addr"),
        ("settings: {a: {api_key: Kanarie}}", "16 'a' looks like a secret or somebody's address"),
        ("settings: {a: me@x.example}", "16 'a' looks like a secret or somebody's address"),
        ("jetpack: '13.0'", "14 expected a mapping, found text"),
        ("jetpack: {}", "14 the key 'min_version' is missing here"),
        ("jetpack: {min_version: 13.0}", "28 expected text, found a number: write it in quotes"),
        ("jetpack: {min_version: '13.x'}", '28 expected a version in quotes, such as "13.0"'),
        ("plugins: {needed: []}", "15 unknown key 'needed'"),
        ("plugins: {required: [../x]}", "26 expected the name of a plugin's folder"),
        ("plugins: {forbidden: [{slug: x, min: '1'}]}", "37 unknown key 'min'"),
        ("plugins: {required: [x], forbidden: [x]}", "42 this policy already says in line 4"),
    ],
)
def test_mistakes_in_a_policy(tmp_path: Path, text: str, expected: str) -> None:
    (line,) = complaints_about(tmp_path, f"{TOP}    {text}\n")
    assert line.startswith(f"policy.yaml:4:{expected}")
    assert "Kanarie" not in line


WAIVER = "sites: [a], key: modules.sso, until: 2027-01-31, reason: x"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("sites: [a], ", "", "5 the key 'sites' is missing here"),
        (", reason: x", "", "5 the key 'reason' is missing here"),
        ("until: 2027-01-31", "untill: soon", "36 unknown key 'untill' (did you mean 'until'?)"),
        ("[a]", "a", "13 expected a list, such as [fjord-shop], found text"),
        ("[a]", "[]", "13 expected the name of a site or a glob"),
        ("[a]", "['a b']", "14 expected the name of a site or a glob, such as shop-*"),
        ("modules.sso", "sso", "23 expected a key, such as modules.protect"),
        ("modules.sso", "modules.", "23 expected a key, such as modules.protect"),
        ("modules.sso", "5", "23 expected a key, such as modules.protect"),
        ("2027-01-31", "2027-1-31", "43 expected a day, such as 2027-01-31"),
        ("2027-01-31", "2027-01-31T10:00:00Z", "43 expected a day, such as 2027-01-31"),
        ("2027-01-31", "soon", "43 expected a day, such as 2027-01-31"),
        ("2027-01-31", "20270131", "43 expected a day, such as 2027-01-31"),
        ("reason: x", "reason: 2027-01-31", "63 this may be read as a date: write it in quotes"),
        ("reason: x", 'reason: "a\\nb"', "63 expected a line of up to 200 characters"),
        ("reason: x", "reason: x, ticket: 5", "74 expected text, found a number"),
        ("reason: x", "reason: x, tickt: T-1", "66 unknown key 'tickt' (did you mean 'ticket'?)"),
    ],
)
def test_mistakes_in_an_exception(tmp_path: Path, old: str, new: str, expected: str) -> None:
    text = f"version: 1\nexceptions:\n  - {{{WAIVER.replace(old, new)}}}\n"
    (line,) = complaints_about(tmp_path, text)
    assert line.startswith(f"policy.yaml:3:{expected}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wave: 5", "9 expected a mapping, found a number"),
        ("waves: 10%", "10 expected a list, such as [1, 10%, 100%], found text"),
        ("waves: []", "10 expected at least one wave"),
        ("waves: [0]", "11 a wave has more than no sites"),
        ("waves: [0%]", "11 a wave has more than no sites"),
        ("waves: [1, 101%]", "14 expected a number of sites or a percentage"),
        ("waves: [1.5]", "11 expected a number of sites or a percentage"),
        ("waves: [true]", "11 expected a number of sites or a percentage"),
        ("waves: ['5']", "11 expected a number of sites or a percentage"),
        ("waves: [5, 3]", "14 waves are counted from the first site: this one has to reach furth"),
        ("waves: [20%, 20%]", "16 waves are counted from the first site"),
        ("waves: [100%, 5]", "17 waves are counted from the first site"),
        ("canary: {}", "11 the key 'select' is missing here"),
        ("canary: {select: ''}", "20 this would make canaries of all sites"),
        ("pause: soon", "10 expected a length of time, such as 90s, 5m, 2h, 1d or a number"),
        ("pause: -1", "10 this length of time has to be at least nothing and at most 30d"),
        ("pause: 31d", "10 this length of time has to be at least nothing and at most 30d"),
        ("expires: 0", "12 this length of time has to be more than nothing and at most 30d"),
        ("max_failures: few", "17 expected a number of sites or a percentage"),
        ("max_failure: 5", "3 unknown key 'max_failure' (did you mean 'max_failures'?)"),
        ("guard: {max_deactivations: 5%}", "30 expected a whole number from 0 on"),
        ("checks: /", "11 expected a list, such as [{path: /, status: 200}], found text"),
        ("checks: [https://x.example/]", "12 expected a path below the site's address"),
        ("checks: [//x.example/]", "12 expected a path below the site's address"),
        ("checks: [/../]", "12 expected a path below the site's address"),
        ("checks: [{status: 200}]", "12 the key 'path' is missing here"),
        ("checks: [{path: /, status: 99}]", "30 expected a status code, such as 200"),
        ("checks: [{path: /, status: []}]", "30 expected a status code, such as 200"),
        ("checks: [{path: /, within: 61s}]", "30 this length of time has to be more than"),
    ],
)
def test_mistakes_in_the_rollout(tmp_path: Path, text: str, expected: str) -> None:
    (line,) = complaints_about(tmp_path, f"version: 1\nrollout:\n  {text}\n")
    assert line.startswith(f"policy.yaml:3:{expected}")


def test_every_mistake_comes_in_one_pass_in_order(tmp_path: Path) -> None:
    text = """\
        version: 2
        policies:
          - {name: a, level: x, modules: {active: [A, 5]}, options: {b: 1}}
          - {name: a, settings: {wordpress_api_key: Kanarie, c: no}}
        exceptions:
          - {sites: ["a b", c], key: x, until: y}
        rollout: {waves: [0], pause: x, guard: {max_sites: -1}}
    """
    lines = complaints_about(tmp_path, text)
    assert [line.split()[0].removeprefix("policy.yaml:") for line in lines] == [
        *("1:10", "3:22", "3:44", "3:47", "3:62", "4:12", "4:26", "4:57"),
        *("6:5", "6:14", "6:30", "6:40", "7:19", "7:30", "7:52"),
    ]
    assert "Kanarie" not in "".join(lines)


CLASH = """\
version: 1
policies:
  - name: one
    select: "env=prod"
    modules: {active: [sso, waf, stats]}
    options: {a.x: 1}
    plugins: {required: [akismet, {slug: cache, min: "1"}]}
  - name: two
    select: "tier=gold"
    modules: {active: [waf], inactive: [sso]}
    options: {a.x: 1}
    plugins: {forbidden: [akismet], required: [{slug: cache, min: "2"}]}
  - {name: three, level: client, modules: {inactive: [stats]}, options: {a.x: true}}
"""


def test_policies_of_one_level_that_disagree_are_told_once_for_all_sites(tmp_path: Path) -> None:
    prod, gold = {"env": "prod"}, {"tier": "gold"}
    inventory = fleet_of(tmp_path, {"a": prod, "b": gold, "c": prod | gold, "d": prod | gold})
    document = load(tmp_path, CLASH)
    with pytest.raises(InputErrors) as caught:
        document.check(inventory)
    lines = [str(error).replace(f"{tmp_path}/", "") for error in caught.value.errors]
    other = "the policy 'one' of the same level, in policy.yaml"
    advice = "give one of the two a higher level, or keep their selectors apart"
    site = "for the site 'c' and 1 more, this disagrees on"
    assert lines == [
        f"policy.yaml:10:41 {site} 'modules.sso' with {other}:5:24: {advice}",
        f"policy.yaml:12:27 {site} 'plugins.forbidden.akismet' with {other}:7:26: {advice}",
        f"policy.yaml:12:48 {site} 'plugins.required.cache' with {other}:7:35: {advice}",
    ]


def test_policies_that_never_meet_may_disagree(tmp_path: Path) -> None:
    inventory = fleet_of(tmp_path, {"a": {"env": "prod"}, "b": {"tier": "gold"}})
    load(tmp_path, CLASH).check(inventory)


def test_exceptions_for_unknown_sites_are_mistakes(tmp_path: Path) -> None:
    waiver = WAIVER.replace("[a]", "[shp, 'x*']")
    document = load(tmp_path, f"version: 1\nexceptions:\n  - {{{waiver}}}\n")
    with pytest.raises(InputErrors, match=r":3:31 there is no site 'shp' \(did you mean 'shop'\?"):
        document.check(fleet_of(tmp_path, {"shop": {}}))


def test_what_has_no_effect_is_a_warning(tmp_path: Path) -> None:
    text = """\
        version: 1
        policies:
          - {name: nobody, select: "env=prd", modules: {active: [monitor]}}
          - {name: empty}
        exceptions:
          - {sites: ["x*"], key: modules.monitr, until: 2027-01-31, reason: x}
    """
    document = load(tmp_path, text)
    document.check(inventory := fleet_of(tmp_path, {"shop": {"env": "prod"}}))
    assert [line.replace(f"{tmp_path}/", "") for line in document.warnings(inventory)] == [
        "policy.yaml:3:12 the policy 'nobody' selects none of the sites",
        "policy.yaml:4:12 the policy 'empty' asks for nothing",
        "policy.yaml:6:26 no policy says anything about 'modules.monitr' "
        "(did you mean 'modules.monitor'?)",
        "policy.yaml:6:26 no site fits 'x*'",
    ]


def test_the_example_has_no_mistakes() -> None:
    document = PolicyDocument.load([ROOT / "policy.example.yaml"])
    inventory = Inventory.load([ROOT / "inventory.example.yaml"])
    document.check(inventory)
    shop = document.desired(inventory.sites["fjord-shop"], date(2026, 8, 1))
    assert shop.enforced["modules.waf"] is True
    assert "modules.monitor" not in shop.enforced
