"""``fleet operations``: what can be done, with which parameters, over which routes."""

from __future__ import annotations

from collections.abc import Mapping

from fleet.errors import InputError
from fleet.front.console import emit, say, tell
from fleet.front.parameters import flags_of
from fleet.operations.base import Task
from fleet.operations.registry import REGISTRY, find, foreign
from fleet.plugins import Group, Plugins

__all__ = ["operations", "operations_table"]


def operations(name: str | None = None, /, *, markdown: bool = False) -> int:
    """List the operations, or tell one of them in full.

    Args:
        name: Name of an operation.
        markdown: List them all as the table that the documentation holds.
    """
    if markdown:
        emit(operations_table())
        return 0
    if name is not None:
        say(_in_full(find(name)))
        return 0
    everything = {**REGISTRY, **_foreign()}
    width = max(map(len, everything))
    for each, task in sorted(everything.items()):
        effect = "reads " if task.read_only else "writes"
        say(f"{each:<{width}}  {effect}  {task.summary}")
    return 0


def _foreign() -> Mapping[str, type[Task]]:
    """Return the operations of all plugins that work; the others are told of."""
    plugins = Plugins()
    found: dict[str, type[Task]] = {}
    for plugin in plugins.names(Group.OPERATIONS):
        try:
            found |= foreign(plugins, plugin)
        except InputError as error:
            tell(f"fleet: {error}")
    return found


def operations_table() -> str:
    """Return the table of all operations as Markdown."""
    rows = [
        (
            f"`{name}`",
            task.summary,
            task.seed or "beyond it",
            "<br>".join(f"`{route}`" for route in task.routes),
            task.life,
            f"`{task.rights}`" if " " not in task.rights else task.rights,
            _effect(task),
            task.apart,
        )
        for name, task in sorted(REGISTRY.items())
    ]
    head = (
        "operation",
        "what it does",
        "row of Jetpack's list",
        "routes",
        "Jetpack",
        "rights",
        "effect",
        "offline or not connected",
    )
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _effect(task: type[Task]) -> str:
    if task.irreversible:
        return "writes, cannot be undone"
    return "reads" if task.read_only else "writes"


def _in_full(task: type[Task]) -> str:
    lines = [
        f"{task.name}: {task.summary}",
        "It only reads." if task.read_only else "It writes, and reads again what it wrote.",
        *(["It cannot be undone, so the run has to be confirmed."] if task.irreversible else []),
        "",
    ]
    for flag in flags_of(task):
        need = "required" if flag.required else "optional"
        lines.append(f"  {flag.flag:<12} {flag.help} ({need})")
    lines += [
        "",
        f"  Jetpack       {task.life}",
        f"  rights        {task.rights}",
        f"  not connected {task.apart}",
        "",
        "Routes below jetpack/v4 (or below the REST root where they begin with a slash):",
    ]
    lines += [f"  {route}" for route in task.routes]
    return "\n".join(lines)
