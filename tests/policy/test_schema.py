from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from fleet.errors import InputErrors
from fleet.front.app import run_command_line
from fleet.policy.document import PolicyDocument
from fleet.policy.parts import FILE_KEYS, WAIVER_KEYS
from fleet.policy.policies import POLICY_KEYS
from fleet.policy.rollout_part import BUDGET_KEYS, CHECK_KEYS, GUARD_KEYS, ROLLOUT_KEYS
from fleet.policy.schema import policy_schema

Document = dict[str, object]
WAIVER = {"sites": ["a"], "key": "modules.sso", "until": "2027-01-31", "reason": "x"}


def top(**keys: object) -> Document:
    return {"version": 1, **keys}


def policy(**keys: object) -> Document:
    return top(policies=[{"name": "p", **keys}])


def active(*slugs: object) -> Document:
    return policy(modules={"active": list(slugs)})


def option(value: object, key: str = "a.b") -> Document:
    return policy(options={key: value})


def setting(key: str, value: object = 1) -> Document:
    return policy(settings={key: value})


def jetpack(version: object) -> Document:
    return policy(jetpack={"min_version": version})


def required(*plugins: object) -> Document:
    return policy(plugins={"required": list(plugins)})


def waiver(**keys: object) -> Document:
    return top(exceptions=[WAIVER | keys])


def waiver_without(key: str) -> Document:
    return top(exceptions=[{name: each for name, each in WAIVER.items() if name != key}])


def rollout(**keys: object) -> Document:
    return top(rollout=keys)


def check(**keys: object) -> Document:
    return rollout(checks=[{"path": "/", **keys}])


GOOD: Mapping[str, Document] = {
    "empty": top(),
    "no policies": top(policies=[], exceptions=[], rollout={}),
    "name only": policy(),
    "level and grade": policy(level="client", mode="warn", severity="high"),
    "select": policy(select="env=prod,tier in (gold,silver),!legacy"),
    "select all": policy(select=""),
    "modules": policy(modules={"active": ["sso"], "inactive": ["post-by-email"]}),
    "no modules": policy(modules={}),
    "module with a grade": active({"slug": "sso", "mode": "ignore", "severity": "low"}),
    "option": option(True),
    "option of a dotted name": option(1, "a.b.c"),
    "option null": option(None),
    "option number": option(1.5),
    "option text": option("x"),
    "option list": option(["a", {"value": 1, "x": 2}]),
    "option mapping": option({"a": {"value": 1, "x": 2}}),
    "option empty mapping": option({}),
    "option mode among others": option({"mode": "x", "a": 1}),
    "long form": option({"value": {"value": 1}, "mode": "warn", "severity": "high"}),
    "long form of nothing": option({"value": None}),
    "json": option({"json": "[1e300]"}),
    "setting": setting("jetpack_testimonial"),
    "setting with a blank": setting("Passive voice"),
    "setting of one site": setting("lang_id", "de"),
    "versions": policy(
        jetpack={"min_version": "13.0"},
        wordpress={"min_version": "6.4", "severity": "low"},
        php={"min_version": "8", "mode": "warn"},
    ),
    "beta": jetpack("14.1-beta.2"),
    "plugins": policy(plugins={"required": ["akismet"], "forbidden": ["X_y.z-1"]}),
    "plugin with a version": required({"slug": "akismet", "min": "5.3", "severity": "high"}),
    "exception": waiver(),
    "exception with all": waiver(owner="mia", ticket="OPS-412", sites=["a", "web-*", "x[12]?"]),
    "exception of an option": waiver(key="a.b"),
    "exception of a plugin": waiver(key="plugins.required.akismet"),
    "waves": rollout(waves=[1, "10%", "33.5%", "100%"]),
    "canary": rollout(canary={"select": "a=b", "pause": "1d"}),
    "pauses": rollout(pause=0, expires=0.5),
    "pauses in words": rollout(pause="0s", expires="30d"),
    "budget": rollout(max_failures=0, max_unreachable="0%"),
    "budget of a wave": rollout(wave={"max_failures": "5%", "max_unreachable": 1}),
    "guard": rollout(guard={"max_sites": "30%", "max_deactivations": 0}),
    "checks": rollout(checks=["/", "/a?b=c&d=%20"]),
    "check": check(status=302, contains="</html>", within="8s"),
    "check of several codes": check(status=[200, 302]),
}

BAD: Mapping[str, Document] = {
    "no version": {"policies": []},
    "version 2": {"version": 2},
    "version text": {"version": "1"},
    "unknown top key": top(sites={}),
    "policies mapping": top(policies={"p": {}}),
    "policy text": top(policies=["p"]),
    "policy without a name": top(policies=[{}]),
    "name": top(policies=[{"name": "a b"}]),
    "name number": top(policies=[{"name": 1}]),
    "unknown policy key": policy(when="x"),
    "level": policy(level="gold"),
    "level number": policy(level=1),
    "mode": policy(mode="enforced"),
    "mode true": policy(mode=True),
    "severity": policy(severity="critical"),
    "select list": policy(select=["a=b"]),
    "modules list": policy(modules=["sso"]),
    "modules state": policy(modules={"on": ["sso"]}),
    "modules text": policy(modules={"active": "sso"}),
    "slug": active("Sso"),
    "slug number": active(5),
    "slug long": active("x" * 61),
    "module without a slug": active({"mode": "warn"}),
    "module with a version": active({"slug": "sso", "min": "1"}),
    "options list": policy(options=[]),
    "option without a module": option(1, "exif"),
    "option of settings": option(1, "settings.a"),
    "option of a product": option(1, "php.min_version"),
    "option secret": option("x", "a.wordpress_api_key"),
    "option command": option({}, "sharedaddy.custom"),
    "long form with more": option({"value": 1, "why": "x"}),
    "long form without a value": option({"mode": "warn"}),
    "long form with two": option({"value": 1, "json": "1"}),
    "long form mode": option({"value": 1, "mode": "x"}),
    "json number": option({"json": 1}),
    "setting without a name": setting(""),
    "setting long": setting("x" * 101),
    "setting control": setting("a\u0007b"),
    "setting blank": setting(" a"),
    "setting blank behind": setting("a "),
    "setting secret": setting("jetpack_protect_key", "x"),
    "setting read only": setting("categories", []),
    "setting never": setting("onboarding", {}),
    "version number": jetpack(13.0),
    "version word": jetpack("latest"),
    "version x": jetpack("13.x"),
    "no min_version": policy(php={}),
    "product text": policy(php="8.1"),
    "plugins list": policy(plugins=["akismet"]),
    "plugin path": required("../akismet"),
    "plugin file": required("akismet/akismet.php"),
    "plugin version": required({"slug": "akismet", "min": 5}),
    "plugin forbidden from": policy(plugins={"forbidden": [{"slug": "x", "min": "1"}]}),
    **{f"exception without {key}": waiver_without(key) for key in WAIVER},
    "exception sites text": waiver(sites="a"),
    "exception sites none": waiver(sites=[]),
    "exception sites odd": waiver(sites=["a b"]),
    "exception key number": waiver(key=1),
    "exception until": waiver(until="31.01.2027"),
    "exception until number": waiver(until=20270131),
    "exception reason blank": waiver(reason=" "),
    "exception reason lines": waiver(reason="a\nb"),
    "exception ticket number": waiver(ticket=412),
    "unknown exception key": waiver(expires="x"),
    "waves text": rollout(waves="10%"),
    "waves none": rollout(waves=[]),
    "wave nothing": rollout(waves=[0]),
    "wave nothing of all": rollout(waves=["0.0%"]),
    "wave more than all": rollout(waves=["101%"]),
    "wave text": rollout(waves=["5"]),
    "wave part": rollout(waves=[1.5]),
    "canary text": rollout(canary="a=b"),
    "canary without select": rollout(canary={"pause": 1}),
    "canary of all": rollout(canary={"select": ""}),
    "pause word": rollout(pause="soon"),
    "pause negative": rollout(pause=-1),
    "pause unit": rollout(pause="5 m"),
    "pause true": rollout(pause=True),
    "expires at once": rollout(expires=0),
    "expires at once in words": rollout(expires="0s"),
    "expires late": rollout(expires=30 * 86_400 + 1),
    "budget negative": rollout(max_failures=-1),
    "budget word": rollout(max_unreachable="few"),
    "guard number": rollout(guard=5),
    "guard part": rollout(guard={"max_deactivations": "5%"}),
    "unknown rollout key": rollout(soak=1),
    "checks text": rollout(checks="/"),
    "check url": rollout(checks=["https://x.example/"]),
    "check host": rollout(checks=["//x.example/"]),
    "check up": rollout(checks=["/../"]),
    "check blank": rollout(checks=["/a b"]),
    "check fragment": rollout(checks=["/#a"]),
    "check without a path": rollout(checks=[{"status": 200}]),
    "check status": check(status=99),
    "check status text": check(status="200"),
    "check status none": check(status=[]),
    "check within": check(within=61),
    "check contains": check(contains=""),
}

ONLY_THE_LOADER_KNOWS: Mapping[str, Document] = {
    "the grammar of selectors": policy(select="a b"),
    "names that come twice": top(policies=[{"name": "p"}, {"name": "p"}]),
    "both active and inactive": policy(modules={"active": ["sso"], "inactive": ["sso"]}),
    "slugs that come twice": active("sso", {"slug": "sso"}),
    "two modules with one option": policy(options={"a.b": 1, "c.b": 1}),
    "required and forbidden": policy(plugins={"required": ["x"], "forbidden": ["x"]}),
    "what looks like a secret": setting("my_token", "x"),
    "what looks like an address": setting("a", "me@x.example"),
    "the form of json": option({"json": "{"}),
    "how deep json may be": option({"json": "[" * 80 + "]" * 80}),
    "the forms of keys": waiver(key="sso"),
    "days of a month": waiver(until="2027-02-30"),
    "waves that shrink": rollout(waves=["10%", "5%"]),
    "long times with a unit": rollout(pause="31d"),
    "long waits with a unit": check(within="2m"),
    "marks that reorder text": waiver(reason="a\u202eb"),
}


def loads(folder: Path, document: Document) -> bool:
    file = folder / "policy.yaml"
    file.write_text(json.dumps(document), encoding="utf-8")
    try:
        PolicyDocument.load([file])
    except InputErrors:
        return False
    return True


def conforms(document: Document) -> bool:
    return bool(Draft202012Validator(policy_schema()).is_valid(document))


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(policy_schema())
    json.dumps(policy_schema())


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
    file = Path(__file__).parents[2] / "policy.example.yaml"
    # Editors take days for text; PyYAML makes dates of them.
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert conforms(json.loads(json.dumps(document, default=str)))


def test_every_key_is_described_for_editors() -> None:
    schema = json.dumps(policy_schema())
    keys = {*FILE_KEYS, *POLICY_KEYS, *WAIVER_KEYS, *ROLLOUT_KEYS, *BUDGET_KEYS, *GUARD_KEYS}
    assert {key for key in {*keys, *CHECK_KEYS} if f'"{key}": {{' not in schema} == set()


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["schema", "policy"]) == 0
    assert json.loads(capsys.readouterr().out) == policy_schema()
