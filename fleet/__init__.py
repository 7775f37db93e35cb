"""Manage a fleet of self-hosted WordPress sites with Jetpack through their own HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["Fleet"]

if TYPE_CHECKING:
    from fleet.engine.fleet import Fleet
else:  # hidden from type checkers, to whom it would make every name right

    def __getattr__(name: str) -> object:
        """Return `Fleet`, loaded only when it is asked for: the command line starts fast."""
        if name == "Fleet":
            from fleet.engine.fleet import Fleet  # noqa: PLC0415

            return Fleet
        raise AttributeError(f"module 'fleet' has no attribute {name!r}")
