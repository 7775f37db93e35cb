"""How often Python looks for cycles of garbage."""

from __future__ import annotations

import gc
from typing import Final

__all__ = ["collect_rarely"]

_COLLECTING: Final = (50_000, 20, 20)
"""Objects, and younger collections, after which Python looks for cycles of its three ages."""


def collect_rarely() -> None:
    """Let Python look for cycles of garbage seldom, for the whole process.

    A run makes many objects and few cycles: looking for them as often as Python does by itself
    takes a sixth of its CPU.
    """
    gc.set_threshold(*_COLLECTING)
