"""``fleet operations``: what can be done, with which parameters, over which routes."""

from __future__ import annotations

from fleet.front.console import say
from fleet.front.parameters import flags_of
from fleet.operations.base import Task
from fleet.operations.registry import REGISTRY, find, is_read_only

__all__ = ["operations"]


def operations(name: str | None = None, /) -> int:
    """List the operations, or tell one of them in full.

    Args:
        name: Name of an operation.
    """
    if name is not None:
        say(_in_full(find(name)))
        return 0
    width = max(map(len, REGISTRY))
    for each, task in sorted(REGISTRY.items()):
        effect = "reads " if is_read_only(task) else "writes"
        say(f"{each:<{width}}  {effect}  {task.summary}")
    return 0


def _in_full(task: type[Task]) -> str:
    lines = [
        f"{task.name}: {task.summary}",
        "It only reads." if is_read_only(task) else "It writes, and reads again what it wrote.",
        "",
    ]
    for flag in flags_of(task):
        need = "required" if flag.required else "optional"
        lines.append(f"  {flag.flag:<12} {flag.help} ({need})")
    lines += ["", "Routes below jetpack/v4:"]
    lines += [f"  {route}" for route in task.routes]
    return "\n".join(lines)
