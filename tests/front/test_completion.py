"""Completion as a shell asks for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.front.app import run_command_line

INVENTORY = """\
version: 1
defaults: {auth: {username: bot, password: "env:PW"}}
include: [{source: exec, run: [./export]}]
groups: {gold: {labels: {tier: gold}}}
sites:
  harbour-cafe: https://harbour.example
  fjord-shop: {url: https://fjord.example, labels: {env: prod, client: fjord}}
"""
FLEET = Path(sys.executable).with_name("fleet")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    (tmp_path / "export").write_text("#!/bin/sh\ntouch was-run\n")
    (tmp_path / "export").chmod(0o700)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def candidates(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert run_command_line(["__complete", *words]) == 0
    lines = capsys.readouterr().out.partition("\x1fbegin\n")[2].splitlines()
    return [line.partition("\t")[0] for line in lines]


def test_sites_and_labels_are_known_without_running_a_source(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert candidates(capsys, "sites", "list", "--site", "") == ["fjord-shop", "harbour-cafe"]
    assert candidates(capsys, "sites", "list", "--exclude", "f") == ["fjord-shop"]
    found = candidates(capsys, "run", "modules.list", "-l", "")
    assert found == ["client=fjord", "env=prod", "tier=gold"]
    other = folder / "other.yaml"
    other.write_text("sites: {elsewhere: https://e.example}")
    assert candidates(capsys, "audit", "-i", "other.yaml", "--site", "") == ["elsewhere"]
    other.write_text("sites: [broken")
    assert candidates(capsys, "audit", "-i", "other.yaml", "--site", "") == []
    assert not (folder / "was-run").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_right_for_its_shell(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(["completion", shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    assert "modules.activate" in script.read_text()
    if shutil.which(shell) is not None:
        subprocess.run([shell, "-n", str(script)], check=True)


def test_bash_completes_commands_flags_and_sites(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(["completion", "bash"]) == 0
    (folder / "script").write_text(capsys.readouterr().out)

    def asked(*words: str) -> list[str]:
        typed = " ".join(f"'{word}'" for word in ("fleet", *words))
        line = (
            f"source ./script; COMP_WORDS=({typed}); COMP_CWORD={len(words)};"
            ' _fleet fleet; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run(
            ["bash", "-c", line],
            env={**os.environ, "PATH": f"{FLEET.parent}:/usr/bin:/bin"},
            text=True,
            capture_output=True,
            timeout=50,
            check=True,
        )
        return done.stdout.split()

    assert asked("do") == ["doctor"]
    assert "modules.activate" in asked("run", "modules.a")
    assert asked("sites", "list", "--sel") == ["--selector"]
    assert asked("sites", "list", "--site", "har") == ["harbour-cafe"]
    assert not (folder / "was-run").exists()
