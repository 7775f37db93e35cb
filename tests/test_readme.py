"""The README says what is true; its blocks of code and its links are tested in ``tests/docs``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fleet.front.operations import operations_table
from fleet.operations.registry import REGISTRY

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SEED = """
akismet.spam backup.last capabilities.show connection.data connection.disconnect
connection.recheck-ssl connection.status connection.url jumpstart.activate jumpstart.dismiss
modules.activate modules.deactivate modules.list modules.options modules.show monitor.downtime
notices.dismiss plugins.updates protect.blocked reset.modules reset.options settings.get
settings.set site.data users.unlink verification.services
""".split()  # noqa: SIM905 - a list of names reads better than forty quotes


def test_the_table_of_operations_is_current() -> None:
    """``fleet operations --markdown`` prints it."""
    assert operations_table() in (ROOT / "docs/operations.md").read_text()


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_operation_says_what_it_asks_for(name: str) -> None:
    task = REGISTRY[name]
    assert all((task.summary, task.routes, task.life, task.rights, task.apart))


@pytest.mark.parametrize("row", SEED)
def test_every_row_of_jetpack_s_list_has_its_operation(row: str) -> None:
    assert REGISTRY[row].seed


def test_the_two_commands_do_all_the_set_up() -> None:
    blocks = re.findall(r"```console\n(.*?)```", README, re.S)
    commands = [block for block in blocks if "python3 -m venv" in block]
    assert len(commands) == 2
    assert "fleet demo" in commands[0]
    assert "pytest" in commands[1]
