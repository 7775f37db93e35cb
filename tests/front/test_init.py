"""``fleet init``: files to begin with, which load, and never in place of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.front.app import run_command_line
from fleet.front.watch.document import load_plan
from fleet.inventory.model import Inventory
from fleet.policy.document import PolicyDocument

FILES = {".gitignore", "fleet.yaml", "inventory.yaml", "policy.yaml"}


def test_the_files_load_and_their_sites_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "fleet"
    assert run_command_line(["init", str(folder)]) == 0
    assert {path.name for path in folder.iterdir()} == FILES
    commands = capsys.readouterr().out.splitlines()
    assert len(commands) == 3
    assert commands[0] == f"cd {folder} && $EDITOR inventory.yaml"
    inventory = Inventory.load([folder / "inventory.yaml"])
    PolicyDocument.load([folder / "policy.yaml"]).check(inventory)
    assert list(load_plan(folder / "fleet.yaml").schedules) == ["nightly"]
    monkeypatch.chdir(folder)
    monkeypatch.setenv("FLEET_PASSWORD", "canary")
    assert run_command_line(["sites", "list"]) == 0
    assert capsys.readouterr().out.startswith("example-site  https://www.example.com/")


def test_a_whole_folder_is_an_inventory(tmp_path: Path) -> None:
    assert run_command_line(["init", str(tmp_path)]) == 0
    assert list(Inventory.load([tmp_path]).sites) == ["example-site"]


def test_what_is_there_already_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "inventory.yaml").write_text("mine")
    (tmp_path / "policy.yaml").symlink_to(tmp_path / "elsewhere")
    assert run_command_line(["init", str(tmp_path)]) == 0
    assert (tmp_path / "inventory.yaml").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()
    told = capsys.readouterr().err.splitlines()
    assert [line.endswith("left alone") for line in told] == [True, True, False, False]


def test_a_place_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run_command_line(["init", str(tmp_path / "file")]) == 64
    assert str(tmp_path / "file") in capsys.readouterr().err
