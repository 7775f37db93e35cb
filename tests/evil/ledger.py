"""What an evil site saw, byte by byte; kept outside the product, as the truth about it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

__all__ = ["Ledger", "Line", "disguises"]


@dataclass(slots=True)
class Line:
    """One connection.

    Args:
        received: Every byte that came over it, after decryption.
        requests: ``METHOD place`` of each whole request, in their order.
        sent: How many bytes were handed to the network in return.
    """

    received: bytearray = field(default_factory=bytearray)
    requests: list[str] = field(default_factory=list)
    sent: int = 0


@dataclass(slots=True)
class Ledger:
    """The connections of one site, in their order."""

    lines: list[Line] = field(default_factory=list)

    @property
    def received(self) -> bytes:
        """Return every byte that came."""
        return b"\n".join(bytes(line.received) for line in self.lines)

    @property
    def requests(self) -> list[str]:
        """Return every request by connection."""
        return [request for line in self.lines for request in line.requests]

    @property
    def sent(self) -> int:
        """Return how many bytes went out."""
        return sum(line.sent for line in self.lines)

    def count(self, request: str) -> int:
        """Return how often a request came, such as ``POST /wp-login.php``."""
        return self.requests.count(request)

    def holds(self, secret: str) -> bool:
        """Return whether a secret came, in whatever disguise."""
        return any(form in self.received for form in disguises(secret))


def disguises(secret: str) -> set[bytes]:
    """Return the forms in which a secret may travel."""
    raw = secret.encode()
    plain = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), raw.hex()}
    # The ends of a piece of base64 depend on what stands around it.
    coded = {base64.b64encode(b"x" * shift + raw)[4:-4] for shift in range(3)}
    return {form.encode() for form in plain} | coded
