"""Every operation by its name. A new one is added to the ``OPERATIONS`` of its own file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from pydantic import TypeAdapter, ValidationError

from fleet.errors import InputError, InputErrors
from fleet.operations import (
    audit,
    capabilities,
    carrying,
    connection,
    facts,
    figures,
    jumpstart,
    module_list,
    module_options,
    modules,
    notices,
    raw,
    reset,
    settings,
    stats,
    users,
)
from fleet.operations.base import Operation, Query, Sourced, Task
from fleet.plugins import Group, Plugins

__all__ = ["REGISTRY", "build", "find", "foreign"]

REGISTRY: Mapping[str, type[Task]] = MappingProxyType(
    {
        task.name: task
        for room in (
            audit,
            capabilities,
            carrying,
            connection,
            facts,
            figures,
            jumpstart,
            module_options,
            module_list,
            modules,
            notices,
            raw,
            reset,
            settings,
            stats,
            users,
        )
        for task in room.OPERATIONS
    }
)
"""Every operation of the product by name."""


def foreign(plugins: Plugins, namespace: str | None = None) -> Mapping[str, type[Task]]:
    """Return the operations that plugins add, by name.

    Args:
        plugins: The plugins there are.
        namespace: Load only the plugin of this name; all of them if None.

    Raises:
        InputError: A plugin cannot be loaded, has no operations, or takes a name that is not its
            own: each name begins with the name of the plugin and a dot.
    """
    found: dict[str, type[Task]] = {}
    for plugin in plugins.names(Group.OPERATIONS):
        if namespace in (None, plugin):
            found |= _operations(plugins, plugin)
    return found


def _operations(plugins: Plugins, plugin: str) -> dict[str, type[Task]]:
    whose = plugins.described(Group.OPERATIONS, plugin)
    if any(name.partition(".")[0] == plugin for name in REGISTRY):
        raise InputError(f"{whose}: operations named {plugin}... are the product's own")
    tasks = getattr(plugins.load(Group.OPERATIONS, plugin), "OPERATIONS", None)
    if not isinstance(tasks, tuple):
        raise InputError(f"{whose}: its module has no tuple OPERATIONS")
    for task in tasks:
        if not isinstance(task, type) or not issubclass(task, Query | Operation | Sourced):
            raise InputError(f"{whose}: {task!r} is neither a Query nor an Operation")
        named = getattr(task, "name", "")
        if not named.startswith(f"{plugin}.") or not hasattr(task, "summary"):
            raise InputError(f"{whose}: {task.__name__} needs a summary, and a name {plugin}.WORD")
        if not hasattr(task, "routes") or getattr(task, "__abstractmethods__", None):
            raise InputError(f"{whose}: {named} lacks its routes or a method")
    return {task.name: task for task in tasks}


def find(name: str, plugins: Plugins | None = None) -> type[Task]:
    """Return the operation called `name`, which may be a plugin's.

    Raises:
        InputError: There is none; close names are suggested.
    """
    if name in REGISTRY:
        return REGISTRY[name]
    added = foreign(plugins or Plugins(), name.partition(".")[0])
    if name in added:
        return added[name]
    close = difflib.get_close_matches(name, (*REGISTRY, *added), n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}?" if close else "fleet operations lists them"
    raise InputError(f"there is no operation {name}; {hint}")


def build(name: str, parameters: Mapping[str, object], plugins: Plugins | None = None) -> Task:
    """Return the operation called `name` with its parameters checked.

    Args:
        name: As `find` takes it.
        parameters: Value by parameter name.
        plugins: The plugins there are; by default those that are installed.

    Raises:
        InputErrors: Every parameter that is wrong, missing or unknown.
    """
    cls = find(name, plugins)
    fields = getattr(cls, "__pydantic_fields__", {})
    known = {field.alias or key for key, field in fields.items()}
    wrong = [
        InputError(f"{name} has no parameter --{key.replace('_', '-')}")
        for key in parameters
        if key not in known
    ]
    try:
        built = TypeAdapter(cls).validate_python(dict(parameters))
    except ValidationError as error:
        wrong += [
            InputError(f"--{str(item['loc'][0]).replace('_', '-')}: {item['msg']}")
            for item in error.errors(include_input=False, include_url=False)
            if str(item["loc"][0]) in known
        ]
        raise InputErrors(wrong) from error
    if wrong:
        raise InputErrors(wrong)
    return built
