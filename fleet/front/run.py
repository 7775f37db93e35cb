"""``fleet run OPERATION``: one operation on the selected sites; one command per operation."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

from cyclopts import App, Parameter

from fleet.front.execute import execute
from fleet.front.options import Output, Pace, Selection
from fleet.front.parameters import Flag, flags_of, read_values
from fleet.operations.base import Task
from fleet.operations.registry import REGISTRY, build, is_read_only

__all__ = ["app"]

app = App(name="run", help="Run one operation on the selected sites.")

_SHARED: dict[str, type] = {"selection": Selection, "pace": Pace, "out": Output}


def _command(task: type[Task]) -> Callable[..., int]:
    """Return the command of an operation: its parameters, then the shared flags."""
    flags = flags_of(task)
    writes = not is_read_only(task)

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
            dry_run=bool(given.get("dry_run")),
            detailed=bool(given.get("detailed_exitcode")),
        )

    command.__doc__ = task.summary
    signature = [_own(flag) for flag in flags] + (_write_flags() if writes else [])
    signature += [_optional(name, kind) for name, kind in _SHARED.items()]
    command.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in signature}
    return command


def _own(flag: Flag) -> inspect.Parameter:
    shape: Any = str if flag.shape == "text" else tuple[str, ...]
    options = Parameter(
        name=flag.flag, help=flag.help, negative="", consume_multiple=flag.shape != "text"
    )
    default: Any = inspect.Parameter.empty
    if not flag.required:
        shape, default = shape | None, None
    return inspect.Parameter(
        flag.field,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[shape, options],
        default=default,
    )


def _write_flags() -> list[inspect.Parameter]:
    helps = {
        "dry_run": "Only say what would change.",
        "detailed_exitcode": "With --dry-run, exit 2 where something would change.",
    }
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=Annotated[bool, Parameter(help=text, negative="", show_default=False)],
            default=False,
        )
        for name, text in helps.items()
    ]


def _optional(name: str, kind: type) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=kind | None, default=None
    )


for _name, _task in sorted(REGISTRY.items()):
    app.command(_command(_task), name=_name)
