from __future__ import annotations

import json
from pathlib import Path

import pytest

from fleet.front.app import run_command_line
from fleet.inventory.model import Inventory
from tests.inventory.test_sources import ANSIBLE


def imported(tmp_path: Path, text: str, name: str) -> Inventory:
    file, made = tmp_path / name, tmp_path / "made.yaml"
    file.write_text(text)
    assert run_command_line(["sites", "import", str(file), "-o", str(made)]) == 0
    assert made.stat().st_mode & 0o777 == 0o600
    return Inventory.load([made])


def test_a_table_becomes_an_inventory(tmp_path: Path) -> None:
    inventory = imported(
        tmp_path,
        "name,url,groups,labels.client,auth.password\n"
        "on,https://a.example,gold|lab,acme,env:A\n123,https://b.example,,,\n",
        "sites.csv",
    )
    assert list(inventory.sites) == ["on", "123"]
    assert inventory.sites["on"].groups == ("gold", "lab")
    assert inventory.sites["on"].labels == {"client": "acme"}
    assert inventory.sites["on"].auth.password.text == "env:A"


def test_what_ansible_prints_becomes_an_inventory(tmp_path: Path) -> None:
    sites = imported(tmp_path, json.dumps(ANSIBLE), "list.json").sites
    assert sites["shop.example"].labels["ansible/vienna"] == "true"
    assert "hunter2" not in (tmp_path / "made.yaml").read_text()


def test_a_list_of_addresses_becomes_an_inventory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "list.txt"
    file.write_text("# ours\nhttps://shop.example/wp\ncafe.example # new\n\n")
    assert run_command_line(["sites", "import", str(file)]) == 0
    out = capsys.readouterr().out
    assert '  shop.example-wp: "https://shop.example/wp/"\n' in out
    assert '  cafe.example: "https://cafe.example/"\n' in out


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("https://a.example\nftp://b.example\n", "list.txt", "list.txt:2:1 the address has to"),
        ("", "list.txt", "no site is in this list"),
        ("name,url,auth.password\na,https://a.example,hunter2\n", "s.csv", "s.csv:2:21 a password"),
        ("name,url\na,https://a.example\na,https://b.example\n", "s.csv", "is already in"),
        ("{}", "list.json", "this is not what ansible-inventory --list prints"),
    ],
)
def test_mistakes_are_told_with_their_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, name: str, expected: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    assert run_command_line(["sites", "import", str(file)]) == 64
    captured = capsys.readouterr()
    assert expected in captured.err
    assert "hunter2" not in captured.err + captured.out


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, made = tmp_path / "list.txt", tmp_path / "made.yaml"
    file.write_text("https://a.example\n")
    made.write_text("mine")
    assert run_command_line(["sites", "import", str(file), "-o", str(made)]) == 64
    assert "is there already, and nothing is overwritten" in capsys.readouterr().err
    assert made.read_text() == "mine"
