"""What is said on a terminal fits it; what a program or a file may take stays as it is."""

from __future__ import annotations

import io
import sys

import pytest

from fleet.front.app import run_command_line
from fleet.front.console import emit, say, tell

LONG = "fleet: there is no error kind auth.bad_credentialz; did you mean auth.bad_credentials?"


class Terminal(io.StringIO):
    """A terminal that somebody looks at."""

    def isatty(self) -> bool:
        return True


def terminals(monkeypatch: pytest.MonkeyPatch) -> tuple[Terminal, Terminal]:
    """Return a standard output and a standard error of 60 columns."""
    out, err = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    return out, err


def test_lines_for_people_are_broken_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = terminals(monkeypatch)
    say(LONG)
    tell(LONG)
    assert out.getvalue().splitlines() == [
        "fleet: there is no error kind auth.bad_credentialz; did you",
        "       mean auth.bad_credentials?",
    ]
    assert err.getvalue() == out.getvalue()


def test_lines_for_programs_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    out, _ = terminals(monkeypatch)
    emit(LONG)
    assert out.getvalue() == f"{LONG}\n"


def test_no_command_of_a_site_comes_to_the_beginning_of_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, err = terminals(monkeypatch)
    tell(f"fleet: {'x' * 52} ::error::a site said so")
    assert "\n       ::" not in err.getvalue()
    assert "\\x3a:error" in err.getvalue()


@pytest.mark.parametrize("words", [["explain"], ["explain", "auth.session"], ["operations"]])
def test_lists_fit_a_narrow_terminal(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    out, _ = terminals(monkeypatch)
    assert run_command_line(words) == 0
    assert max(map(len, out.getvalue().splitlines())) <= 60


def test_what_goes_into_a_pipe_is_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    say(LONG)
    tell(LONG)
    told = capsys.readouterr()
    assert told.out == told.err == f"{LONG}\n"
