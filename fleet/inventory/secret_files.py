"""Secrets kept in files, read so that no odd file can leak, hang or flood.

A relative path stays inside the folder of the inventory: no ``..``, and a symbolic link in it
may not lead out. An absolute path is the operator's explicit choice and may be a link, as the
secrets that container platforms mount are. The file is opened once and judged by what was
opened, so it cannot be exchanged in between.
"""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from fleet.errors import InputError

__all__ = ["MAX_SECRET_BYTES", "read_secret_file"]

MAX_SECRET_BYTES = 64 * 1024
_READABLE_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_secret_file(folder: Path, target: str) -> bytes:
    """Return the content of the file that ``file:`` and `target` in `folder` refer to.

    Raises:
        InputError: There is no such file, or it is not safe to use; the message says what to do.
    """
    path = _located(folder, target)
    try:
        data = _content(path)
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except OSError as error:
        reason = (error.strerror or "input/output error").lower()
        raise InputError(f"{path} cannot be opened: {reason}") from None
    if len(data) > MAX_SECRET_BYTES:
        raise InputError(f"{path} is larger than a secret can be (64 KiB)")
    return data


def _content(path: Path) -> bytes:
    # Without O_NONBLOCK, opening a FIFO waits for somebody to write to it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _check(os.fstat(descriptor), path)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(MAX_SECRET_BYTES + 1)
    finally:
        os.close(descriptor)


def _located(folder: Path, target: str) -> Path:
    written = Path(target)
    if ".." in written.parts:
        raise InputError("the path of a secret cannot have '..' in it")
    try:
        root = folder.resolve()
        path = (root / written).resolve()
    except (OSError, RuntimeError):
        raise InputError("the path of the secret cannot be followed: links in a circle") from None
    if not written.is_absolute() and not path.is_relative_to(root):
        raise InputError("the path of the secret leads out of the inventory's folder by a link")
    return path


def _check(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path} is not a regular file")
    if status.st_mode & _READABLE_BY_OTHERS:
        raise InputError(f"{path} is open to other users: chmod 600 {shlex.quote(str(path))}")
