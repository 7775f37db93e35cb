"""Files of a cache that only their owner can read, exchange or plant.

A cache is a help and never a need: whatever is odd about it, missing, damaged or not writable,
reads as *not there*, and the caller does the work again. Nothing in it is trusted for its name
alone. The folder is opened once and every file is reached through it, so nobody can exchange the
folder between a check and its use; each file is judged by what was opened.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from platformdirs import user_cache_path

__all__ = ["PrivateFolder", "user_cache"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITERS = stat.S_IWGRP | stat.S_IWOTH
_DRAFT = ".new"
_FORGOTTEN = 3600.0
"""Seconds after which a draft that nobody finished is litter."""


def user_cache() -> PrivateFolder:
    """Return the folder in which this user's copies of the tool keep what they can do again."""
    return PrivateFolder(user_cache_path("jetfleet"))


class PrivateFolder:
    """A folder of files with mode 0600, itself 0700; made when something is first written.

    Args:
        path: Where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str, limit: int) -> bytes | None:
        """Return what the file `name` holds.

        None where there is no such file, where it is a link, not a regular file, somebody else's
        or open to others, where the folder is, or where it has more than `limit` bytes.
        """
        try:
            with self._opened() as folder:
                return _content(folder, name, limit)
        except OSError:
            return None

    def write(self, name: str, data: bytes) -> bool:
        """Put `data` under `name` in one step, and return whether that was possible.

        Readers and other writers see the old content or the new, never a part of it.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._opened() as folder:
                _replace(folder, name, data)
        except OSError:
            return False
        return True

    def age(self, name: str) -> float | None:
        """Return how many seconds ago the file `name` was written, or None as `read` does."""
        try:
            with self._opened() as folder:
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return None
        return max(0.0, time.time() - status.st_mtime) if _is_private(status) else None

    def used(self, name: str) -> None:
        """Note that the file `name` was of use, so that `prune` keeps it."""
        with suppress(OSError), self._opened() as folder:
            os.utime(name, dir_fd=folder, follow_symlinks=False)

    def remove(self, name: str) -> None:
        """Remove the file `name` where it is there."""
        with suppress(OSError), self._opened() as folder:
            os.unlink(name, dir_fd=folder)

    def prune(self, prefix: str, keep: int) -> None:
        """Remove all but the `keep` last written or used files whose names begin with `prefix`.

        Drafts that a writer left behind when it was killed go as well.
        """
        with suppress(OSError), self._opened() as folder:
            with os.scandir(folder) as entries:
                found = [(_time_of(folder, entry.name), entry.name) for entry in entries]
            files = [each for each in found if each[1].startswith(prefix)]
            drafts = [each for each in found if _is_litter(*each, prefix)]
            for _, name in [*sorted(files, reverse=True)[keep:], *drafts]:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folder)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Yield the descriptor of the folder.

        Raises:
            OSError: It is not there, or not for its owner only.
        """
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if status.st_uid != os.geteuid() or status.st_mode & _WRITERS:
                raise PermissionError(f"{self.path} is not this user's alone")
            if stat.S_IMODE(status.st_mode) != 0o700:
                os.fchmod(descriptor, 0o700)
            yield descriptor
        finally:
            os.close(descriptor)


def _content(folder: int, name: str, limit: int) -> bytes | None:
    # Without O_NONBLOCK, opening a FIFO waits for somebody to write to it.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, dir_fd=folder), "rb", buffering=0) as stream:
        status = os.fstat(stream.fileno())
        if not _is_private(status) or status.st_size > limit:
            return None
        # Room is made for as much as is asked for, so that is never the limit.
        data = stream.read(status.st_size + 1)
    return data if data is not None and len(data) == status.st_size else None


def _is_private(status: os.stat_result) -> bool:
    return (
        stat.S_ISREG(status.st_mode)
        and status.st_uid == os.geteuid()
        and not status.st_mode & _OTHERS
    )


def _replace(folder: int, name: str, data: bytes) -> None:
    draft = f".{name}.{secrets.token_hex(4)}{_DRAFT}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(draft, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            # A umask may have taken the owner's own rights away; others never had any.
            os.fchmod(stream.fileno(), 0o600)
            stream.write(data)
        os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)
        raise


def _time_of(folder: int, name: str) -> float:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return 0.0


def _is_litter(written: float, name: str, prefix: str) -> bool:
    is_draft = name.startswith(f".{prefix}") and name.endswith(_DRAFT)
    return is_draft and time.time() - written > _FORGOTTEN
