"""The looks of a client's report: a title, an intro, a colour and a logo from a small file."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fleet.errors import InputError, InputErrors, Place
from fleet.inventory.document import Node, read_bytes, read_document
from fleet.policy.reader import Reader
from fleet.report.client_formats import Brand
from fleet.report.inert import inert

__all__ = ["checked_colour", "logo_address", "read_brand"]

_KEYS = ("title", "intro", "agency", "accent", "logo")
_LARGEST = 200_000
_LONGEST = 2_000
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_SIGNS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)


def read_brand(path: Path) -> Brand:
    """Return what the section ``client_report`` of a file says.

    Raises:
        InputErrors: Every mistake in it.
    """
    document = read_document(path)
    reader = Reader()
    entries = reader.mapping(Node(document.root, Place(str(path))), ("client_report",))
    values: dict[str, str] = {}
    if "client_report" in entries:
        for key, entry in reader.mapping(entries["client_report"].node, _KEYS).items():
            value = entry.node.value
            if isinstance(value, str) and len(value) <= _LONGEST:
                values[key] = value
            else:
                reader.note(f"{key}: expected a text of at most {_LONGEST:,} characters", entry.key)
    errors = [*document.errors, *reader.errors]
    if errors:
        raise InputErrors(errors)
    return _made(values, path.parent)


def _made(values: Mapping[str, str], folder: Path) -> Brand:
    brand = Brand(**{key: text for key, text in values.items() if key not in ("accent", "logo")})
    if "accent" in values:
        brand = replace(brand, accent=checked_colour(values["accent"]))
    if "logo" in values:
        brand = replace(brand, logo=logo_address(folder / values["logo"]))
    return brand


def checked_colour(text: str) -> str:
    """Return a colour.

    Raises:
        InputError: It is not written as ``#rrggbb``.
    """
    if not _COLOUR.fullmatch(text):
        raise InputError(f"{inert(text, 40)!r} is no colour: write it as #0b5cab")
    return text


def logo_address(path: Path) -> str:
    """Return a picture as a ``data:`` address; what it is decides its content, not its name.

    Raises:
        InputError: It cannot be read, is too large, or is no PNG, JPEG, GIF or WebP picture.
    """
    data = read_bytes(path)
    where = inert(str(path))
    if len(data) > _LARGEST:
        raise InputError(f"{where}: a logo may have {_LARGEST // 1000} KB at most")
    for sign, kind in _SIGNS:
        if sign.match(data):
            return f"data:{kind};base64,{base64.b64encode(data).decode()}"
    raise InputError(f"{where}: a logo has to be a PNG, JPEG, GIF or WebP picture")
