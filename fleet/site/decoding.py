"""Unpacking of bodies piece by piece, with an end to what one answer may grow to.

A few hundred kilobytes of gzip can stand for hundreds of megabytes. Only the two packings whose
growth the standard library can bound are asked for, and a body in any other is not read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Protocol

from fleet.errors import SiteError

__all__ = ["ACCEPTED", "Body"]

ACCEPTED = "gzip, deflate"
"""For ``Accept-Encoding``."""

_GZIP = ("gzip", "x-gzip")
_PLAIN = ("", "identity")
_MOST_MEMBERS = 16
"""Parts of one gzip body; servers send one, and each costs a copy of what follows it."""


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


class Body:
    """Collects one body.

    Args:
        encodings: Its ``Content-Encoding`` headers.
        limit: Decoded bytes at most.

    Raises:
        SiteError: ``proto.not_json`` where it is packed in another way than was asked for, or
            more than once.
    """

    def __init__(self, encodings: Iterable[str], limit: int) -> None:
        words = [word.strip().lower() for line in encodings for word in line.split(",")]
        packings = [word for word in words if word not in _PLAIN]
        if len(packings) > 1 or not {*packings} <= {*_GZIP, "deflate"}:
            raise SiteError(
                "proto.not_json", "the answer is packed in a way that was not asked for"
            )
        self._packing = packings[0] if packings else ""
        self._limit = limit
        self._unpacker: _Unpacker | None = None
        self._members = 0
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Take the next piece as it came from the wire.

        Raises:
            SiteError: ``proto.too_large``, or ``proto.truncated`` where it cannot be unpacked.
        """
        if not data:
            return
        if not self._packing:
            self._add(data)
            return
        try:
            self._unpack(data)
        except zlib.error as error:
            raise SiteError("proto.truncated", "the packed answer is broken") from error

    def whole(self) -> bytes:
        """Return the decoded body.

        Raises:
            SiteError: ``proto.truncated`` where a packed body has no end.
        """
        if self._unpacker is not None and not self._unpacker.eof:
            raise SiteError("proto.truncated", "the packed answer ended early")
        return b"".join(self._pieces)

    def _unpack(self, data: bytes) -> None:
        while data:
            if self._unpacker is None or self._unpacker.eof:
                if self._unpacker is not None and (self._packing == "deflate" or data[0] != 0x1F):
                    return  # padding behind the end, which browsers pass over too
                self._unpacker = self._begin(data)
            room = self._limit - self._size + 1
            self._add(self._unpacker.decompress(data, room))
            data = self._unpacker.unused_data

    def _begin(self, data: bytes) -> _Unpacker:
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise zlib.error("too many parts")
        if self._packing in _GZIP:
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        # Some servers leave out the frame that "deflate" stands for (RFC 9110, 8.4.1.2).
        framed = data[0] & 0x0F == 8
        return zlib.decompressobj(zlib.MAX_WBITS if framed else -zlib.MAX_WBITS)

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise SiteError("proto.too_large", f"the answer is larger than {self._limit} bytes")
        self._pieces.append(piece)
