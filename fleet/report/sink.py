"""Where a report is written to, piece by piece."""

from __future__ import annotations

from typing import Protocol, TextIO

__all__ = ["Sink", "Speakable"]


class Sink(Protocol):
    """Anything text can be written to; every text stream is one."""

    def write(self, text: str, /) -> object:
        """Take a piece of text."""


class Speakable:
    """A stream that escapes the letters its encoding has no code for.

    Args:
        stream: Such as a terminal's.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = stream.encoding or "utf-8"

    def write(self, text: str, /) -> object:
        """Take a piece of text."""
        spoken = text.encode(self._encoding, "backslashreplace").decode(self._encoding)
        return self._stream.write(spoken)
