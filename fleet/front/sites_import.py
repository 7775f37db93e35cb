"""``fleet sites import``: a list of sites from elsewhere becomes an inventory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fleet.errors import InputError, Place
from fleet.front.console import emit, tell
from fleet.inventory.importing import MAX_IMPORT, imported

__all__ = ["import_sites"]


def import_sites(
    file: Path, /, *, output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None
) -> int:
    """Write a list of sites as an inventory, to standard output or a new file.

    Args:
        file: The list: .csv, .jsonl, what ansible-inventory --list prints, or one address a line.
        output: The new file; one that is there already is never overwritten.
    """
    text = imported(_content(file), file)
    if output is None:
        emit(text.rstrip("\n"))
        return 0
    _write_new(output, text)
    tell(f"fleet: written to {output}; next: fleet sites list -i {output}")
    return 0


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_IMPORT + 1)
    except OSError as error:
        reason = (error.strerror or "input/output error").lower()
        raise InputError(f"cannot be read: {reason}", Place(str(file))) from None
    if len(data) > MAX_IMPORT:
        limit = MAX_IMPORT // (1024 * 1024)
        raise InputError(f"is larger than {limit} MiB: use it as it is, with -i", Place(str(file)))
    return data


def _write_new(path: Path, text: str) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(text)
    except FileExistsError:
        raise InputError(f"{path} is there already, and nothing is overwritten") from None
    except OSError as error:
        reason = (error.strerror or "input/output error").lower()
        raise InputError(f"{path} cannot be written: {reason}") from None
