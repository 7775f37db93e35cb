"""Everything else that alerts can go to; the only module that uses the package ``apprise``."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from fleet.errors import InputError
from fleet.front.watch.delivery import DeliveryError

__all__ = ["notify_by_apprise"]


def notify_by_apprise(
    url: str, title: str, body: str, load: Callable[[str], Any] = importlib.import_module
) -> None:
    """Send a message by apprise; blocks, and runs in a thread that has no event loop.

    Args:
        url: Address of a service as apprise writes it, a secret.
        title: One line.
        body: Plain text.
        load: Imports a package by name; apprise takes long to import.

    Raises:
        InputError: The package is missing, or the address is none of its own.
        DeliveryError: The message was not taken.
    """
    try:
        apprise = load("apprise")
    except ImportError:
        raise InputError(
            "a channel of type apprise needs an optional package: pip install 'jetfleet[notify]'"
        ) from None
    sender = apprise.Apprise()
    if not sender.add(url):
        raise InputError("apprise does not know this sort of address")
    if not sender.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT):
        raise DeliveryError("the service did not take the message")
