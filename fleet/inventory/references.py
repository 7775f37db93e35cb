"""Where a secret is, as text that may be shown, logged and compared."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pydantic import SecretStr

from fleet.errors import InputError, Place
from fleet.plugins import Group, Plugins

__all__ = ["SecretKind", "SecretRef"]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PREFIX = re.compile(r"(env|file|exec|keyring)\s*:", re.IGNORECASE)
_FOREIGN = re.compile(r"([a-z][a-z0-9-]*):\S")


class SecretKind(StrEnum):
    """Where a secret is kept."""

    ENV = "env"
    FILE = "file"
    EXEC = "exec"
    KEYRING = "keyring"
    PLUGIN = "plugin"
    INLINE = "inline"


@dataclass(frozen=True, slots=True, repr=False)
class SecretRef:
    """A reference to a secret; equal references lead to the same secret.

    Args:
        kind: Where the secret is kept.
        target: What stands behind the prefix, for a plugin with its prefix; empty for an inline
            secret.
        folder: The folder that files are relative to and commands run in; else empty.
        inline: The secret itself where it is written in the inventory, masked in every output.
        place: Where the reference stands.
    """

    kind: SecretKind
    target: str
    folder: Path = Path()
    inline: SecretStr | None = None
    place: Place | None = field(default=None, compare=False)

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        folder: Path,
        place: Place | None = None,
        allow_inline: bool = False,
        plugins: Plugins | None = None,
    ) -> SecretRef:
        """Return the reference written as `text` in a file of `folder`.

        ``env:NAME``, ``file:PATH``, ``exec:COMMAND ARGUMENTS``, ``keyring:SERVICE/USERNAME``;
        anything else is the secret itself, where `allow_inline` permits that, and else what a
        plugin of that prefix knows (`Plugins()` where none are given).

        Raises:
            InputError: It is not a reference, or a malformed one; `text` is not repeated.
        """
        prefix = _PREFIX.match(text)
        if not prefix:
            foreign = _FOREIGN.match(text)
            if foreign and not allow_inline and text.isprintable():
                known = (plugins or Plugins()).names(Group.SECRETS)
                if foreign[1] in known:
                    return cls(SecretKind.PLUGIN, text, place=place)
            return cls._inline(text, place, allow_inline)
        kind = SecretKind(prefix[1].lower())
        if prefix[0] != f"{kind}:":
            raise InputError(f"write {kind}: in lower case and without a space before it", place)
        target = text[prefix.end() :]
        if complaint := _complaint(kind, target):
            raise InputError(complaint, place)
        relative = kind in (SecretKind.FILE, SecretKind.EXEC)
        return cls(kind, target, folder if relative else Path(), place=place)

    @classmethod
    def _inline(cls, text: str, place: Place | None, allow_inline: bool) -> SecretRef:
        if not allow_inline:
            raise InputError(
                "a password is not written in the inventory: refer to it with env:NAME, "
                "file:PATH, exec:COMMAND or keyring:SERVICE/USERNAME, or set "
                "'allow_inline_secrets: true' at the top of the file",
                place,
            )
        return cls(SecretKind.INLINE, "", inline=SecretStr(text), place=place)

    @property
    def text(self) -> str:
        """Return the reference as it is written, or ``(inline)``; safe to print."""
        if self.kind is SecretKind.INLINE:
            return "(inline)"
        return self.target if self.kind is SecretKind.PLUGIN else f"{self.kind}:{self.target}"

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"SecretRef({self.text!r})"


def _complaint(kind: SecretKind, target: str) -> str | None:
    if not target.strip() or target != target.strip() or not target.isprintable():
        return f"{kind}: is followed directly by {_FORMS[kind]}"
    if kind is SecretKind.ENV and not _VARIABLE.fullmatch(target):
        return "the name of an environment variable has only letters, digits and '_'"
    if kind is SecretKind.KEYRING and not all(target.rpartition("/")):
        return "keyring: is followed directly by SERVICE/USERNAME"
    if kind is SecretKind.EXEC:
        try:
            shlex.split(target)
        except ValueError:
            return "a quote in the command is not closed"
    return None


_FORMS = {
    SecretKind.ENV: "the name of an environment variable",
    SecretKind.FILE: "a path",
    SecretKind.EXEC: "a command",
    SecretKind.KEYRING: "SERVICE/USERNAME",
}
