"""Nothing is asked where nobody can answer: no command reads standard input unless told to."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from fleet.front.app import _COMMANDS, run_command_line

ENDLESS = {
    "demo": ("demo", "--sites", "0"),
    "serve": ("serve", "--port", "none"),
    "simulate": ("simulate", "--sites", "none"),
}
"""Commands that would go on, with words that end them."""

COULD_ASK = (
    ("apply", "-p", "policy.yaml"),
    ("apply", "-p", "policy.yaml", "--yes"),
    ("apply", "plan.json"),
    ("approve", "plan.json", "--as", "mia"),
    ("comment", "comment.md"),
    ("rollback", "last"),
    ("resume", "last"),
    ("unlock", "x"),
    ("runs", "prune"),
    ("sessions", "forget"),
    ("sites", "accept", "shop"),
    ("sites", "import", "sites.csv"),
    ("run", "connection.disconnect"),
    ("run", "connection.disconnect", "--site", "shop"),
    ("run", "reset.options", "--site", "shop", "--confirm", "2"),
    ("run", "modules.activate", "--modules", "protect"),
    ("api", "POST", "jetpack/v4/site", "--body", "{}"),
)


class Nobody(io.StringIO):
    """A standard input that is no terminal and that nobody may read."""

    def isatty(self) -> bool:
        return False

    def read(self, size: int | None = -1, /) -> str:
        raise AssertionError("standard input was read")

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        raise AssertionError("standard input was read")


@pytest.mark.parametrize(
    "words",
    [*(ENDLESS.get(name, (name,)) for name in sorted(_COMMANDS)), *COULD_ASK],
    ids=" ".join,
)
def test_no_command_asks_without_a_terminal(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLEET_STORE", str(tmp_path / "state" / "journal.db"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NOBODY", "a password")
    (tmp_path / "inventory.yaml").write_text(
        "version: 1\ndefaults: {auth: {username: bot, password: 'env:NOBODY'}}\n"
        "sites: {shop: 'http://127.0.0.1:9'}\n"
    )
    (tmp_path / "policy.yaml").write_text(
        "version: 1\npolicies: [{name: p, modules: {active: [protect]}}]\n"
    )
    monkeypatch.setattr(sys, "stdin", Nobody())
    code = run_command_line(list(words))
    assert code in (0, 1, 2, 3, 5, 64), words
