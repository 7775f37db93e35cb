"""``fleet run OPERATION``: one operation on the selected sites; one command per operation."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

from cyclopts import App, Parameter

from fleet.front.execute import Consent, execute
from fleet.front.options import Output, Pace, Selection
from fleet.front.parameters import Flag, flags_of, read_values
from fleet.operations.base import Task
from fleet.operations.registry import REGISTRY, build, foreign
from fleet.plugins import Plugins

__all__ = ["app", "run_app"]

_SHARED: dict[str, type] = {"selection": Selection, "pace": Pace, "out": Output}


def _command(task: type[Task]) -> Callable[..., int]:
    """Return the command of an operation: its parameters, then the shared flags."""
    flags = flags_of(task)

    def command(**given: Any) -> int:
        values = {
            flag.name: read_values(flag, given[flag.field])
            for flag in flags
            if given.get(flag.field)
        }
        return execute(
            build(task.name, values),
            given.get("selection") or Selection(),
            given.get("pace") or Pace(),
            given.get("out") or Output(),
            consent=Consent(
                dry_run=bool(given.get("dry_run")),
                detailed=bool(given.get("detailed_exitcode")),
                confirm=given.get("confirm"),
            ),
        )

    command.__doc__ = task.summary
    signature = [_own(flag) for flag in flags] + _write_flags(task)
    signature += [_optional(name, kind) for name, kind in _SHARED.items()]
    command.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in signature}
    return command


def _own(flag: Flag) -> inspect.Parameter:
    shape: Any = {"text": str, "switch": bool}.get(flag.shape, tuple[str, ...])
    options = Parameter(
        name=flag.flag,
        help=flag.help,
        negative="",
        consume_multiple=flag.shape in ("list", "pairs"),
    )
    default: Any = inspect.Parameter.empty
    if not flag.required:
        shape, default = shape | None, None
    return _keyword(flag.field, Annotated[shape, options], default)


def _write_flags(task: type[Task]) -> list[inspect.Parameter]:
    flags: list[inspect.Parameter] = []
    if not task.read_only:
        flags += [
            _keyword(
                name, Annotated[bool, Parameter(help=text, negative="", show_default=False)], False
            )
            for name, text in (
                ("dry_run", "Only say what would change."),
                ("detailed_exitcode", "With --dry-run, exit 2 where something would change."),
            )
        ]
    if task.irreversible:
        text = "Number of sites this may reach; needed, because it cannot be undone."
        flags.append(_keyword("confirm", Annotated[int | None, Parameter(help=text)], None))
    return flags


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
    )


def _optional(name: str, kind: type) -> inspect.Parameter:
    return _keyword(name, kind | None, None)


def run_app(asked: str = "") -> App:
    """Return the commands of all operations of the product, and of the plugin that is asked for.

    Raises:
        InputError: The plugin is broken.
    """
    commands = App(name="run", help="Run one operation on the selected sites.")
    added = {} if asked in REGISTRY else foreign(Plugins(), asked.partition(".")[0])
    for name, task in sorted({**REGISTRY, **added}.items()):
        commands.command(_command(task), name=name)
    return commands


app = run_app("modules.list")
