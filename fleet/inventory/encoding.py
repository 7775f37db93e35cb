"""Values of settings as plain JSON and back, so that sites can be kept as bytes.

What comes back was valid when it was written, so nothing is checked again. A secret written in
the inventory itself has no plain form: it stays an object, and is referred to by its number.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from yarl import URL

from fleet.errors import Place
from fleet.inventory.fields import display
from fleet.inventory.layers import Setting
from fleet.inventory.references import SecretKind, SecretRef
from fleet.inventory.sites import Origin
from fleet.inventory.windows import Freeze, parse_span

__all__ = ["Plain", "decoded", "encoded", "setting"]

Plain = str | int | float | bool | list[str] | None

_IN_A_FOLDER = (SecretKind.FILE, SecretKind.EXEC)


def encoded(value: object, inline: list[SecretRef]) -> Plain:
    """Return a setting's value as JSON.

    Args:
        value: The value.
        inline: Takes secrets that are no references.
    """
    if isinstance(value, SecretRef):
        if value.inline is None:
            return value.text
        inline.append(value)
        return len(inline) - 1
    if isinstance(value, Freeze):
        return [value.first.isoformat(), value.last.isoformat(), value.reason]
    if isinstance(value, tuple):
        return [str(each) for each in value]
    if value is None or isinstance(value, bool | float):
        return value
    return str(value)


def decoded(path: str, plain: object, place: Place | None, inline: list[SecretRef]) -> object:
    """Return the value of the setting at `path` that `encoded` made plain.

    Args:
        path: The setting's path, such as ``auth.password``.
        plain: Its value as JSON.
        place: Where it stands.
        inline: The secrets that are no references.
    """
    if path == "auth.password":
        return _secret(plain, place, inline)
    if path == "url":
        return URL(str(plain), encoded=True)
    if path == "http.ca_file":
        return Path(str(plain)) if plain is not None else None
    if path == "window.allow" and isinstance(plain, list):
        return tuple(parse_span(each) for each in plain)
    if path.startswith("freeze.") and isinstance(plain, list):
        first, last, reason = plain
        return Freeze(date.fromisoformat(first), date.fromisoformat(last), reason)
    return plain


def setting(value: object, place: Place | None, source: str) -> Setting:
    """Return a setting with its origin."""
    shown = value.reason if isinstance(value, Freeze) else display(value)
    return Setting(value, Origin(shown, place, source))


def _secret(plain: object, place: Place | None, inline: list[SecretRef]) -> SecretRef:
    if isinstance(plain, int):
        return inline[plain]
    word, _, target = str(plain).partition(":")
    if word not in set(SecretKind):
        return SecretRef(SecretKind.PLUGIN, str(plain), place=place)
    kind = SecretKind(word)
    folder = Path(place.file).parent if place and kind in _IN_A_FOLDER else Path()
    return SecretRef(kind, target, folder, place=place)
