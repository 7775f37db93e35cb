"""Lists of sites from elsewhere, written as an inventory in YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

from fleet.errors import InputError, InputErrors, Place
from fleet.inventory.address import parse_address
from fleet.inventory.ansible import rows_of
from fleet.inventory.document import parse_document
from fleet.inventory.joining import Joiner, Rows
from fleet.inventory.parts import read_part
from fleet.inventory.rows import RowFile, format_of
from fleet.inventory.scalars import AmbiguousScalarError, scalar

__all__ = ["MAX_IMPORT", "imported"]

MAX_IMPORT = 64 * 1024 * 1024
"""Bytes that a list may have."""
_ODD = re.compile(r"[^A-Za-z0-9._-]+")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_HEAD = """\
version: 1
defaults:
  # Where the password is; a group or a site can have another one.
  auth: {method: cookie, username: fleet-bot, password: "env:FLEET_PASSWORD"}
"""


def imported(data: bytes, file: Path) -> str:
    """Return a list of sites as the text of an inventory.

    Args:
        data: What ``ansible-inventory --list`` prints, or JSONL or CSV by the name of the file,
            or else one address a line.
        file: Its path.

    Raises:
        InputErrors: Every mistake in it; an inventory with the outcome would have the same.
    """
    format_ = format_of(file)
    try:
        if not format_ and data.lstrip().startswith(b"{"):
            data, format_ = rows_of(data), "jsonl"
        elif not format_:
            data, format_ = _named(data, file), "jsonl"
    except InputError as error:
        raise InputErrors([InputError(error.message, error.place or Place(str(file)))]) from None
    rows = [row.values for row in _file(data, file, format_).rows() if row.values is not None]
    head = _HEAD + _groups(rows)
    _check(head, _file(data, file, format_))
    if not rows:
        raise InputErrors([InputError("no site is in this list", Place(str(file)))])
    return f"{head}sites:\n{''.join(line for row in rows for line in _site(row))}"


def _file(data: bytes, file: Path, format_: str) -> RowFile:
    return RowFile(str(file), BytesIO(data), format_, file.parent)


def _check(head: str, rows: RowFile) -> None:
    part = read_part(parse_document(head.encode(), Path(rows.file)))
    joiner = Joiner([part])
    joiner.add_rows(Rows(rows, part.defaults))
    errors = [*part.errors, *joiner.errors, *joiner.builder.mistakes(joiner.builder.store())]
    if errors:
        raise InputErrors(errors)


def _groups(rows: list[dict[str, object]]) -> str:
    """Return the groups that the sites name, with nothing in them yet."""
    named = [row.get("groups") for row in rows]
    names = {name for each in named if isinstance(each, list) for name in each}
    lines = "".join(f"  {_key(str(name))}: {{}}\n" for name in sorted(map(str, names)))
    return f"groups:\n{lines}" if lines else ""


def _site(row: Mapping[str, object]) -> Iterator[str]:
    name = _key(str(row["name"]))
    rest = {key: value for key, value in row.items() if key not in ("name", "url")}
    url = json.dumps(row["url"], ensure_ascii=False)
    if not rest:
        yield f"  {name}: {url}\n"
        return
    yield f"  {name}:\n    url: {url}\n"
    for key, value in rest.items():
        yield f"    {key}: {json.dumps(value, ensure_ascii=False)}\n"


def _key(name: str) -> str:
    """Return a name as YAML, in quotes where readers could take it for something else."""
    try:
        plain = _PLAIN.fullmatch(name) is not None and scalar(name) == name
    except AmbiguousScalarError:
        plain = False
    return name if plain else json.dumps(name)


def _named(data: bytes, file: Path) -> bytes:
    """Return addresses as JSON lines, each with a name made of its host and path.

    Raises:
        InputErrors: Lines that are no address.
    """
    rows: list[str] = []
    errors: list[InputError] = []
    taken: dict[str, int] = {}
    for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            url = parse_address(text if "://" in text else f"https://{text}")
        except ValueError as error:
            errors.append(InputError(str(error), Place(str(file), number, 1)))
            continue
        name = _ODD.sub("-", f"{url.host}{url.path}").strip("-._")[:90]
        taken[name] = taken.get(name, 0) + 1
        unique = name if taken[name] == 1 else f"{name}-{taken[name]}"
        rows.append(json.dumps({"name": unique, "url": str(url)}))
    if errors:
        raise InputErrors(errors)
    return "".join(f"{row}\n" for row in rows).encode()
