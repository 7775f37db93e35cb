from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from fleet.errors import InputErrors
from fleet.inventory.fields import SECTIONS
from fleet.inventory.model import Inventory
from fleet.inventory.schema import inventory_schema

Document = dict[str, object]

AUTH = {"username": "bot", "password": "env:P"}


def top(**keys: object) -> Document:
    return {"version": 1, "defaults": {"auth": AUTH}, **keys}


def site(**keys: object) -> Document:
    return top(sites={"x": {"url": "https://x.example", **keys}})


def http(**keys: object) -> Document:
    return site(http=keys)


def auth(**keys: object) -> Document:
    return site(auth=keys)


def window(*spans: object) -> Document:
    return site(window={"allow": list(spans)})


def freeze(**keys: object) -> Document:
    return site(freeze=[{"from": "2026-11-20", "to": "2026-12-28", **keys}])


def url(text: object) -> Document:
    return top(sites={"x": text})


GOOD: Mapping[str, Document] = {
    "empty": {"version": 1},
    "no sites": top(sites={}, groups={}),
    "short": url("https://x.example"),
    "long": site(),
    "port and path": url("https://x.example:8443/wp/"),
    "loopback": url("http://localhost:8080"),
    "ipv6": url("https://[2001:db8::1]:8443"),
    "pin": http(pin="sha256/" + "A" * 43 + "="),
    "proxy": http(proxy="http://proxy.example:3128"),
    "proxy by its address": http(proxy="http://[2001:db8::1]:3128"),
    "upper case": url("HTTPS://X.EXAMPLE"),
    "plaintext allowed": top(
        sites={"x": {"url": "http://x.example", "http": {"allow_plaintext": True}}}
    ),
    "group": top(
        groups={"g": {"labels": {"a": "b"}}}, sites={"x": {"url": "https://x.y", "groups": ["g"]}}
    ),
    "layer everywhere": top(
        groups={"g": {"state": "paused", "auth": AUTH, "http": {"timeout": 1}}},
    ),
    "empty layers": top(groups={"g": {}}, defaults={}),
    "labels": site(labels={"a": "b", "x.example/team": "ops", "empty": "", "A_b.c-d": "1.0"}),
    "method": auth(method="application-password"),
    "cookie": auth(method="cookie"),
    "username with a space": auth(username="Jane Doe"),
    "username with an accent": auth(username="Zoë"),
    "e-mail": auth(username="ops@x.example"),
    "file": auth(password="file:secrets/x"),
    "exec": auth(password="exec:pass show x"),
    "keyring": auth(password="keyring:fleet/ops"),
    "login path": auth(login_path="secret-door/"),
    "login query": auth(login_path="?secret-door"),
    "seconds": http(timeout=10, deadline=20.5),
    "durations": http(timeout="500ms", deadline="1.5m"),
    "hours": http(deadline="2h"),
    "active": site(state="active"),
    "paused": site(state="paused"),
    "inline": top(
        allow_inline_secrets=True,
        sites={"x": {"url": "https://x.y", "auth": {"password": "a b"}}},
    ),
    "switch off": top(allow_inline_secrets=False),
    "names": top(sites={"0a.B_c-d": "https://x.example"}),
    "window": window("Mon-Thu 07:00-16:00", "Sat,Sun 22:00-02:00", "12:00-24:00"),
    "window with a zone": site(window={"tz": "Europe/Vienna", "allow": ["Fri-Mon 00:00-24:00"]}),
    "zone only": top(defaults={"window": {"tz": "America/Argentina/Buenos_Aires"}}),
    "utc": site(window={"tz": "UTC"}),
    "empty window": site(window={}),
    "freeze": freeze(),
    "freeze with a reason": freeze(reason="holiday sales \u2013 see OPS-412"),
    "freeze in a group": top(
        groups={"g": {"freeze": [{"from": "2026-01-01", "to": "2026-01-01"}]}}
    ),
    "no freezes": site(freeze=[]),
}

BAD: Mapping[str, Document] = {
    "no version": {"sites": {}},
    "version 2": {"version": 2},
    "version text": {"version": "1"},
    "version true": {"version": True},
    "unknown top key": top(site={}),
    "sites list": top(sites=[]),
    "sites null": top(sites=None),
    "groups text": top(groups="gold"),
    "defaults list": top(defaults=[]),
    "switch text": top(allow_inline_secrets="true"),
    "switch number": top(allow_inline_secrets=1),
    "site null": url(None),
    "site number": url(5),
    "site without url": url({"labels": {}}),
    "site name": top(sites={"a b": "https://x.example"}),
    "site name path": top(sites={"../x": "https://x.example"}),
    "site name long": top(sites={"x" * 101: "https://x.example"}),
    "group name": top(groups={"": {}}),
    "group null": top(groups={"g": None}),
    "group with url": top(groups={"g": {"url": "https://x.example"}}),
    "unknown site key": site(lables={}),
    "no scheme": url("x.example"),
    "ftp": url("ftp://x.example"),
    "no host": url("https://"),
    "userinfo": url("https://u:p@x.example"),
    "query": url("https://x.example/?a"),
    "fragment": url("https://x.example#a"),
    "backslash": url("https://x.example\\y"),
    "space": url("https://x.example/a b"),
    "tab": url("https://x\t.example"),
    "other letters": url("https://m\u00fcller.example"),
    "url number": url({"url": 5}),
    "groups text in site": site(groups="gold"),
    "groups numbers": site(groups=[1]),
    "labels list": site(labels=[]),
    "label key": site(labels={"a b": "c"}),
    "label key empty": site(labels={"": "c"}),
    "label key prefix": site(labels={"A_/b": "c"}),
    "label value": site(labels={"a": "b c"}),
    "label number": site(labels={"a": 1}),
    "label true": site(labels={"a": True}),
    "label null": site(labels={"a": None}),
    "label long": site(labels={"a": "b" * 64}),
    "auth text": site(auth="bot"),
    "unknown auth key": auth(user="x"),
    "method": auth(method="digest"),
    "method number": auth(method=1),
    "username number": auth(username=1),
    "username empty": auth(username=""),
    "username colon": auth(username="a:b"),
    "username edge": auth(username=" a"),
    "username control": auth(username="a\u0007b"),
    "username long": auth(username="a" * 101),
    "password number": auth(password=123),
    "password empty": auth(password=""),
    "password blank": auth(password="  "),
    "login path absolute": auth(login_path="/login"),
    "login path url": auth(login_path="https://x.example/login"),
    "login path up": auth(login_path="../login"),
    "login path scheme": auth(login_path="https:evil.example"),
    "login path escape": auth(login_path="%2e%2e/login"),
    "login path backslash": auth(login_path="a\\b"),
    "login path fragment": auth(login_path="a#b"),
    "login path space": auth(login_path="a b"),
    "login path long": auth(login_path="a" * 201),
    "http null": site(http=None),
    "unknown http key": http(timeouts=1),
    "duration word": http(timeout="soon"),
    "duration bare": http(timeout="30"),
    "duration unit": http(timeout="30 s"),
    "duration zero": http(timeout=0),
    "duration zero text": http(timeout="0.0s"),
    "duration negative": http(timeout=-1),
    "duration long": http(deadline=86_401),
    "duration true": http(timeout=True),
    "plaintext text": http(allow_plaintext="yes"),
    "ca_file number": http(ca_file=1),
    "ca_file empty": http(ca_file=""),
    "pin number": http(pin=1),
    "pin short": http(pin="sha256/abc="),
    "pin of another digest": http(pin="sha1/" + "A" * 43 + "="),
    "proxy number": http(proxy=3128),
    "proxy with a password": http(proxy="http://u:p@proxy.example:3128"),
    "proxy without a port": http(proxy="http://proxy.example"),
    "proxy with a path": http(proxy="http://proxy.example:3128/x"),
    "proxy of another scheme": http(proxy="socks5://proxy.example:3128"),
    "window text": site(window="Mon 07:00-16:00"),
    "unknown window key": site(window={"zone": "UTC"}),
    "window without spans": window(),
    "window of text": site(window={"allow": "Mon 07:00-16:00"}),
    "span number": window(5),
    "span without times": window("Mon"),
    "span of other days": window("Mo-Do 07:00-16:00"),
    "span of small letters": window("mon 07:00-16:00"),
    "span of short hours": window("Mon 7:00-16:00"),
    "span beginning at 24": window("Mon 24:00-02:00"),
    "span past 24": window("Mon 22:00-24:30"),
    "span with blanks": window("Mon 07:00 - 16:00"),
    "zone abbreviation": site(window={"tz": "CET"}),
    "zone path": site(window={"tz": "../Europe/Vienna"}),
    "zone of leap seconds": site(window={"tz": "right/Europe/Vienna"}),
    "zone number": site(window={"tz": 1}),
    "freeze mapping": site(freeze={"from": "2026-11-20", "to": "2026-12-28"}),
    "freeze text": site(freeze=["2026-11-20"]),
    "freeze without an end": site(freeze=[{"from": "2026-11-20"}]),
    "freeze day": freeze(to="28.12.2026"),
    "freeze number": freeze(to=20261228),
    "freeze short": freeze(to="2026-12-8"),
    "freeze reason blank": freeze(reason=" "),
    "freeze reason control": freeze(reason="a\u001bb"),
    "freeze reason long": freeze(reason="x" * 201),
    "unknown freeze key": freeze(why="x"),
    "state": site(state="off"),
    "state true": site(state=True),
}

ONLY_THE_LOADER_KNOWS: Mapping[str, Document] = {
    "the layers together": {"version": 1, "sites": {"x": "https://x.example"}},
    "whether groups exist": site(groups=["gold"]),
    "two sites of one address": top(sites={"a": "https://x.y", "b": "https://x.y/"}),
    "whether a host is this machine": url("http://x.example"),
    "what a port may be": url("https://x.example:99999"),
    "what a host may be": url("https://127.1"),
    "pages inside a site": url("https://x.example/wp-admin"),
    "whether inline secrets are allowed": auth(password="hunter2"),
    "the forms of references": auth(password="env:a b"),
    "long durations with a unit": http(deadline="25h"),
    "deadlines against timeouts": http(timeout=10, deadline=5),
    "whether files exist": http(ca_file="none.pem"),
    "what a port of a proxy may be": http(proxy="http://proxy.example:99999"),
    "long prefixes of labels": site(labels={"a." * 127 + "b/c": "d"}),
    "marks that reorder text": auth(username="a\u202eb"),
    "whether zones exist": site(window={"tz": "Europe/Nowhere"}),
    "spans of no length": window("Mon 09:00-09:00"),
    "days of a month": freeze(to="2026-12-32"),
    "freezes that end before they begin": freeze(to="2026-11-19"),
}


def loads(folder: Path, document: Document) -> bool:
    file = folder / "inventory.yaml"
    file.write_text(json.dumps(document), encoding="utf-8")
    try:
        Inventory.load([file])
    except InputErrors:
        return False
    return True


def conforms(document: Document) -> bool:
    return bool(Draft202012Validator(inventory_schema()).is_valid(document))


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(inventory_schema())
    json.dumps(inventory_schema())


@pytest.mark.parametrize("name", GOOD)
def test_schema_and_loader_both_accept(tmp_path: Path, name: str) -> None:
    assert (conforms(GOOD[name]), loads(tmp_path, GOOD[name])) == (True, True)


@pytest.mark.parametrize("name", BAD)
def test_schema_and_loader_both_refuse(tmp_path: Path, name: str) -> None:
    assert (conforms(BAD[name]), loads(tmp_path, BAD[name])) == (False, False)


@pytest.mark.parametrize("name", ONLY_THE_LOADER_KNOWS)
def test_the_loader_refuses_what_no_schema_can(tmp_path: Path, name: str) -> None:
    document = ONLY_THE_LOADER_KNOWS[name]
    assert (conforms(document), loads(tmp_path, document)) == (True, False)


def test_the_example_conforms() -> None:
    file = Path(__file__).parents[2] / "inventory.example.yaml"
    # Editors take days for text; PyYAML makes dates of them.
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert conforms(json.loads(json.dumps(document, default=str)))


def test_the_example_loads() -> None:
    inventory = Inventory.load([Path(__file__).parents[2] / "inventory.example.yaml"])
    shop = inventory.sites["fjord-shop"]
    assert str(shop.window) == "Mon-Thu 07:00-16:00, Sat 22:00-02:00 (Europe/Oslo)"
    assert list(map(str, shop.freezes)) == ["2026-11-20 to 2026-12-28 (holiday sales)"]


def settings() -> Iterator[str]:
    for section, fields in SECTIONS.items():
        yield from (f"{section}.{key}" for key in fields)


def test_every_setting_is_described_for_editors() -> None:
    schema = json.dumps(inventory_schema())
    assert all(f'"{path.partition(".")[2]}"' in schema for path in settings())
