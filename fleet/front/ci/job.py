"""A job that a command runs in: what it hears of secrets, runs and plans.

Nothing of this goes to standard output, which is for data.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TextIO

from fleet.front.ci.news import News
from fleet.front.console import tell
from fleet.redaction import SHORTEST
from fleet.report.annotations import workflow_command

__all__ = ["GitHubJob", "GitLabJob", "Job", "System", "complain", "job_of", "shortened"]

System = Literal["auto", "github", "gitlab", "none"]

SUMMARY_ROOM = 1_000_000
"""Bytes of a job summary; GitHub drops one of more than 1 MiB."""

_ENOUGH = 2_000
"""Bytes below which no part of a summary is worth having."""

_TAIL = 30
"""Lines at the end of a summary that stay: budget, expiry, the next command."""


class Job:
    """No job at all: hears everything and does nothing."""

    def mask(self, secret: str) -> None:
        """Take note of a secret that the log must not show."""

    def tell(self, news: News) -> Sequence[str]:  # noqa: ARG002 - nobody listens
        """Tell what a command came to; return what could not be written."""
        return ()


class GitHubJob(Job):
    """A step of a job of GitHub Actions.

    Args:
        environ: Its variables.
        log: What the runner reads commands from; not standard output.
    """

    def __init__(self, environ: Mapping[str, str], log: TextIO) -> None:
        self._environ = environ
        self._log = log
        self._masks = environ.get("GITHUB_ACTIONS") == "true" and not _is_kept(log)
        self._masked: set[str] = set()

    def mask(self, secret: str) -> None:
        """Have the runner hide a secret in everything that is logged from now on.

        The runner keeps the command itself out of the log. Where nobody is there to do so, on a
        terminal or in a file, nothing is written. A short one would hide half of the log.
        """
        if self._masks and len(secret) >= SHORTEST and secret not in self._masked:
            self._masked.add(secret)
            self._command(workflow_command("add-mask", secret))

    def tell(self, news: News) -> Sequence[str]:
        """Annotate the job, and add to its summary and its outputs."""
        for each in news.annotations():
            self._command(each.command)
        return [*self._summarise(news.text()), *self._output(news.values())]

    def _command(self, line: str) -> None:
        self._log.write(f"{line}\n")
        self._log.flush()

    def _summarise(self, text: str) -> Sequence[str]:
        """Add `text` to the summary of the step as far as it has room."""

        def added(there: int) -> str:
            return shortened(text, SUMMARY_ROOM - there)

        return _appended(self._environ.get("GITHUB_STEP_SUMMARY"), added)

    def _output(self, values: Mapping[str, object]) -> Sequence[str]:
        """Give values to later steps, each between delimiters that nobody can foresee."""

        def lines(_there: int) -> str:
            end = f"ghadelimiter_{secrets.token_hex(16)}"
            return "".join(f"{name}<<{end}\n{value}\n{end}\n" for name, value in values.items())

        return _appended(self._environ.get("GITHUB_OUTPUT"), lines)


class GitLabJob(Job):
    """A job of GitLab: values for later jobs go to the file that ``FLEET_DOTENV`` names.

    They have names of their own, so that none takes the place of a variable that was set.

    GitLab has no command that masks; its masked variables do.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._file = environ.get("FLEET_DOTENV")

    def tell(self, news: News) -> Sequence[str]:
        """Give values to later jobs."""
        values = news.values()

        def lines(_there: int) -> str:
            words = ((name.replace("-", "_").upper(), value) for name, value in values.items())
            return "".join(f"JETFLEET_OUT_{name}={value}\n" for name, value in words)

        return _appended(self._file, lines)


def job_of(system: System, environ: Mapping[str, str] | None = None) -> Job:
    """Return the job that this process is part of.

    Args:
        system: Which it is; ``auto`` looks at the variables that each system sets.
        environ: Environment variables; this process's if None.
    """
    environ = os.environ if environ is None else environ
    if system == "auto":
        github = environ.get("GITHUB_ACTIONS") == "true"
        system = "github" if github else "gitlab" if environ.get("GITLAB_CI") == "true" else "none"
    if system == "github":
        return GitHubJob(environ, sys.stderr)
    return GitLabJob(environ) if system == "gitlab" else Job()


def shortened(text: str, room: int) -> str:
    """Return `text` in at most `room` bytes: the beginning and the end of it, by whole lines."""
    if len(text.encode()) <= room:
        return text
    if room < _ENOUGH:
        return ""
    lines = text.splitlines(keepends=True)
    tail = lines[-_TAIL:]
    while tail and len("".join(tail).encode()) > room // 2:
        tail.pop(0)
    note = "\n(lines are left out here)\n\n"
    left = room - len("".join((note, *tail)).encode())
    head = []
    for line in lines[: len(lines) - len(tail)]:
        left -= len(line.encode())
        if left < 0:
            break
        head.append(line)
    return "".join((*head, note, *tail))


def _appended(name: str | None, text: Callable[[int], str]) -> Sequence[str]:
    """Add text to a file of the job; return what was wrong with that.

    Args:
        name: The file; nothing is written without one.
        text: Returns what is added to so many bytes that are there.
    """
    if not name:
        return ()
    path = Path(name)
    try:
        there = path.stat().st_size if path.exists() else 0
        with path.open("a", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text(there))
    except OSError as error:
        return (f"{path} could not be written: {error.strerror}",)
    return ()


def _is_kept(stream: TextIO) -> bool:
    """Return whether a stream ends in a file or on a screen, and not at a runner."""
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):
        return True
    return stat.S_ISREG(mode) or stream.isatty()


def complain(faults: Sequence[str]) -> int:
    """Tell what a job could not be told, and return the exit code of that."""
    for fault in faults:
        tell(f"fleet: {fault}")
    return 1 if faults else 0
