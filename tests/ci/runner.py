"""GitHub's runner, as far as it reads logs and files of a step; written from its documentation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Command", "command_in", "commands", "outputs"]

_DATA = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
_PROPERTY = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))


@dataclass(frozen=True)
class Command:
    """A command that a line of a log is."""

    name: str
    text: str
    properties: dict[str, str] = field(default_factory=dict)


def command_in(line: str) -> Command | None:
    """Return the command in a line, of the form ``::name key=value,...::text`` or ``##[name]``."""
    if old := re.search(r"##\[(\w+)", line):
        return Command(old[1], line)
    body = line.lstrip()
    end = body.find("::", 2)
    if not body.startswith("::") or end < 0:
        return None
    name, _, told = body[2:end].strip().partition(" ")
    pairs = (pair.partition("=") for pair in told.split(",") if pair.strip())
    return Command(
        name,
        _unescaped(body[end + 2 :], _DATA),
        {key.strip(): _unescaped(value, _PROPERTY) for key, _, value in pairs},
    )


def commands(log: str) -> list[Command]:
    """Return every command in a log."""
    return [found for line in re.split(r"\r\n|\r|\n", log) if (found := command_in(line))]


def outputs(path: Path) -> dict[str, str]:
    """Return what is in a file of outputs."""
    found: dict[str, str] = {}
    lines = iter(path.read_text().split("\n"))
    for line in lines:
        if "<<" in line and "=" not in line.partition("<<")[0]:
            name, _, end = line.partition("<<")
            held: list[str] = []
            for inner in lines:
                if inner == end:
                    break
                held.append(inner)
            found[name] = "\n".join(held)
        elif line:
            name, equals, value = line.partition("=")
            assert equals, line
            found[name] = value
    return found


def _unescaped(text: str, signs: tuple[tuple[str, str], ...]) -> str:
    for written, meant in signs:
        text = text.replace(written, meant)
    return text
