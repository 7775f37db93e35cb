"""The key of this user, with which a password is told again that a site has rejected.

The journal keeps no password, but has to know one again. A plain digest would do for whoever
steals the journal, too: passwords can be guessed as fast as digests are made. So the digest is
keyed, and the key is in a file of its own in the user's state folder, wherever the journal is. A
shared PostgreSQL journal, or a copy of a file, says nothing about any password without it.

Without the file, as on another machine, what was rejected is not known again, and a password may
be sent once more from there.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from pathlib import Path

from platformdirs import user_state_path

from fleet.errors import JournalError
from fleet.journal.files import check_file, ensure_folder, exists, new_file, publish

__all__ = ["default_key_path", "fingerprint", "read_key"]

_BYTES = 32


def default_key_path() -> Path:
    """Return where the user's key is."""
    return user_state_path("jetfleet") / "credentials.key"


def read_key(path: Path) -> bytes:
    """Return the key in `path`, made at first use for its owner only.

    Raises:
        JournalError: It cannot be made or read, is open to others, or is no key.
    """
    ensure_folder(path.parent)
    if not exists(path):
        with new_file(path) as draft:
            _write(draft, secrets.token_bytes(_BYTES))
            publish(draft, path)
    check_file(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            key = file.read(_BYTES + 1)
    except OSError as error:
        raise JournalError(f"the key {path} cannot be read: {error.strerror}") from error
    if len(key) != _BYTES:
        raise JournalError(
            f"{path} is no key: remove it, and rejected passwords are forgotten with it"
        )
    return key


def fingerprint(key: bytes, *parts: str) -> str:
    """Return what stands for `parts`: HMAC-SHA256, which says nothing without `key`."""
    # As JSON, no two different lists of parts are one text.
    text = json.dumps(parts).encode("ascii")
    return hmac.digest(key, text, "sha256").hex()


def _write(path: Path, content: bytes) -> None:
    try:
        with path.open("r+b") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise JournalError(f"the key {path} cannot be written: {error.strerror}") from error
