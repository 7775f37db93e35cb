"""The form of label keys and values, as Kubernetes has it, so that its selectors fit."""

from __future__ import annotations

import re

__all__ = ["LABEL_KEY", "LABEL_VALUE", "check_label_key", "check_label_value"]

_NAME = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_PREFIX = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
LABEL_KEY = rf"({_PREFIX}/)?{_NAME}"
"""Pattern of a whole key: an optional DNS name and a slash, then a name of up to 63 characters."""
LABEL_VALUE = rf"({_NAME})?"
"""Pattern of a whole value: up to 63 characters, or none."""

_KEY = re.compile(LABEL_KEY)
_VALUE = re.compile(LABEL_VALUE)
MAX_PREFIX = 253


def check_label_key(text: str) -> None:
    """Raise ValueError where `text` cannot be a label's key."""
    prefix, slash, _ = text.rpartition("/")
    if not _KEY.fullmatch(text) or (slash and len(prefix) > MAX_PREFIX):
        raise ValueError(
            "a label's key has up to 63 letters, digits, '.', '_' and '-', begins and ends with a "
            "letter or digit, and may have a DNS name and '/' in front"
        )


def check_label_value(text: str) -> None:
    """Raise ValueError, without repeating it, where `text` cannot be a label's value."""
    if not _VALUE.fullmatch(text):
        raise ValueError(
            "a label's value has up to 63 letters, digits, '.', '_' and '-', and begins and ends "
            "with a letter or digit"
        )
