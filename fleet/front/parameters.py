"""An operation's own parameters as flags of the command line, and words back as values."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

from fleet.errors import InputError
from fleet.front.execute import run_async
from fleet.front.secrets import resolve_secret
from fleet.inventory.references import SecretKind, SecretRef
from fleet.operations.base import Task
from fleet.operations.values import holds_credential

__all__ = ["Flag", "flags_of", "read_values"]


_TYPED = (
    "a secret is not typed, since other users of this machine can see what is: refer to it with"
    " env:NAME, file:PATH, exec:COMMAND or keyring:SERVICE/USERNAME"
)


@dataclass(frozen=True, slots=True)
class Flag:
    """One parameter of an operation.

    Args:
        name: Parameter name; the flag is ``--name`` with dashes.
        field: Name of the Python attribute.
        shape: ``text``, ``switch``, ``list`` (separated by commas) or ``pairs`` (KEY=VALUE).
        help: One line.
        required: Whether it has to be given.
    """

    name: str
    field: str
    shape: str
    help: str
    required: bool

    @property
    def flag(self) -> str:
        """Return the flag as it is typed."""
        return "--" + self.name.replace("_", "-")


def flags_of(task: type[Task]) -> tuple[Flag, ...]:
    """Return the flags of an operation in the order of its parameters."""
    fields: Mapping[str, Any] = getattr(task, "__pydantic_fields__", {})
    return tuple(
        Flag(
            name=field.alias or name,
            field=name,
            shape=_shape(field.annotation),
            help=field.description or "",
            required=field.is_required(),
        )
        for name, field in fields.items()
    )


def _shape(annotation: object) -> str:
    if annotation is bool:
        return "switch"
    return {tuple: "list", dict: "pairs"}.get(get_origin(annotation) or str, "text")


def read_values(flag: Flag, words: str | bool | Sequence[str]) -> object:
    """Return the value of a flag from what was typed.

    Args:
        flag: The flag.
        words: One word for ``text``, the switch itself, else every word given.

    Raises:
        InputError: A pair without ``=``, a key given twice, or a secret where all can read it.
        InputErrors: A secret that is referred to cannot be had.
    """
    if isinstance(words, str | bool):
        return words
    if flag.shape == "pairs":
        return _pairs(flag, words)
    return tuple(item.strip() for word in words for item in word.split(",") if item.strip())


def _pairs(flag: Flag, words: Sequence[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key.strip():
            raise InputError(f"{flag.flag} {key}: write KEY=VALUE")
        if key.strip() in found:
            raise InputError(f"{flag.flag} {key}: given twice")
        found[key.strip()] = _value(flag, key.strip(), text)
    return found


def _value(flag: Flag, key: str, text: str) -> object:
    """Return the value of a pair; that of a secret key is referred to, as in an inventory."""
    value = _json_or_text(text)
    if not holds_credential(key, value):
        return value
    if holds_credential(key, {} if isinstance(value, str) else value):
        raise InputError(f"{flag.flag} {key}: {_TYPED}")
    try:
        reference = SecretRef.parse(text, folder=Path.cwd())
    except InputError as error:
        raise InputError(f"{flag.flag} {key}: {_TYPED}") from error
    secret = run_async(lambda: resolve_secret(reference))
    if reference.kind is SecretKind.ENV:
        # Commands that print passwords are started later; they have no need of this one.
        os.environ.pop(reference.target, None)
    return secret.get_secret_value()


def _json_or_text(text: str) -> object:
    """Return `text` as JSON, or as the text it is: ``true`` is a boolean, ``black`` a word."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
