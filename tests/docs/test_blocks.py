"""Blocks of code in our pages are what they say they are."""

from __future__ import annotations

import ast
import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from fleet.errors import InputErrors
from fleet.front.brand import read_brand
from fleet.front.watch.document import load_plan
from fleet.inventory.model import Inventory
from fleet.inventory.schema import inventory_schema
from fleet.policy.document import PolicyDocument
from tests.docs.pages import PAGES, Block, blocks
from tests.docs.simulated import PASSWORD, furnish, served

LANGUAGES = {"console", "yaml", "python", "json", "nginx", "toml", "text", "sh", "ini", "promql"}
POLICY = {"policies", "exceptions", "rollout"}
INVENTORY = {"sites", "defaults", "groups", "include"}
WATCH = {"schedules", "alerts", "channels"}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_its_language(page: str) -> None:
    assert {block.language for block in blocks(page=page)} <= LANGUAGES


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_yaml_is_what_the_tool_reads(block: Block, tmp_path: Path) -> None:
    data = yaml.safe_load(block.text)
    top = set(data) - {"version"}
    path = tmp_path / "block.yaml"
    path.write_text(block.text if "version" in data else f"version: 1\n{block.text}")
    if top <= POLICY:
        assert PolicyDocument.load([path])
    elif "include" in top and block.page != "docs/ci.md":
        # What it names is not here; the schema knows its keys.
        jsonschema.validate(plain({"version": 1, **data}), inventory_schema())
    elif top <= INVENTORY:
        assert Inventory.load([path]).sites
    elif top & WATCH:
        assert load_plan(path).schedules
    elif top == {"client_report"}:
        (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(32))
        path.write_text(block.text)
        assert read_brand(path)
    else:
        assert block.page in ("docs/ci.md", "docs/dashboard.md"), f"{block}: whose is {top}?"


def plain(data: Any) -> Any:
    """Return what YAML made a date as the text it was."""
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [plain(value) for value in data]
    return data.isoformat() if isinstance(data, date) else data


def test_json_is_json() -> None:
    for block in blocks("json"):
        assert json.loads(block.text) is not None, str(block)


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_what_python_imports_is_there(block: Block) -> None:
    tree = compile(
        block.text, str(block), "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    )
    assert isinstance(tree, ast.Module)
    imports: list[ast.stmt] = [
        node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    ours = [node for node in imports if not (isinstance(node, ast.ImportFrom) and node.level)]
    exec(compile(ast.Module(ours, []), str(block), "exec"), {})  # noqa: S102 - our own page


PROGRAMS = [block for block in blocks("python", "README.md") if "asyncio.run(" in block.text]


@pytest.mark.parametrize("block", PROGRAMS, ids=str)
def test_programs_run(
    block: Block,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with served() as base:
        furnish(tmp_path, base)
        monkeypatch.setenv("FLEET_PASSWORD", PASSWORD)
        monkeypatch.setenv("FLEET_STORE", str(tmp_path / "journal.db"))
        monkeypatch.chdir(tmp_path)
        exec(compile(block.text, str(block), "exec"), {"__name__": "__main__"})  # noqa: S102
    assert capsys.readouterr().out.splitlines()[0].startswith("fjord-shop changed")


def test_the_readme_has_a_program() -> None:
    assert PROGRAMS


def test_the_policy_of_the_readme_wants_what_it_says(tmp_path: Path) -> None:
    inventory_text, policy_text = (block.text for block in blocks("yaml", "README.md"))
    path, policy = tmp_path / "inventory.yaml", tmp_path / "policy.yaml"
    path.write_text(inventory_text)
    policy.write_text(policy_text)
    inventory = Inventory.load([path])
    assert list(inventory.sites) == ["harbour-cafe", "fjord-shop"]
    document = PolicyDocument.load([policy])
    document.check(inventory)
    wanted = document.desired(inventory.sites["fjord-shop"], date(2026, 11, 24)).enforced
    assert wanted == {
        "modules.protect": True,
        "modules.post-by-email": False,
        "settings.carousel_display_exif": False,
    }


def test_the_examples_load() -> None:
    root = Path(__file__).parents[2]
    assert Inventory.load([root / "inventory.example.yaml"]).sites
    assert PolicyDocument.load([root / "policy.example.yaml"])
    assert load_plan(root / "fleet.example.yaml").schedules


def test_a_wrong_example_would_be_found(tmp_path: Path) -> None:
    """The checks above can fail."""
    wrong = Block("docs/policy.md", 1, "yaml", "rollout: {wave: {max_failure: 2}}\n")
    with pytest.raises(InputErrors, match="max_failure"):
        test_yaml_is_what_the_tool_reads(wrong, tmp_path)
