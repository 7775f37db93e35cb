"""Whose certificates are believed: the system's authorities, a site's own, or one pinned key.

There is no way to believe everybody. A pin stands for the public key of one site, so that a
certificate that nobody signed can be believed too; it is checked before anything is sent.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from fleet.errors import SiteError

__all__ = [
    "Trust",
    "certificate_trouble",
    "fields_of",
    "handshake_trouble",
    "key_pin",
    "ssl_context",
]

NO_MORE_FILES = (errno.EMFILE, errno.ENFILE)
_NOT_YET_VALID = 9
_EXPIRED = 10
_NAME_MISMATCHES = (62, 64)
"""Verification codes of OpenSSL's x509_vfy.h; the last are for a host name, an IP address."""

_SEQUENCE = 0x30
_VERSION = 0xA0
_BEFORE_KEY = 5
"""Fields before the public key: serial number, signature, issuer, validity, subject."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Who is believed for one site.

    Args:
        ca_file: Authorities to trust instead of the system's, as PEM.
        pin: ``sha256/`` and the base64 digest of the site's public key; with it the authorities
            are asked only where `ca_file` names some.
    """

    ca_file: Path | None = None
    pin: str = ""


def ssl_context(trust: Trust) -> ssl.SSLContext:
    """Return a context that believes what `trust` says, from TLS 1.2 on.

    Raises:
        SiteError: ``tls.untrusted`` where its authorities cannot be used.
    """
    context = _unsigned() if trust.pin and not trust.ca_file else _signed(trust.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if trust.pin:
        context.sslobject_class = _pinned(trust.pin)
    return context


def _signed(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        if error.errno in NO_MORE_FILES:
            raise
        raise SiteError(
            "tls.untrusted", f"the authorities in {ca_file} cannot be used: {error}", sent=False
        ) from error


def _unsigned() -> ssl.SSLContext:
    """Return a context without authorities; only ever used with a pin."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _pinned(pin: str) -> type[ssl.SSLObject]:
    """Return a kind of connection whose handshake fails for any other key than the pinned."""

    class Pinned(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            if key_pin(self.getpeercert(binary_form=True) or b"") != pin:
                raise WrongKey("the certificate has another key than the pinned one")

    return Pinned


class WrongKey(ssl.SSLCertVerificationError):
    """The other side has another key than the pinned one."""


def key_pin(certificate: bytes) -> str:
    """Return the pin of a certificate's public key; an empty text where it holds none.

    Args:
        certificate: In DER, as it came over the wire; the digest is over its field
            ``subjectPublicKeyInfo`` (RFC 5280, 4.1), as HTTP's own pins have it (RFC 7469, 2.4).
    """
    try:
        outer, _ = _inside(certificate, 0)
        start, end = _inside(certificate, outer)
        if certificate[start] == _VERSION:
            start = _inside(certificate, start)[1]
        for _ in range(_BEFORE_KEY):
            start = _inside(certificate, start)[1]
        if certificate[start] != _SEQUENCE or start >= end:
            return ""
        key = certificate[start : _inside(certificate, start)[1]]
    except IndexError:
        return ""
    return "sha256/" + base64.b64encode(hashlib.sha256(key).digest()).decode("ascii")


def fields_of(certificate: bytes) -> list[bytes]:
    """Return the contents of a certificate's fields after the version, up to its public key.

    Raises:
        ValueError: These bytes are no certificate.
    """
    found = []
    try:
        outer, _ = _inside(certificate, 0)
        start, _ = _inside(certificate, outer)
        if certificate[start] == _VERSION:
            start = _inside(certificate, start)[1]
        for _ in range(_BEFORE_KEY):
            begin, end = _inside(certificate, start)
            found.append(certificate[begin:end])
            start = end
    except IndexError:
        raise ValueError("these bytes are no certificate") from None
    return found


def _inside(data: bytes, start: int) -> tuple[int, int]:
    """Return where the content of the DER value at `start` begins, and where it ends.

    Raises:
        IndexError: It ends beyond the data.
    """
    length = data[start + 1]
    begin = start + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[begin : begin + count], "big")
        begin += count
    if begin + length > len(data):
        raise IndexError("ends beyond the data")
    return begin, begin + length


def certificate_trouble(error: Exception) -> SiteError:
    """Return what is wrong with a certificate; nothing was sent."""
    if isinstance(error, WrongKey):
        return SiteError("tls.untrusted", str(error.args[0]), sent=False)
    code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else None
    if code == _EXPIRED:
        return SiteError("tls.expired", "the certificate has expired", sent=False)
    if code == _NOT_YET_VALID:
        message = "the certificate is not valid yet: is the clock of this machine right?"
        return SiteError("tls.untrusted", message, sent=False)
    if code in _NAME_MISMATCHES or (isinstance(error, ssl.CertificateError) and code is None):
        return SiteError("tls.name", "the certificate is for another host name", sent=False)
    return SiteError("tls.untrusted", "the certificate is not trusted", sent=False)


def handshake_trouble(error: object) -> SiteError:
    """Return what an error of OpenSSL in the handshake means; nothing was sent."""
    reason = getattr(error, "reason", None) or ""
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        message = "the server does not speak TLS on this port"
    elif "VERSION" in reason or "UNSUPPORTED_PROTOCOL" in reason:
        message = "the server offers no version of TLS from 1.2 on"
    else:
        message = "the TLS handshake failed"
    return SiteError("tls.protocol", message, sent=False)
