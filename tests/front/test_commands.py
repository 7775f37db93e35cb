"""Commands that contact nobody: what they print and how they end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.errors import KINDS
from fleet.front.app import run_command_line
from fleet.operations.registry import REGISTRY

INVENTORY = """\
version: 1
defaults:
  auth: {username: fleet-bot, password: "env:FLEET_TEST_UNSET"}
sites:
  harbour-cafe: http://127.0.0.1:9
  fjord-shop:
    url: http://127.0.0.1:9/wp
    labels: {client: fjord}
"""


@pytest.fixture
def inventory(tmp_path: Path) -> str:
    path = tmp_path / "inventory.yaml"
    path.write_text(INVENTORY)
    return str(path)


def test_every_operation_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["operations"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()] == sorted(REGISTRY)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_operation_tells_its_parameters_and_routes(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(["operations", name]) == 0
    out = capsys.readouterr().out
    assert all(route in out for route in REGISTRY[name].routes)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_operation_has_a_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["run", name, "--help"]) == 0
    out = capsys.readouterr().out
    assert "--per-host" in out
    assert ("--dry-run" in out) != REGISTRY[name].read_only
    assert ("--confirm" in out) == REGISTRY[name].irreversible


IRREVERSIBLE = {"connection.disconnect", "reset.modules", "reset.options", "users.unlink"}


def test_what_cannot_be_undone_is_known_as_such() -> None:
    assert {name for name, task in REGISTRY.items() if task.irreversible} == IRREVERSIBLE


@pytest.mark.parametrize("name", sorted(IRREVERSIBLE))
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        pytest.param([], "name the sites", id="nobody named the sites"),
        pytest.param(["--site", "*"], "--confirm 2", id="not confirmed"),
        pytest.param(["--site", "*", "--confirm", "1"], "--confirm 2", id="another number"),
    ],
)
def test_what_cannot_be_undone_is_refused_without_consent(
    name: str,
    flags: list[str],
    message: str,
    inventory: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command_line(["run", name, "-i", inventory, *flags]) == 5
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_explained(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["explain", kind]) == 0
    assert KINDS[kind].hint in capsys.readouterr().out


def test_the_index_of_kinds_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """``fleet explain --markdown`` prints it."""
    assert run_command_line(["explain", "--markdown"]) == 0
    page = Path(__file__).parents[2] / "docs/errors.md"
    assert page.read_text() == capsys.readouterr().out
    assert page.read_text().count("\n## `") == len(KINDS)


def test_all_kinds_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["explain"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(KINDS)


@pytest.mark.parametrize("document", ["inventory", "report"])
def test_schemas_are_json(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["schema", document]) == 0
    assert "$schema" in json.loads(capsys.readouterr().out)


def test_sites_are_listed_with_their_labels(
    inventory: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(["sites", "list", "-i", inventory, "-l", "client=fjord"]) == 0
    assert capsys.readouterr().out == "fjord-shop  http://127.0.0.1:9/wp/  client=fjord\n"


def test_a_site_is_shown_with_the_origin_of_each_value(
    inventory: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(["sites", "show", "fjord-shop", "-i", inventory]) == 0
    shown = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()[1:]}
    assert f"{inventory}:3:20" in shown["auth.username"]
    assert f"{inventory}:8:22" in shown["labels.client"]
    assert shown["http.timeout"].endswith("built in")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["fly"], "fly", id="unknown command"),
        pytest.param(["run", "modules.activte"], "modules.activte", id="unknown operation"),
        pytest.param(["run", "modules.activate"], "--modules", id="missing parameter"),
        pytest.param(["run", "modules.list", "--fast"], "--fast", id="unknown flag"),
        pytest.param(["run", "modules.list", "-c", "x"], "int", id="bad number"),
        pytest.param(["run", "modules.list", "-c", "0"], "at least 1", id="no concurrency"),
        pytest.param(["run", "modules.list", "--deadline", "0"], "more than 0", id="no time"),
        pytest.param(["run", "modules.list", "-o", "jsn"], "json", id="unknown format"),
        pytest.param(["run", "modules.list", "-l", "a in"], "column", id="bad selector"),
        pytest.param(["run", "modules.list", "-l", "a=b"], "no site is selected", id="nothing"),
        pytest.param(["run", "modules.list", "--site", "fjord"], "fjord-shop", id="unknown site"),
        pytest.param(["run", "modules.list"], "FLEET_TEST_UNSET", id="secret missing"),
        pytest.param(["run", "modules.activate", "--modules", "A B"], "--modules", id="bad slug"),
        pytest.param(["run", "settings.set", "--values", "k"], "KEY=VALUE", id="bad pair"),
        pytest.param(
            ["run", "settings.set", "--values", "k=1", "--values", "k=2"], "twice", id="key twice"
        ),
        pytest.param(["run", "settings.sync", "--from", "gone"], "gone", id="unknown source"),
        pytest.param(["explain", "tls.nam"], "tls.name", id="unknown kind"),
        pytest.param(["operations", "modules.activte"], "modules.activate", id="close operation"),
        pytest.param(["schema", "plan"], "plan", id="unknown schema"),
        pytest.param(["demo", "--sites", "0"], "--sites", id="empty demo"),
        pytest.param(["demo", "-o", "json=x"], "standard output", id="demo into a file"),
        pytest.param(["simulate", "--port", "70000"], "--port", id="bad port"),
        pytest.param(["simulate", "--folder", "/nowhere"], "/nowhere", id="no folder"),
    ],
)
def test_mistakes_end_with_64_and_say_what_is_wrong(
    arguments: list[str], message: str, inventory: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if arguments[0] == "run":
        arguments = [*arguments, "-i", inventory]
    assert run_command_line(arguments) == 64
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


@pytest.mark.parametrize("name", ["FLEET_COMMANDS", "FLEET_CONFIRM", "FLEET_REVEAL", "FLEET_WRITE"])
def test_consent_is_not_inherited_from_the_environment(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(["operations"], {name: "2"}) == 64
    assert name in capsys.readouterr().err


def test_every_mistake_of_an_inventory_is_told_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("version: 1\nsites:\n  a: ftp://a.example\n  b: {url: https://b.example}\n")
    assert run_command_line(["run", "modules.list", "-i", str(path)]) == 64
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith(f"fleet: {path}:") for line in lines)


def test_the_module_runs_as_a_program() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "fleet", "explain", "net.dns"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("net.dns")
