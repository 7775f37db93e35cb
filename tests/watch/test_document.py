"""``fleet.yaml``: what it may say, and every mistake with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from fleet.errors import InputErrors
from fleet.front.watch.document import load_plan
from fleet.front.watch.nouns import AlertKind, ChannelType, Misfire
from fleet.front.watch.schema import fleet_schema
from fleet.inventory.model import Inventory

EXAMPLE = Path(__file__).parents[2] / "fleet.example.yaml"
HEAD = "version: 1\nschedules:\n  - {name: nightly, run: audit, cron: '30 2 * * *'}\n"


def complaints(folder: Path, text: str) -> list[str]:
    file = folder / "fleet.yaml"
    file.write_text(text)
    with pytest.raises(InputErrors) as caught:
        load_plan(file)
    return [str(error).replace(f"{folder}/", "") for error in caught.value.errors]


def test_the_example_is_read() -> None:
    plan = load_plan(EXAMPLE)
    nightly = plan.schedules["nightly"]
    assert (nightly.tz, nightly.misfire) == ("Europe/Vienna", Misfire.RUN_ONCE)
    types = {channel.type for channel in plan.channels.values()}
    assert types == set(ChannelType) - {ChannelType.PLUGIN}  # a plugin has to be installed
    assert any(route.kinds == frozenset(AlertKind) for route in plan.routes)


def test_the_schema_accepts_the_example_and_is_one() -> None:
    schema = fleet_schema()
    Draft202012Validator.check_schema(schema)
    json.dumps(schema)
    Draft202012Validator(schema).validate(yaml.safe_load(EXAMPLE.read_text()))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 2\nschedules: []\n", "fleet.yaml:1:10 this tool reads version 1"),
        ("version: 1\n", "the key 'schedules' is missing"),
        (HEAD + "alert: []\n", "unknown key 'alert' (did you mean 'alerts'?)"),
        (HEAD.replace("30 2", "99 2"), "fleet.yaml:3:39 this is no time of a crontab"),
        (HEAD.replace("audit", "audits"), "there is no operation 'audits' (did you mean 'audit'?)"),
        (HEAD.replace("audit", "modules.activate"), "changes sites; a schedule only reads"),
        (
            HEAD + "  - {name: nightly, run: plan, cron: '0 0 * * *'}\n",
            "there is another schedule 'nightly'",
        ),
        (
            HEAD.replace("audit", "stats.collect, policy: p.yaml"),
            "only audit and plan have",
        ),
        (HEAD.replace("run:", "tz: Europe/Wien, run:"), "expected a time zone"),
        (HEAD.replace("run:", "heartbeat: 'https://x/y', run:"), "expected where it is, since it"),
        (HEAD.replace("run:", "select: 'a in (', run:"), "fleet.yaml:3:29 selector"),
        (HEAD + "alerts: [{name: x, channels: [chat]}]\n", "there is no channel 'chat'"),
        (HEAD + "channels: {c: {type: slack}}\n", "the key 'url' is missing here"),
        (
            HEAD + "channels: {c: {type: slack, url: 'env:X', secret: 'env:Y'}}\n",
            "the key 'secret' is not for a channel of type slack",
        ),
        (
            HEAD + "channels: {c: {type: email, host: mail.example, security: none,"
            " from: a@b.example, to: [c@d.example]}}\n",
            "mail is sent without encryption to this machine only",
        ),
        (
            HEAD + "channels: {c: {type: email, host: m, from: 'a@b\\n', to: [x]}}\n",
            "expected an e-mail address",
        ),
    ],
)
def test_every_mistake_has_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in each for each in complaints(tmp_path, text)), complaints(tmp_path, text)


def test_all_mistakes_are_told_at_once_and_no_secret_with_them(tmp_path: Path) -> None:
    text = HEAD.replace("30 2", "x") + "channels: {c: {type: slack, url: 'https://hooks/SECRET'}}\n"
    found = complaints(tmp_path, text)
    assert len(found) == 2
    assert "SECRET" not in "".join(found)


def test_a_folder_of_inventories_passes_over_it(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(HEAD)
    (tmp_path / "inventory.yaml").write_text(
        "version: 1\ndefaults: {auth: {username: u, password: 'env:PW'}}\n"
        "sites: {shop: https://shop.example}\n"
    )
    assert list(Inventory.load([tmp_path]).sites) == ["shop"]
