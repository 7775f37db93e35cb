"""The server's side of TLS."""

from __future__ import annotations

import ssl

import trustme

__all__ = ["server_side"]


def server_side(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Return a context that shows a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
