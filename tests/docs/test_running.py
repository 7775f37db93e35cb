"""The commands of our pages do what the pages say, one after the other, on simulated sites.

Every page has a folder and sites of its own. What goes on until Ctrl-C, and what needs a cluster, a
database or a second machine, is only read by the real command line.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.front.app import build_app, run_command_line
from tests.docs.pages import PAGES, Block, blocks, commands_of
from tests.docs.simulated import PASSWORD, furnish, served

READ_ONLY_PAGES = {"docs/scale.md", "docs/dashboard.md", "docs/ci.md"}
"""Pages whose commands need several machines, a certificate or a CI system."""
ENDLESS = {"serve", "watch", "simulate", "demo", "completion"}
"""Commands that go on, or are tested by themselves because they take long."""
OF_A_PLUGIN = "gallery.background"
"""The operation that docs/extending.md makes; tests/plugins installs and runs it."""
EXPECTED: dict[tuple[str, str], int] = {
    ("README.md", "audit"): 2,
    ("docs/policy.md", "audit"): 2,
    ("docs/selectors.md", "audit"): 2,
    ("docs/start.md", "audit"): 2,
}
"""Exit codes other than 0 that a command may have on a page, beside 0."""
LINES = [
    pytest.param(block, words, id=f"{block.page}:{line}")
    for block in blocks("console")
    for line, words, _ in commands_of(block)
    if OF_A_PLUGIN not in words
]


@pytest.mark.parametrize(("block", "words"), LINES)
def test_the_command_line_understands_it(block: Block, words: list[str]) -> None:
    target = words[: words.index(">")] if ">" in words else words
    command, _, ignored = build_app().parse_args(target, exit_on_error=False, print_error=False)
    assert command is not None
    assert ignored == {}


@pytest.fixture
def page() -> str:
    return "README.md"


@pytest.fixture
def folder(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder with the files of a page, whose sites answer, and be in it."""
    with served() as base:
        furnish(tmp_path, base, page)
        for name in [name for name in os.environ if name.startswith("FLEET_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("FLEET_PASSWORD", PASSWORD)
        monkeypatch.setenv("FLEET_STORE", str(tmp_path / "journal.db"))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.chdir(tmp_path)
        yield tmp_path


@pytest.mark.timeout(120)
@pytest.mark.parametrize("page", [page for page in PAGES if page not in READ_ONLY_PAGES])
def test_the_commands_do_it(page: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for block in blocks("console", page):
        for line, words, _ in commands_of(block):
            if words[0] in ENDLESS or OF_A_PLUGIN in words:
                continue
            code = run_command_line(expanded(words))
            told = capsys.readouterr()
            allowed = {0, EXPECTED.get((page, words[0]), 0)}
            assert code in allowed, f"{page}:{line}: {words}\n{told.out}\n{told.err}"


def expanded(words: list[str]) -> list[str]:
    """Return the words as a shell gives them: names of files for ``*``, nothing behind ``>``."""
    kept = words[: words.index(">")] if ">" in words else words
    return [name for word in kept for name in (sorted(glob.glob(word)) or [word])]  # noqa: PTH207


def test_an_audit_of_the_readme_finds_what_its_policy_wants(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(["audit"]) == 2
    assert "modules.protect" in capsys.readouterr().out
