from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.inventory.model import Inventory, Site
from tests.inventory.support import complaints, written

BASE = """\
version: 1
defaults:
  auth: {username: bot, password: "env:FLEET_PASSWORD"}
  labels: {env: prod}
groups:
  gold: {labels: {tier: gold}}
"""
FULL = {
    "name": "full",
    "url": "https://full.example:8443/wp",
    "groups": ["gold"],
    "labels": {"client": "fjord", "tier": "own"},
    "auth": {"username": "ops", "password": "keyring:wp/ops", "login_path": "door/"},
    "http": {"timeout": "5s", "deadline": 60, "pin": "sha256/" + "A" * 43 + "="},
    "window": {"tz": "Europe/Vienna", "allow": ["Mon-Thu 07:00-16:00"]},
    "freeze": [{"from": "2026-12-24", "to": "2027-01-02", "reason": "sales"}],
    "state": "paused",
}


def base(folder: Path) -> Path:
    return written(folder, BASE, "base.yaml")


def jsonl(folder: Path, *lines: object) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return written(folder, "".join(f"{text}\n" for text in texts), "sites.jsonl")


def table(folder: Path, text: str) -> Path:
    file = folder / "sites.csv"
    file.write_bytes(text.encode())
    return file


def without_names(site: Site) -> dict[str, object]:
    return {
        "url": site.url,
        "groups": site.groups,
        "labels": dict(site.labels),
        "auth": site.auth,
        "http": site.http,
        "paused": site.paused,
        "window": site.window,
        "freezes": site.freezes,
    }


def test_a_line_of_json_says_what_a_site_in_yaml_says(tmp_path: Path) -> None:
    settings = {key: value for key, value in FULL.items() if key != "name"}
    yaml = written(tmp_path, f"{BASE}sites:\n  full: {json.dumps(settings)}\n", "all.yaml")
    inventory = Inventory.load([base(tmp_path), jsonl(tmp_path, FULL)])
    assert inventory.sites["full"] == Inventory.load([yaml]).sites["full"]
    origins = inventory.sites["full"].origins
    assert str(origins["auth.username"].place).endswith("sites.jsonl:1:1")
    assert str(origins["labels.env"].place).endswith("base.yaml:4:17")


def test_a_row_of_a_table_says_what_a_line_of_json_says(tmp_path: Path) -> None:
    csv = table(
        tmp_path,
        "\ufeffname;url;groups;labels.client;labels.tier;auth.username;auth.password;"
        "auth.login_path;http.timeout;http.deadline;http.pin;window.tz;window.allow;state\r\n"
        'full;"https://full.example:8443/wp";gold;fjord;own;ops;keyring:wp/ops;door/;5s;60;'
        f"sha256/{'A' * 43}=;Europe/Vienna;Mon-Thu 07:00-16:00;paused\r\n"
        "plain;https://plain.example;;;\r\n;;;\r\n\r\n",
    )
    line = {key: value for key, value in FULL.items() if key != "freeze"}
    both = Inventory.load([base(tmp_path), csv])
    lines = [line, {"name": "plain", "url": "https://plain.example"}]
    same = Inventory.load([base(tmp_path), jsonl(tmp_path, *lines)])
    assert list(both.sites) == ["full", "plain"]
    assert dict(both.sites) == dict(same.sites)


def test_rows_take_defaults_and_groups_from_the_file_that_includes_them(tmp_path: Path) -> None:
    jsonl(tmp_path, {"name": "a", "url": "https://a.example", "groups": ["gold"]})
    written(tmp_path, BASE + "include: [sites.jsonl]\nsites: {b: https://b.example}\n", "all.yaml")
    other = written(
        tmp_path,
        'version: 1\ndefaults: {auth: {username: x, password: "env:X"}}\ninclude: [all.yaml]\n',
        "top.yaml",
    )
    inventory = Inventory.load([other])
    assert list(inventory.sites) == ["b", "a"]
    assert inventory.sites["a"].auth.username == "bot"
    assert inventory.sites["a"].labels == {"env": "prod", "tier": "gold"}
    assert [file.name for file in inventory.files] == ["top.yaml", "all.yaml", "sites.jsonl"]


def test_files_that_include_each_other_are_read_once(tmp_path: Path) -> None:
    written(tmp_path, "version: 1\ninclude: [one.yaml]\n", "two.yaml")
    one = written(
        tmp_path, BASE + "include: [two.yaml]\nsites: {a: https://a.example}\n", "one.yaml"
    )
    assert list(Inventory.load([one]).sites) == ["a"]


GOOD = {"name": "good", "url": "https://good.example"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"name": "a"', "2:13 this is not JSON: expected a comma or }"),
        ("{'name': 1}", "2:2 this is not JSON: expected a key in quotes"),
        ("[1, 2]", "2:1 expected a mapping, found a list"),
        ("[" * 60_000, "2:33 this is nested more than 32 levels deep"),
        ('{"name": "a", "url": NaN}', "2:22 this is not JSON: expected a value"),
        ('{"name": "a", "url": "https://a.example"} x', "2:43 something stands behind the end"),
        ('{"url": "https://a.example"}', "2:1 each site needs its key 'name', which is text"),
        ('{"name": "b d", "url": "https://a.example"}', "2:10 bad name 'b d': a name has up to"),
        ('{"name": "a"}', "2:10 the site 'a' has no url"),
        ('{"name": "a", "url": "ftp://a.example"}', "2:22 the address has to begin with https"),
        ('{"name": "a", "url": "http://a.example"}', "2:22 plain http would show the password"),
        ('{"name": "a", "url": "https://GOOD.example"}', "2:1 this is the address of the site"),
        ('{"name": "good", "url": "https://a.example"}', "2:1 the site 'good' is already in"),
        ('{"name":"a","url":"https://a.example","url":"x"}', "2:39 the key 'url' is written twice"),
        (
            '{"name": "a", "url": "https://a.example", "lables": {}}',
            "2:43 unknown key 'lables' (did you mean 'labels'?)",
        ),
        (
            '{"name": "a", "url": "https://a.example", "groups": ["glod"]}',
            "2:54 unknown group 'glod' (did you mean 'gold'?)",
        ),
        (
            '{"name": "a", "url": "https://a.example", "auth": {"password": "hunter2"}}',
            "2:64 a password is not written in the inventory",
        ),
        (
            '{"name": "a", "url": "https://a.example", "labels": {"tier": 3}}',
            "2:62 expected text, found a number",
        ),
        (
            '{"name": "a", "url": "https://a.example", "http": {"timeout": "3m"}}',
            "2:63 http.deadline (120s) is shorter than http.timeout (180s)",
        ),
        ('{"name": "\x00"}', "2:11 the invisible character U+0000 is not allowed here"),
        ('{"name": "\\u0000"}', "2:10 bad name '\\u0000'"),
    ],
)
def test_each_mistake_in_a_line_is_told_with_its_place(
    tmp_path: Path, line: str, expected: str
) -> None:
    found = complaints(base(tmp_path), jsonl(tmp_path, GOOD, line, {**GOOD, "name": "z"}))
    assert any(f"sites.jsonl:{expected}" in each for each in found)
    assert any("sites.jsonl:3:1 this is the address of" in each for each in found)
    assert "hunter2" not in "".join(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is empty"),
        ("name,url,lables.x\n", "1:10 unknown column 'lables.x'"),
        ("name,url,password\n", "1:10 unknown column 'password' (write auth.password)"),
        ("name,url,url\n", "1:10 the column 'url' is there twice"),
        ("name\n", "1:1 the column 'url' is missing"),
        ("name,url\na,https://a.example,x\n", "2:21 this line has 3 cells, and the first line 2"),
        ('name,url\n"a,https://a.example\n', "2:1 this quote is not closed in its line"),
        ('name,url\n"a"b,https://a.example\n', "2:4 a cell in quotes ends with its quote"),
        ('name,url\na"b,https://a.example\n', "2:1 a quote stands in a cell"),
        ("name,url\na\x00,https://a.example\n", "2:2 the invisible character U+0000"),
        ("name,url\ra,https://a.example\n", "1:9 the invisible character U+000D"),
        ("name,url\na,https://a.example/wp-admin\n", "2:3 this is a page inside the site"),
        ("name,url,state\na,https://a.example,off\n", "2:21 expected active or paused"),
        (
            "name,url,http.allow_plaintext\na,https://a.example,yes\n",
            "2:21 expected true or false, found text",
        ),
        ("name,url\n" + "a" * 70_000 + "\n", "2:1 this line is longer than 64 KiB"),
    ],
)
def test_each_mistake_in_a_table_is_told_with_its_place(
    tmp_path: Path, text: str, expected: str
) -> None:
    found = complaints(base(tmp_path), table(tmp_path, text))
    assert any(expected in each and "sites.csv" in each for each in found)


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    file = tmp_path / "sites.csv"
    file.write_bytes(b"name,url\na,https://\xff.example\n")
    (found,) = complaints(base(tmp_path), file)
    assert found == "sites.csv:2:11 this is not UTF-8: save the file in that encoding"


def test_all_mistakes_are_told_at_once_and_reading_ends_where_all_is_wrong(tmp_path: Path) -> None:
    found = complaints(base(tmp_path), jsonl(tmp_path, *['{"name": 1}'] * 5000))
    assert 1000 <= len(found) <= 1003
    assert any("reading stops here" in each for each in found)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert complaints(tmp_path / "no.csv") == ["no.csv there is no such file"]


names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
values = st.from_regex(r"([a-zA-Z0-9]([a-zA-Z0-9._-]{0,10}[a-zA-Z0-9])?)?", fullmatch=True)
keys = st.from_regex(r"([a-z]{1,5}/)?[a-zA-Z]{1,8}", fullmatch=True)
sites = st.dictionaries(
    names,
    st.fixed_dictionaries(
        {},
        optional={
            "groups": st.sampled_from([[], ["gold"], ["silver", "gold"], ["gold", "silver"]]),
            "labels": st.dictionaries(keys, values, max_size=3),
            "state": st.sampled_from(["active", "paused"]),
            "auth": st.fixed_dictionaries(
                {},
                optional={
                    "method": st.sampled_from(["cookie", "application-password"]),
                    "username": st.sampled_from(["bot", "opérateur", "a b"]),
                    "password": st.sampled_from(["env:X", "file:x/y", "exec:pass show 'a b'"]),
                },
            ),
            "http": st.fixed_dictionaries(
                {}, optional={"timeout": st.sampled_from([1, 2.5, "500ms"])}
            ),
        },
    ),
    min_size=1,
    max_size=5,
)


@given(made=sites)
def test_yaml_lines_and_what_is_kept_are_the_same_sites(
    made: dict[str, dict[str, object]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("same")
    head = BASE + "  silver: {labels: {tier: silver}}\n"
    full = {
        name: {"url": f"https://{name}.example/~a/%C3%A9", **rest}
        for name, rest in made.items()
        if not name.endswith("-")
    }
    yaml = written(folder, f"{head}sites: {json.dumps(full, ensure_ascii=False)}\n")
    lines = [{"name": name, **rest} for name, rest in full.items()]
    rows = [written(folder, head, "head.yaml"), jsonl(folder, *lines)]
    one, other = Inventory.load([yaml]).sites, Inventory.load(rows).sites
    assert list(one) == list(other) == list(full)
    for name in full:
        assert one[name] == other[name]
        shown = [{p: (o.value, o.source) for p, o in s[name].origins.items()} for s in (one, other)]
        assert shown[0] == shown[1]
