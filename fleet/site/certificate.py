"""What a server's certificate says of itself, also where it is not to be believed.

Only the handshake is made, by the standard library's function for this purpose, and nothing is
sent over it. Whether the certificate is to be trusted is told by the visit, never from here.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime

from fleet.site.trust import fields_of

__all__ = ["Certificate", "read_certificate", "served_certificate"]

_ISSUER, _VALIDITY = 2, 3
"""Where they are among the fields after the version (RFC 5280, 4.1)."""
_NAMES = (b"\x06\x03\x55\x04\x03", b"\x06\x03\x55\x04\x0a")
"""Object identifiers of a common name and of an organisation, in DER."""
_SHORT_YEAR = 0x17


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says.

    Args:
        issuer: Who signed it, in its own words: hostile text.
        ends: When it ends.
    """

    issuer: str
    ends: datetime


def served_certificate(host: str, port: int, seconds: float) -> Certificate | None:
    """Return what the certificate at `host` says, or None where none can be had; blocks."""
    try:
        text = ssl.get_server_certificate((host, port), timeout=seconds)
        return read_certificate(ssl.PEM_cert_to_DER_cert(text))
    except (OSError, ValueError):
        return None


def read_certificate(data: bytes) -> Certificate:
    """Return what a certificate in DER says.

    Raises:
        ValueError: It is none.
    """
    fields = fields_of(data)
    try:
        (kind, ends) = _values(fields[_VALIDITY])[1]
        pattern = "%y%m%d%H%M%SZ" if kind == _SHORT_YEAR else "%Y%m%d%H%M%SZ"
        until = datetime.strptime(ends.decode("ascii"), pattern).replace(tzinfo=UTC)
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError("this is no certificate") from error
    return Certificate(_name(fields[_ISSUER]), until)


def _name(issuer: bytes) -> str:
    for identifier in _NAMES:
        _, found, rest = issuer.partition(identifier)
        if found and len(rest) > 2 and rest[1] < 0x80:
            return rest[2 : 2 + rest[1]].decode("utf-8", "replace")
    return "an unknown issuer"


def _values(sequence: bytes) -> list[tuple[int, bytes]]:
    """Return kind and content of the short values in a sequence's content."""
    found = []
    while sequence:
        size = sequence[1]
        found.append((sequence[0], sequence[2 : 2 + size]))
        sequence = sequence[2 + size :]
    return found
