from __future__ import annotations

from pathlib import Path

import pytest

from fleet.errors import InputError, InputErrors
from fleet.inventory.model import AuthMethod, Http, Inventory, Origin
from tests.inventory.support import HEAD, complaints, complaints_about, load, written

PIN = "sha256/" + "A" * 43 + "="

LAYERED = """\
version: 1
defaults:
  auth: {method: cookie, username: bot, password: "env:FLEET_PASSWORD"}
  http: {timeout: 20s}
  labels: {env: prod, tier: none}
groups:
  gold: {labels: {tier: gold}, http: {timeout: 500ms, deadline: 1.5m}}
  lab: {labels: {tier: lab}, auth: {username: tester}, state: paused}
sites:
  plain: https://Plain.Example
  both:
    url: https://both.example:8443/wp
    groups: [gold, lab]
    labels: {client: fjord}
    auth: {password: "file:secrets/both", method: application-password}
    http: {deadline: 45}
  back: {url: https://back.example, groups: [lab, gold], state: active}
"""


def origin(inventory: Inventory, site: str, path: str) -> str:
    found = inventory.sites[site].origins[path]
    where = f"{found.place.line}:{found.place.column}" if found.place else "-"
    return f"{found.value} {where} {found.source}"


def test_a_short_site_gets_the_defaults(tmp_path: Path) -> None:
    site = load(tmp_path, LAYERED).sites["plain"]
    assert (site.name, str(site.url), site.groups) == ("plain", "https://plain.example/", ())
    assert (site.auth.method, site.auth.username) == (AuthMethod.COOKIE, "bot")
    assert (site.auth.password.text, site.auth.login_path) == ("env:FLEET_PASSWORD", "wp-login.php")
    assert site.http == Http(timeout=20.0)
    assert site.labels == {"env": "prod", "tier": "none"}
    assert not site.paused


def test_sites_win_over_later_groups_over_earlier_groups_over_defaults(tmp_path: Path) -> None:
    sites = load(tmp_path, LAYERED).sites
    both, back = sites["both"], sites["back"]
    assert both.labels == {"env": "prod", "tier": "lab", "client": "fjord"}
    assert both.auth.method is AuthMethod.APPLICATION_PASSWORD
    assert (both.auth.username, both.auth.password.text) == ("tester", "file:secrets/both")
    assert (both.http.timeout, both.http.deadline) == (0.5, 45.0)
    assert (both.groups, both.paused) == (("gold", "lab"), True)
    assert (back.labels["tier"], back.paused) == ("gold", False)
    assert back.http.deadline == 90.0


@pytest.mark.parametrize(
    ("site", "path", "expected"),
    [
        ("plain", "url", "https://plain.example/ 10:10 site"),
        ("plain", "auth.method", "cookie 3:18 defaults"),
        ("plain", "auth.password", "env:FLEET_PASSWORD 3:51 defaults"),
        ("plain", "auth.login_path", "wp-login.php - built in"),
        ("plain", "http.timeout", "20s 4:19 defaults"),
        ("plain", "http.deadline", "120s - built in"),
        ("plain", "http.allow_plaintext", "false - built in"),
        ("plain", "http.ca_file", "(system) - built in"),
        ("plain", "http.pin", "(none) - built in"),
        ("plain", "http.proxy", "(none) - built in"),
        ("plain", "state", "active - built in"),
        ("both", "auth.username", "tester 8:47 group lab"),
        ("both", "auth.password", "file:secrets/both 15:22 site"),
        ("both", "http.timeout", "0.5s 7:48 group gold"),
        ("both", "http.deadline", "45s 16:22 site"),
        ("both", "state", "paused 8:63 group lab"),
        ("both", "groups", "gold, lab 13:13 site"),
        ("both", "labels.tier", "lab 8:24 group lab"),
        ("both", "labels.env", "prod 5:17 defaults"),
        ("both", "labels.client", "fjord 14:22 site"),
    ],
)
def test_every_value_tells_where_it_comes_from(
    tmp_path: Path, site: str, path: str, expected: str
) -> None:
    assert origin(load(tmp_path, LAYERED), site, path) == expected


def test_the_settings_of_a_site_all_have_an_origin(tmp_path: Path) -> None:
    assert sorted(load(tmp_path, LAYERED).sites["plain"].origins) == [
        "auth.login_path",
        "auth.method",
        "auth.password",
        "auth.username",
        "http.allow_plaintext",
        "http.ca_file",
        "http.deadline",
        "http.pin",
        "http.proxy",
        "http.timeout",
        "labels.env",
        "labels.tier",
        "state",
        "url",
    ]


def test_inventories_are_read_only_and_sites_hashable(tmp_path: Path) -> None:
    inventory = load(tmp_path, LAYERED)
    site = inventory.sites["plain"]
    for mapping in (inventory.sites, site.labels, site.origins):
        assert not hasattr(mapping, "__setitem__")
    assert len({*inventory.sites.values(), *load(tmp_path, LAYERED).sites.values()}) == 3


def test_paths_are_relative_to_the_file_they_stand_in(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    text = HEAD + "sites: {a: {url: https://a.example, http: {ca_file: ca.pem}}}\n"
    site = load(tmp_path, text).sites["a"]
    assert site.http.ca_file == tmp_path / "ca.pem"
    assert site.origins["http.ca_file"].value == str(tmp_path / "ca.pem")


def test_a_pin_and_a_proxy_are_taken_as_written(tmp_path: Path) -> None:
    http = f"http: {{pin: {PIN}, proxy: 'http://proxy.example:3128'}}"
    site = load(tmp_path, HEAD + f"sites: {{a: {{url: https://a.example, {http}}}}}\n").sites["a"]
    assert (site.http.pin, site.http.proxy) == (PIN, "http://proxy.example:3128")


def test_inline_secrets_need_the_switch_and_stay_masked(tmp_path: Path) -> None:
    text = "version: 1\nallow_inline_secrets: true\nsites:\n"
    text += "  a: {url: https://a.example, auth: {username: u, password: Kanarie}}\n"
    site = load(tmp_path, text).sites["a"]
    assert site.auth.password.inline is not None
    assert site.auth.password.inline.get_secret_value() == "Kanarie"
    assert site.origins["auth.password"].value == "(inline)"
    assert "Kanarie" not in f"{site!r}{site.origins!r}{site.auth}"


def test_files_share_groups_but_not_defaults(tmp_path: Path) -> None:
    written(tmp_path, HEAD + "groups: {gold: {labels: {tier: gold}}}\n", "a.yaml")
    other = HEAD.replace("bot", "other") + "sites: {x: {url: https://x.example, groups: [gold]}}\n"
    written(tmp_path, other, "b.yml")
    written(tmp_path, HEAD + "sites: {w: https://w.example}\n", "c.yaml")
    written(tmp_path, "not read", "notes.txt")
    written(tmp_path, "{", ".hidden.yaml")
    inventory = Inventory.load([tmp_path])
    assert [file.name for file in inventory.files] == ["a.yaml", "b.yml", "c.yaml"]
    assert {name: site.auth.username for name, site in inventory.sites.items()} == {
        "x": "other",
        "w": "bot",
    }
    assert inventory.sites["x"].labels == {"tier": "gold"}


def test_policy_files_are_passed_over_in_folders_only(tmp_path: Path) -> None:
    inventory = written(tmp_path, HEAD + "sites: {x: https://x.example}\n")
    policy = written(tmp_path, "version: 1\npolicies: []\n", "policy.yaml")
    written(tmp_path, "version: 1\nrollout: {pause: 5m}\n", "rollout.yml")
    assert Inventory.load([tmp_path]).files == (inventory,)
    assert "unknown key 'policies'" in complaints(policy, tmp_path)[0]
    written(tmp_path, "version: 1\npolicies: []\nsites: {}\n", "policy.yaml")
    assert "unknown key 'policies'" in complaints(tmp_path)[0]
    only = written(tmp_path, "version: 1\nexceptions: []\n", "only/policy.yaml")
    assert complaints(only.parent)[0].endswith("no *.yaml file of an inventory is in this folder")


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    file = written(tmp_path, HEAD + "sites: {x: https://x.example}\n")
    assert Inventory.load([file, tmp_path]).files == (file,)


def test_the_same_thing_in_two_files_names_both_places(tmp_path: Path) -> None:
    groups = "groups: {g: {}}\nsites:\n"
    first = written(tmp_path, f"{HEAD}{groups}  a: https://a.example/x\n", "1.yaml")
    again = "  b: {url: 'http://A.example:80/x/', http: {allow_plaintext: true}}\n"
    text = f"{HEAD}{groups}{again}  a: https://b.example\n"
    assert complaints(first, written(tmp_path, text, "2.yaml")) == [
        "2.yaml:4:10 the group 'g' is already in 1.yaml:4:10",
        "2.yaml:6:12 this is the address of the site 'a' too, in 1.yaml:6:6",
        "2.yaml:7:3 the site 'a' is already in 1.yaml:6:3",
    ]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda folder: folder / "none.yaml", "there is no such file"),
        (lambda folder: folder, "no *.yaml file of an inventory is in this folder"),
        (lambda folder: folder / ("x" * 300), "cannot be read: file name too long"),
        (lambda folder: written(folder, "", "f") / "x", "cannot be read: not a directory"),
    ],
    ids=["missing", "empty folder", "long name", "below a file"],
)
def test_paths_without_an_inventory_are_told(tmp_path: Path, make: object, expected: str) -> None:
    assert callable(make)
    with pytest.raises(InputErrors) as caught:
        Inventory.load([make(tmp_path)])
    (error,) = caught.value.errors
    assert error.message == expected
    assert error.place is not None


def test_no_path_at_all_is_told() -> None:
    with pytest.raises(InputErrors, match="name one with --inventory"):
        Inventory.load([])


def test_a_file_that_cannot_be_read_does_not_blame_its_groups_on_others(tmp_path: Path) -> None:
    broken = written(tmp_path, "version: 1\ngroups: [\n", "1.yaml")
    uses = HEAD + "sites: {x: {url: https://x.example, groups: [gold], state: off}}\n"
    lines = complaints(broken, written(tmp_path, uses, "2.yaml"))
    assert [line.split()[0] for line in lines] == ["1.yaml:3:1", "2.yaml:4:60"]


def test_every_mistake_of_all_files_comes_in_one_pass_in_order(tmp_path: Path) -> None:
    first = """\
        version: 2
        lable: 3
        defaults:
          auth: {usrname: x, password: Kanarie}
          http: {timeout: 3m, allow_plaintext: no}
        groups: {gold: {labels: {tier: 012, a: 1.10}}, silver: 5}
        sites:
          a: ftp://x
          b: {url: "https://u:Kanarie@x.example", groups: [golf, silver]}
          c: {url: "https://X.example:443/a"}
          d: https://x.example/a/
    """
    second = "version: 1\nsites: {e: {http: {deadline: 10s}}, 'f g': {url: https://f.example}}\n"
    lines = complaints(written(tmp_path, first, "1.yaml"), written(tmp_path, second, "2.yaml"))
    assert [line.split(maxsplit=1)[0] for line in lines] == [
        *("1.yaml:1:10", "1.yaml:2:1", "1.yaml:4:10", "1.yaml:4:32", "1.yaml:5:19"),
        *("1.yaml:5:40", "1.yaml:6:32", "1.yaml:6:40", "1.yaml:6:56", "1.yaml:8:6"),
        *("1.yaml:9:12", "1.yaml:9:52", "1.yaml:11:6"),
        *("2.yaml:2:9", "2.yaml:2:9", "2.yaml:2:9", "2.yaml:2:30"),
        *("2.yaml:2:37", "2.yaml:2:37", "2.yaml:2:37"),
    ]
    assert "Kanarie" not in "".join(lines)


SITE = "  x: {url: https://x.example, "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sites: {x: {}}\n", "1:9 the site 'x' has no url"),
        ("sites: 5\n", "1:8 expected a mapping, found a number"),
        ("sites: {x: 5}\n", "1:12 expected an address or a mapping, found a number"),
        ("sites: {x: }\n", "1:12 expected an address or a mapping, found nothing"),
        ("sites: {x: [a]}\n", "1:12 expected an address or a mapping, found a list"),
        ("stes: {}\n", "1:1 unknown key 'stes' (did you mean 'sites'?)"),
        ("groups: {g: {url: x}}\n", "1:14 unknown key 'url'"),
        ("groups: {g: }\n", "1:13 expected a mapping, found nothing"),
        ("groups: {-g: {}}\n", "1:10 bad name '-g': a name has up to 100 letters"),
        ("sites: {x: &a [a]}\n", "1:12 anchors (&name) are not supported"),
        ("sites: {x: {url: *a}}\n", "1:18 aliases (*name) are not supported"),
        ("allow_inline_secrets: no\n", "1:23 this may be read as true or false"),
        (SITE + "groups: !x []}\n", "1:39 tags (!name) are not supported"),
        ("allow_inline_secrets: 1\n", "1:23 expected true or false, found a number"),
        (SITE + "lables: {}}\n", "1:31 unknown key 'lables' (did you mean 'labels'?)"),
        (SITE + "timeout: 3}\n", "1:31 unknown key 'timeout' (it belongs under http)"),
        (SITE + "auth: {password:Kanarie}}\n", "1:38 unknown key 'password…': put a space after"),
        (SITE + '"a\\e[31m": 1}\n', "1:31 unknown key 'a\\u001b[31m'"),
        (SITE + "auth: x}\n", "1:37 expected a mapping, found text"),
        (SITE + "auth: {method: digest}}\n", "1:46 expected cookie or application-password"),
        (SITE + "auth: {username: 5}}\n", "1:48 expected text, found a number: write it in quotes"),
        (SITE + "auth: {username: }}\n", "1:48 expected text, found nothing"),
        (SITE + "auth: {username: 'a:b'}}\n", "1:48 a user name has up to 100 characters"),
        (SITE + 'auth: {username: "a\\nb"}}\n', "1:48 a user name has up to 100 characters"),
        (SITE + 'auth: {username: "a\\u202Eb"}}\n', "1:48 a user name has up to 100 characters"),
        (SITE + "auth: {password: '  '}}\n", "1:48 expected text, found only an empty one"),
        (SITE + "auth: {password: 123}}\n", "1:48 expected text, found a number"),
        (SITE + "auth: {password: Kanarie}}\n", "1:48 a password is not written in the inventory"),
        (SITE + "auth: {password: 'env:'}}\n", "1:48 env: is followed directly by the name"),
        (SITE + "auth: {login_path: /x}}\n", "1:50 expected a path below the site's address"),
        (SITE + "auth: {login_path: 'https://y'}}\n", "1:50 expected a path below the site's"),
        (SITE + "auth: {login_path: a/../b}}\n", "1:50 expected a path below the site's"),
        (SITE + "http: [a]}\n", "1:37 expected a mapping, found a list"),
        (SITE + "http: {timeout: soon}}\n", "1:47 expected a length of time, such as 30s"),
        (SITE + "http: {timeout: 0}}\n", "1:47 a length of time is more than nothing"),
        (SITE + "http: {timeout: -1}}\n", "1:47 a length of time is more than nothing"),
        (SITE + "http: {timeout: 0s}}\n", "1:47 expected a length of time"),
        (SITE + "http: {timeout: true}}\n", "1:47 expected a length of time"),
        (SITE + "http: {deadline: 25h}}\n", "1:48 a length of time is more than nothing and at"),
        (SITE + "http: {timeout: 121s}}\n", "1:47 http.deadline (120s) is shorter than http.time"),
        (SITE + "http: {deadline: 9s}}\n", "1:48 http.deadline (9s) is shorter than http.timeout"),
        (SITE + "http: {allow_plaintext: 'yes'}}\n", "1:55 expected true or false, found text"),
        (SITE + "http: {ca_file: none.pem}}\n", "1:47 there is no file '"),
        (SITE + f"http: {{ca_file: {'x' * 300}}}}}\n", "1:47 there is no file '"),
        (SITE + 'http: {ca_file: "a\\0b"}}\n', "1:47 the path has a control character"),
        (SITE + "http: {pin: sha256/abc=}}\n", "1:43 expected sha256/ and the digest of"),
        (SITE + f"http: {{pin: {PIN[7:]}}}}}\n", "1:43 expected sha256/ and the digest of"),
        (SITE + "http: {proxy: 'http://u:p@proxy.example:1'}}\n", "1:45 expected a proxy as"),
        (SITE + "http: {proxy: 'https://proxy.example:1'}}\n", "1:45 expected a proxy as"),
        (SITE + "http: {proxy: 'http://proxy.example'}}\n", "1:45 expected a proxy as"),
        (SITE + "http: {proxy: 'http://proxy.example:0'}}\n", "1:45 expected a proxy as"),
        (SITE + "state: off}\n", "1:38 this may be read as true or false"),
        (SITE + "state: stopped}\n", "1:38 expected active or paused"),
        (SITE + "labels: [a]}\n", "1:39 expected a mapping, found a list"),
        (SITE + "labels: {a: 1.10}}\n", "1:43 expected text, found a number: write it in quotes"),
        (SITE + "labels: {a: true}}\n", "1:43 expected text, found true or false: write it in"),
        (SITE + "labels: {a: 'b c'}}\n", "1:43 a label's value has up to 63 letters"),
        (SITE + "labels: {'a b': c}}\n", "1:40 bad label 'a b': a label's key has up to"),
        (SITE + f"labels: {{{'a.' * 130}b/c: d}}}}\n", "1:40 bad label 'a.a.a."),
        (SITE + "groups: gold}\n", "1:39 expected a list, such as [gold], found text"),
        (SITE + "groups: [3]}\n", "1:40 expected the name of a group, found a number"),
        (SITE + "groups: [gold]}\n", "1:40 unknown group 'gold'"),
        ("  x: http://x.example\n", "1:6 plain http would show the password to everyone"),
        (f"  {'x' * 101}: https://x.example\n", "1:3 bad name 'xxx"),
        ("  '../x': https://x.example\n", "1:3 bad name '../x'"),
    ],
)
def test_a_mistake_is_told_once_where_it_stands(tmp_path: Path, text: str, expected: str) -> None:
    top = "version: 1\ndefaults: {auth: {username: u, password: 'env:P'}}\n"
    (line,) = complaints_about(tmp_path, top + ("sites:\n" if text[0] == " " else "") + text)
    number = 4 if text[0] == " " else 3
    assert line.startswith(f"inventory.yaml:{number}:{expected.removeprefix('1:')}")
    assert "Kanarie" not in line


def test_what_is_needed_has_to_be_somewhere(tmp_path: Path) -> None:
    assert complaints_about(tmp_path, "sites: {x: https://x.example}\n") == [
        "inventory.yaml:1:1 the key 'version' is missing: begin with 'version: 1'",
        "inventory.yaml:1:9 the site 'x' has no auth.username: "
        "write it here, in a group or in defaults",
        "inventory.yaml:1:9 the site 'x' has no auth.password: "
        "write it here, in a group or in defaults",
    ]


def test_a_mistake_in_the_defaults_is_not_repeated_for_each_site(tmp_path: Path) -> None:
    for defaults in (
        "5",
        "{auth: 5}",
        "{auth: {usrname: u, password: 'env:'}}",
        "{ath: {}}",
        "&x {}",
    ):
        text = f"version: 1\ndefaults: {defaults}\nsites: {{a: https://a.example, b: https://b.example}}\n"
        lines = complaints_about(tmp_path, text)
        assert all(line.startswith("inventory.yaml:2:") for line in lines), lines


def test_a_version_that_may_be_read_in_two_ways_is_told_once(tmp_path: Path) -> None:
    (line,) = complaints_about(tmp_path, "version: 01\n")
    assert line.startswith("inventory.yaml:1:10 this may be read as a number")


@pytest.mark.parametrize("version", ["2", "1.0", "'1'", "true", "[1]"])
def test_other_versions_are_refused(tmp_path: Path, version: str) -> None:
    (line,) = complaints_about(tmp_path, f"version: {version}\n")
    assert line == "inventory.yaml:1:10 this tool reads version 1 of the format: write 1"


@pytest.mark.parametrize("url", ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:81"])
def test_plain_http_is_fine_on_this_machine(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, HEAD + f"sites: {{x: '{url}'}}\n").sites["x"].url.scheme == "http"


def test_plain_http_can_be_allowed(tmp_path: Path) -> None:
    text = HEAD + "sites: {x: {url: http://x.example, http: {allow_plaintext: true}}}\n"
    assert load(tmp_path, text).sites["x"].http.allow_plaintext


def test_a_group_listed_twice_is_told(tmp_path: Path) -> None:
    text = HEAD + "groups: {g: {}}\nsites: {x: {url: https://x.example, groups: [g, g, *y]}}\n"
    assert [line[:20] for line in complaints_about(tmp_path, text)] == [
        "inventory.yaml:5:49 ",
        "inventory.yaml:5:52 ",
    ]


FLEET = (
    HEAD
    + """\
sites:
  web-1: {url: https://a.example, labels: {tier: gold}}
  web-2: {url: https://b.example, labels: {tier: silver}}
  db: {url: https://c.example, labels: {tier: gold}, state: paused}
  www: https://d.example
"""
)


@pytest.mark.parametrize(
    ("selector", "sites", "exclude", "expected"),
    [
        (None, (), (), "web-1 web-2 db www"),
        ("", (), (), "web-1 web-2 db www"),
        ("tier=gold", (), (), "web-1 db"),
        ("!tier", (), (), "www"),
        (None, ("web-*",), (), "web-1 web-2"),
        (None, ("www", "web-1"), (), "web-1 www"),
        (None, ("www", "w?b-[2]"), (), "web-2 www"),
        (None, ("none*", "db"), (), "db"),
        (None, (), ("w*",), "db"),
        (None, ("w*",), ("www",), "web-1 web-2"),
        ("tier", ("w*",), ("*-2",), "web-1"),
    ],
)
def test_selecting_narrows_in_the_order_of_the_file(
    tmp_path: Path,
    selector: str | None,
    sites: tuple[str, ...],
    exclude: tuple[str, ...],
    expected: str,
) -> None:
    inventory = load(tmp_path, FLEET)
    narrowed = inventory.select(selector, sites, exclude)
    assert " ".join(narrowed.sites) == expected
    assert narrowed.files == inventory.files
    assert len(inventory.sites) == 4


@pytest.mark.parametrize(
    ("selector", "sites", "exclude", "reason"),
    [
        ("tier=", (), (), "no site is selected: none of the 4"),
        (None, ("x*",), (), "no site is selected"),
        (None, (), ("*",), "no site is selected"),
        ("tier=gold", ("www",), (), "no site is selected"),
        (None, ("web1",), (), "--site: there is no site 'web1' (did you mean 'web-1'?)"),
        (None, (), ("wwww",), "--exclude: there is no site 'wwww' (did you mean 'www'?)"),
        (None, ("WWW",), (), "there is no site 'WWW' (did you mean 'www'?)"),
        ("tier=gold,", (), (), "selector, column 11"),
    ],
)
def test_a_selection_that_cannot_be_meant_is_refused(
    tmp_path: Path,
    selector: str | None,
    sites: tuple[str, ...],
    exclude: tuple[str, ...],
    reason: str,
) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, FLEET).select(selector, sites, exclude)
    assert reason in caught.value.message


def test_nothing_can_be_selected_from_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the inventory has none"):
        load(tmp_path, "version: 1\n").select()


def test_ten_thousand_sites_load_and_select(tmp_path: Path) -> None:
    rows = [
        f"  s-{n}: {{url: https://s{n}.example/wp, groups: [gold], labels: {{client: c{n % 10}}}}}"
        for n in range(10_000)
    ]
    text = HEAD + "groups: {gold: {labels: {tier: gold}}}\nsites:\n" + "\n".join(rows)
    inventory = load(tmp_path, text)
    assert len(inventory.select("client=c3,tier in (gold)").sites) == 1000


def test_the_example_loads() -> None:
    file = Path(__file__).parents[2] / "inventory.example.yaml"
    inventory = Inventory.load([file])
    assert len(inventory.sites) == 5
    assert inventory.sites["fjord-shop"].labels["tier"] == "gold"
    assert inventory.sites["old-blog"].paused
    assert inventory.sites["museum"].origins["state"] == Origin("active", None, "built in")
