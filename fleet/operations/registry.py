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
from fleet.operations.base import Task

__all__ = ["REGISTRY", "build", "find"]

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
"""Every operation by name."""


def find(name: str) -> type[Task]:
    """Return the operation called `name`.

    Raises:
        InputError: There is none; close names are suggested.
    """
    if name in REGISTRY:
        return REGISTRY[name]
    close = difflib.get_close_matches(name, REGISTRY, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}?" if close else "fleet operations lists them"
    raise InputError(f"there is no operation {name}; {hint}")


def build(name: str, parameters: Mapping[str, object]) -> Task:
    """Return the operation called `name` with its parameters checked.

    Args:
        name: As in `REGISTRY`.
        parameters: Value by parameter name.

    Raises:
        InputErrors: Every parameter that is wrong, missing or unknown.
    """
    cls = find(name)
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
