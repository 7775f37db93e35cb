"""The file of a journal on disk, kept from other users of the machine.

The folder is the wall: nobody else can write to it, so nobody else can exchange what is in it
between a check and its use. What is in it is readable by its owner only.
"""

from __future__ import annotations

import os
import secrets
import shlex
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from fleet.errors import JournalError

__all__ = ["back_up", "check_file", "ensure_folder", "exists", "new_file", "publish"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITERS = stat.S_IWGRP | stat.S_IWOTH
_COMPANIONS = ("-wal", "-shm", "-journal")
"""Endings of the files that SQLite keeps beside a database."""


def ensure_folder(folder: Path) -> None:
    """Make `folder` and what is above it, for its owner only, unless it is there.

    Raises:
        JournalError: It cannot be made, or others may write to it.
    """
    with _trouble(folder):
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            _make_folder(each)
        status = folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise JournalError(f"{folder} is not a folder: a journal needs one of its own")
    if status.st_mode & _WRITERS:
        raise JournalError(
            f"other users can write to the folder {folder} of the journal:"
            f" chmod go-w {shlex.quote(str(folder))}, or keep the journal in another folder"
        )


def exists(path: Path) -> bool:
    """Return whether anything has that name, a dangling link too.

    Raises:
        JournalError: That cannot be told.
    """
    with _trouble(path):
        return os.path.lexists(path)


def check_file(path: Path) -> None:
    """Check the file of a journal and those SQLite keeps beside it.

    Raises:
        JournalError: One of them is open to others, a link, or no file at all.
    """
    # Not opened: closing any descriptor of the file would drop the locks that SQLite holds on it
    # elsewhere in this process.
    with _trouble(path):
        status = path.lstat()
        _check(path, status)
        if status.st_size == 0:
            raise JournalError(
                f"the journal {path} is empty, so its runs are lost: put back a copy of it,"
                " or remove the file to begin a new journal"
            )
        for companion in (path.with_name(path.name + ending) for ending in _COMPANIONS):
            # They come and go as other processes open and close the journal.
            with suppress(FileNotFoundError):
                _check(companion, companion.lstat())


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield an empty file beside `path` that only its owner can read, removed at the end.

    Raises:
        JournalError: It cannot be made.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    with _trouble(draft):
        _reserve(draft)
    try:
        yield draft
    finally:
        for ending in ("", *_COMPANIONS):
            draft.with_name(draft.name + ending).unlink(missing_ok=True)


def publish(draft: Path, path: Path) -> None:
    """Give a finished draft the name `path`, unless another process was first.

    A journal is whole from the moment it has its name, so an empty file is never a new one.

    Raises:
        JournalError: It cannot be named so.
    """
    with _trouble(path):
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
        draft.unlink()
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def back_up(path: Path, revision: str) -> Path:
    """Copy a journal, what its WAL holds included, and return the copy's path.

    Args:
        path: The journal.
        revision: The schema it has, part of the copy's name.

    Raises:
        JournalError: It cannot be copied.
    """
    copy = path.with_name(f"{path.name}.schema-{revision}")
    with _trouble(copy):
        if os.path.lexists(copy):
            copy = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}")
        _reserve(copy)
        try:
            with (
                closing(sqlite3.connect(path)) as source,
                closing(sqlite3.connect(copy)) as target,
            ):
                source.backup(target)
        except sqlite3.Error as error:
            copy.unlink(missing_ok=True)
            raise JournalError(f"the journal {path} cannot be copied to {copy}: {error}") from error
    return copy


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        # Another process was first.
        return
    folder.chmod(0o700)


def _reserve(path: Path) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        # A umask may have taken the owner's own rights away; others never had any.
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _check(path: Path, status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise JournalError(f"{path} is a symbolic link: name the journal's file itself")
    if not stat.S_ISREG(status.st_mode):
        raise JournalError(f"{path} is not a regular file, so it is not a journal")
    if status.st_mode & _OTHERS:
        raise JournalError(
            f"the journal {path} is open to other users: chmod 600 {shlex.quote(str(path))}"
        )


@contextmanager
def _trouble(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "input/output error").lower()
        raise JournalError(f"the journal cannot be kept at {path}: {reason}") from error
