"""``fleet commands``: every command with its flags and their variables."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from cyclopts import App, Argument

from fleet.front.app import CONSENT, build_app
from fleet.front.console import emit, say

__all__ = ["Command", "Flag", "all_commands", "commands", "commands_page", "flags_of_group"]

_INTRODUCTION = """\
# Commands

Every command with its flags. `fleet COMMAND --help` tells the same, and this page is what
`fleet commands --markdown` prints; a test keeps it current.

A flag can be given by its variable as well: `FLEET_PER_HOST=4` is `--per-host 4` for every command
that has the flag, and what is typed wins. A switch is `true` or `false`. Several values are
separated by spaces, several paths by colons. Consent has no variable and has to be typed, and so
has what is told by its place, such as `RUN`. Flags that many commands have stand at the end.
"""

_HEAD = ("flag", "variable", "takes", "without it", "meaning")


@dataclass(frozen=True, slots=True)
class Flag:
    """One argument or flag.

    Args:
        names: As they are typed; an argument has its name in capitals.
        variable: The environment variable that stands for it, or an empty text.
        values: What it takes, such as a choice of words; empty for a switch.
        default: What holds without it, or an empty text.
        help: One line.
        required: Whether it has to be given.
    """

    names: tuple[str, ...]
    variable: str
    values: str
    default: str
    help: str
    required: bool

    @property
    def positional(self) -> bool:
        """Return whether it is told by its place."""
        return not self.names[0].startswith("-")


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Args:
        path: Its words, without ``fleet``.
        text: What it does, as paragraphs.
        own: Its own arguments and flags.
        groups: Classes of flags that it shares with others.
    """

    path: tuple[str, ...]
    text: str
    own: tuple[Flag, ...]
    groups: tuple[type, ...]


def commands(*, markdown: bool = False) -> int:
    """List every command in one line.

    Args:
        markdown: List them with all flags, as the page that the documentation holds.
    """
    if markdown:
        emit(commands_page())
        return 0
    found = all_commands()
    width = max(len(" ".join(each.path)) for each in found)
    for each in found:
        say(f"fleet {' '.join(each.path):<{width}}  {each.text.splitlines()[0]}")
    return 0


def all_commands() -> list[Command]:
    """Return every command in the order of ``fleet --help``."""
    return [_command(path, app) for path, app in _walk(build_app(), ())]


def commands_page() -> str:
    """Return all commands with all flags as Markdown."""
    found = all_commands()
    count = Counter(group for each in found for group in each.groups)
    entries = [_INTRODUCTION]
    runs = [each for each in found if each.path[0] == "run"]
    for each in found:
        if each.path[0] != "run":
            entries.append(_entry(each, count))
        elif each is runs[0]:
            entries.append(_runs(runs))
    entries += [_shared(group) for group in dict.fromkeys(count) if count[group] > 1]
    return "\n".join(entries).rstrip()


def _walk(app: App, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], App]]:
    for name in app:
        if name.startswith("-"):
            continue
        inner = app[name]
        if inner.default_command is not None:
            yield (*path, name), inner
        yield from _walk(inner, (*path, name))


def _command(path: tuple[str, ...], app: App) -> Command:
    own, groups = [], []
    for argument in app.assemble_argument_collection(parse_docstring=True):
        if argument.name == "*":
            groups.append(_class(argument.hint))
        elif not argument.keys:
            own.append(_flag(argument))
    text, _, _ = (inspect.getdoc(app.default_command) or "").partition("\n\nArgs:")
    return Command(path, text.partition("\n\nRaises:")[0], tuple(own), tuple(groups))


def _class(hint: Any) -> type:
    return next(each for each in (*get_args(hint), hint) if isinstance(each, type))


def _flag(argument: Argument) -> Flag:
    name = argument.name.lstrip("-")
    variable = "FLEET_" + name.upper().replace("-", "_")
    typed = variable in CONSENT or not argument.name.startswith("-")
    return Flag(
        names=tuple(argument.names),
        variable="" if typed else variable,
        values=_values(argument.hint),
        default=_default(argument.field_info.default),
        help=" ".join((argument.parameter.help or "").split()),
        required=bool(argument.field_info.required),
    )


def _values(hint: Any) -> str:
    """Return what a flag takes, in words that a person would use."""
    if get_origin(hint) is Literal:
        return ", ".join(f"`{each}`" for each in get_args(hint))
    if isinstance(hint, UnionType) or get_origin(hint) is tuple:
        return _values(get_args(hint)[0])
    members = getattr(hint, "__members__", None)
    if members:
        return ", ".join(f"`{each.value}`" for each in members.values())
    return {bool: "", int: "number", float: "number", Path: "path"}.get(hint, "text")


def _default(value: object) -> str:
    if value is None or value is inspect.Parameter.empty or value is False or value == ():
        return ""
    values = value if isinstance(value, tuple) else (value,)
    return " ".join("on" if each is True else str(each) for each in values)


def _entry(command: Command, count: Counter[type]) -> str:
    words = " ".join(command.path)
    shared = [group for group in command.groups if count[group] > 1]
    own = [*command.own]
    for group in command.groups:
        if count[group] == 1:
            own += flags_of_group(group)
    needed = [_typed(flag) for flag in own if flag.positional or flag.required]
    flags = ["[FLAGS]"] if shared or len(needed) < len(own) else []
    lines = [f"## `fleet {' '.join((words, *needed, *flags))}`", "", command.text, ""]
    if own:
        lines += [_table(own), ""]
    if shared:
        links = ", ".join(f"[{_title(group)}](#{_anchor(_title(group))})" for group in shared)
        lines += [f"Shared flags: {links}.", ""]
    return "\n".join(lines)


def _runs(found: Sequence[Command]) -> str:
    """Return the entry of ``fleet run``, whose operations differ in a few flags only."""
    count = Counter(flag for each in found for flag in each.own)
    common = [flag for flag in count if flag.names[0] in ("--dry-run", "--detailed-exitcode")]
    links = ", ".join(f"[{_title(g)}](#{_anchor(_title(g))})" for g in found[0].groups)
    lines = ["## `fleet run OPERATION [FLAGS]`", "", "Run one operation on the selected sites.", ""]
    lines += ["What writes has these as well:", "", _table(common), ""]
    lines += ["| operation | its flags |", "| --- | --- |"]
    for each in found:
        told = "<br>".join(_told(flag) for flag in each.own if flag not in common)
        lines.append(f"| `{each.path[1]}` | {told} |")
    return "\n".join([*lines, "", f"Shared flags: {links}.", ""])


def _told(flag: Flag) -> str:
    need = ", required" if flag.required else ""
    return f"`{flag.names[0]}`: {_cell(flag.help.rstrip('.'))}{need}"


def _shared(group: type) -> str:
    return "\n".join([f"## {_title(group)}", "", _table(flags_of_group(group)), ""])


def flags_of_group(group: type) -> list[Flag]:
    """Return the flags of a class, which stand for themselves on a command line."""
    app = App()

    def command(*, flags: Any = None) -> None:
        del flags

    command.__annotations__ = {"flags": group | None, "return": None}
    app.default(command)
    found = app.assemble_argument_collection(parse_docstring=True)
    return [_flag(argument) for argument in found if argument.keys]


def _title(group: type) -> str:
    return (inspect.getdoc(group) or group.__name__).splitlines()[0].rstrip(".")


def _anchor(title: str) -> str:
    kept = "".join(each for each in title.lower() if each.isalnum() or each in " -")
    return kept.replace(" ", "-")


def _typed(flag: Flag) -> str:
    words = flag.names[0] if flag.positional else f"{flag.names[0]} {flag.values.upper()}"
    return words if flag.required else f"[{words}]"


def _table(flags: Iterable[Flag]) -> str:
    lines = [
        "| flag | variable | takes | without it | meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    for flag in flags:
        cells = (
            ", ".join(f"`{name}`" for name in flag.names),
            f"`{flag.variable}`" if flag.variable else "",
            flag.values,
            "required" if flag.required else f"`{flag.default}`" if flag.default else "",
            _cell(flag.help),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
