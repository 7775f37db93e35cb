"""How many bytes a site may still send, counted where they arrive: at the socket.

What the library parses before it hands anything over, headers and interim answers, has no
common limit there. Here every byte counts, those of TLS too.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Allowance"]

_HEAD = 512 * 1024
"""Bytes until the headers are read: handshake, interim answers, headers, and what of the body
comes along; at most twice 256 KB are read from a socket before anybody looks at them."""

_IDLE = 64 * 1024
"""Bytes that may come while nothing is asked, such as tickets for later sessions."""


class Allowance:
    """What one site may still send over all its connections."""

    def __init__(self) -> None:
        self._left = _IDLE
        self._exchanges = 0
        self.exceeded = False

    def begin(self) -> None:
        """Allow the head of one more answer."""
        if not self._exchanges:
            self._left = 0
            self.exceeded = False
        self._exchanges += 1
        self._left += _HEAD

    def body(self, size: int) -> None:
        """Allow `size` bytes of a body."""
        self._left += size

    def end(self) -> None:
        """Allow nothing more for an answer that is read."""
        self._exchanges -= 1
        if not self._exchanges:
            self._left = _IDLE

    def take(self, count: int) -> None:
        """Count what came.

        Raises:
            OSError: It was too much; the connection breaks off.
        """
        self._left -= count
        if self._left < 0:
            self.exceeded = True
            raise OSError(errno.EMSGSIZE, "the site sends too much")

    def socket(self, address: tuple[Any, ...]) -> socket.socket:
        """Return a new socket for a row of `socket.getaddrinfo` whose bytes count."""
        family, kind, protocol, *_ = address
        counted = _Counted(family, kind, protocol)
        counted.allowance = self
        return counted


class _Counted(socket.socket):
    """A socket that counts what it receives."""

    allowance: Allowance

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive as usual."""
        data = super().recv(size, flags)
        self.allowance.take(len(data))
        return data

    def recv_into(self, buffer: WriteableBuffer, size: int = 0, flags: int = 0, /) -> int:
        """Receive as usual."""
        count = super().recv_into(buffer, size, flags)
        self.allowance.take(count)
        return count
