"""The README says what is true: its commands, operations, statuses and exit codes exist."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from fleet.front.app import build_app
from fleet.front.operations import operations_table
from fleet.inventory.model import Inventory
from fleet.operations.registry import REGISTRY
from fleet.policy.document import PolicyDocument
from fleet.results import Status

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SEED = """
akismet.spam backup.last capabilities.show connection.data connection.disconnect
connection.recheck-ssl connection.status connection.url jumpstart.activate jumpstart.dismiss
modules.activate modules.deactivate modules.list modules.options modules.show monitor.downtime
notices.dismiss plugins.updates protect.blocked reset.modules reset.options settings.get
settings.set site.data users.unlink verification.services
""".split()  # noqa: SIM905 - a list of names reads better than forty quotes
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.S)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md"])
def test_the_table_of_operations_is_current(page: str) -> None:
    """``fleet operations --markdown`` prints it."""
    assert operations_table() in (ROOT / page).read_text()


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_operation_says_what_it_asks_for(name: str) -> None:
    task = REGISTRY[name]
    assert all((task.summary, task.routes, task.life, task.rights, task.apart))


@pytest.mark.parametrize("row", SEED)
def test_every_row_of_jetpack_s_list_has_its_operation(row: str) -> None:
    assert REGISTRY[row].seed


@pytest.mark.parametrize("status", Status)
def test_every_status_is_explained(status: Status) -> None:
    assert f"`{status}`" in README


@pytest.mark.parametrize("code", ["0", "1", "2", "3", "4", "5", "6", "64", "74", "130, 143"])
def test_every_exit_code_is_explained(code: str) -> None:
    assert f"| {code} |" in README


def test_the_inventory_and_the_policy_load(tmp_path: Path) -> None:
    inventory_text, policy_text = blocks("yaml")
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


@pytest.mark.parametrize("text", blocks("python"))
def test_python_examples_compile(text: str) -> None:
    compile(text, "README.md", "exec")


@pytest.mark.parametrize(
    "line",
    [
        line.removeprefix("$ fleet ").partition("  #")[0].strip()
        for block in blocks("console")
        for line in block.splitlines()
        if line.startswith("$ fleet ")
    ],
)
def test_commands_are_understood(line: str) -> None:
    command, _, ignored = build_app().parse_args(
        [word.strip("'") for word in line.split()], exit_on_error=False, print_error=False
    )
    assert command is not None
    assert ignored == {}


def test_the_two_commands_do_all_the_set_up() -> None:
    commands = [block for block in blocks("console") if "python3 -m venv" in block]
    assert len(commands) == 2
    assert "fleet demo" in commands[0]
    assert "pytest" in commands[1]
