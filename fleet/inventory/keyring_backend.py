"""The system's keyring; the only module that uses the optional package ``keyring``."""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Callable
from typing import Any

from fleet.errors import InputError

__all__ = ["read_password"]


def read_password(
    service: str, username: str, load: Callable[[str], Any] = importlib.import_module
) -> str:
    """Return the password kept for `username` of `service`; may block.

    Args:
        service: Name of the service in the keyring.
        username: Name of the entry.
        load: Imports a package by name; ``keyring`` is slow to import, so not before it is used.

    Raises:
        InputError: The package is missing, or the keyring has nothing to give.
    """
    try:
        keyring = load("keyring")
    except ImportError:
        raise InputError(
            "keyring: needs an optional package: pip install 'jetfleet[keyring]'"
        ) from None
    try:
        password = keyring.get_password(service, username)
    except keyring.errors.NoKeyringError:
        raise InputError("this machine has no keyring that can be used") from None
    except keyring.errors.KeyringError:
        raise InputError("the keyring refused to give the password; is it locked?") from None
    if password is None:
        command = shlex.join(("keyring", "set", service, username))
        raise InputError(f"the keyring has nothing under this name: {command}")
    return str(password)
