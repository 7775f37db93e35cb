"""``docs/commands.md`` is the command line as it is, and its variables do what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.front.app import CONSENT, build_app, run_command_line
from fleet.front.commands import all_commands, commands_page
from fleet.front.variables import Variables

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
ONE = """\
version: 1
defaults: {auth: {username: fleet-bot, password: "env:FLEET_PASSWORD"}}
sites: {harbour-cafe: https://harbour-cafe.example, fjord-shop: https://shop.fjord.example}
"""
TWO = """\
version: 1
defaults: {auth: {username: fleet-bot, password: "env:FLEET_PASSWORD"}}
sites: {museum: https://museum.example}
"""


def test_the_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """``fleet commands --markdown`` prints it."""
    assert run_command_line(["commands", "--markdown"]) == 0
    assert PAGE.read_text() == capsys.readouterr().out


def test_every_command_is_listed_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["commands"]) == 0
    lines = capsys.readouterr().out.splitlines()
    first = {line.split()[1] for line in lines}
    assert first == {name for name in build_app() if not name.startswith("-")}
    assert all(line.endswith(".") for line in lines)


def test_every_flag_says_what_it_means() -> None:
    flags = [(each.path, flag) for each in all_commands() for flag in each.own]
    assert [(path, flag.names) for path, flag in flags if not flag.help] == []


def test_a_table_has_as_many_cells_in_every_row() -> None:
    for block in commands_page().split("\n\n"):
        if block.startswith("| "):
            rows = block.replace("\\|", "").splitlines()
            assert len({row.count("|") for row in rows}) == 1, rows[0]


@pytest.mark.parametrize("variable", CONSENT)
def test_consent_has_no_variable(variable: str) -> None:
    assert f"`{variable}`" not in PAGE.read_text()


@pytest.mark.parametrize(
    ("variables", "sites"),
    [
        pytest.param({"FLEET_INVENTORY": "one.yaml"}, "harbour-cafe fjord-shop", id="one path"),
        pytest.param(
            {"FLEET_INVENTORY": "one.yaml:two.yaml"},
            "harbour-cafe fjord-shop museum",
            id="paths between colons",
        ),
        pytest.param(
            {"FLEET_INVENTORY": "one.yaml:two.yaml", "FLEET_SITE": "museum fjord-*"},
            "fjord-shop museum",
            id="values between spaces",
        ),
    ],
)
def test_variables_stand_for_flags(
    variables: dict[str, str],
    sites: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "one.yaml").write_text(ONE)
    (tmp_path / "two.yaml").write_text(TWO)
    monkeypatch.chdir(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert run_command_line(["sites", "list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == sites.split()


def test_what_is_typed_wins_over_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "two.yaml").write_text(TWO)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLEET_INVENTORY", "one.yaml")
    assert run_command_line(["sites", "list", "-i", "two.yaml"]) == 0
    assert capsys.readouterr().out.startswith("museum ")


def test_what_is_told_by_its_place_is_never_taken_from_a_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = {
        (each.path, flag.names[0])
        for each in all_commands()
        for flag in each.own
        if flag.positional
    }
    assert {(("report",), "RUN"), (("apply",), "FILE"), (("sessions", "forget"), "NAMES")} <= places
    for path, name in sorted(places):
        monkeypatch.setenv(f"FLEET_{name}", "json")
        app = build_app()
        for word in path:
            app = app[word]
        arguments = app.assemble_argument_collection()
        Variables()(app, path, arguments)
        (argument,) = (each for each in arguments if each.name == name)
        assert argument.tokens == [], path
        monkeypatch.delenv(f"FLEET_{name}")


def test_a_stray_variable_names_no_kind_of_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLEET_KIND", "auth.session")
    assert run_command_line(["explain"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 20
    assert run_command_line(["explain", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "FLEET_KIND" not in shown
    assert "FLEET_MARKDOWN" in shown
