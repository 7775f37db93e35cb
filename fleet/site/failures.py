"""What the HTTP library's exceptions mean, as kinds of errors."""

from __future__ import annotations

import errno
import socket

import aiohttp

from fleet.errors import SiteError
from fleet.site.trust import NO_MORE_FILES, certificate_trouble, handshake_trouble

__all__ = ["out_of_files", "translate"]


def translate(error: Exception, seconds: float) -> SiteError:
    """Return the library's exception as a `SiteError`; the first row that fits."""
    if isinstance(error, OSError) and error.errno in NO_MORE_FILES:
        return out_of_files()
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError):
        return _unconnected(error)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return SiteError("net.timeout", "the server could not be reached in time", sent=False)
    if isinstance(error, TimeoutError):
        return SiteError("net.timeout", f"no complete answer within {seconds:g} s")
    if isinstance(error, aiohttp.ClientPayloadError):
        return SiteError("proto.truncated", "the answer ended early")
    if isinstance(error, aiohttp.ClientResponseError):
        return SiteError("proto.not_json", "the answer is not valid HTTP")
    return SiteError("net.reset", "the connection broke off")


def out_of_files() -> SiteError:
    """Return this machine's own trouble; the site has nothing to do with it."""
    return SiteError(
        "net.timeout",
        "this machine ran out of open files: lower --concurrency or raise ulimit -n",
        sent=False,
    )


def _unresolved(error: aiohttp.ClientConnectorDNSError) -> SiteError:
    if error.os_error.errno == socket.EAI_NONAME:
        return SiteError("net.dns", f"the host {error.host} is not known", sent=False)
    reason = error.os_error.strerror or "nobody tells"
    message = f"the host {error.host} could not be looked up: {reason}"
    return SiteError("net.dns", message, sent=False)


def _unconnected(error: aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError) -> SiteError:
    """Return why there was no connection that anything could be sent over."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return SiteError("net.refused", f"the proxy answered {error.status}", sent=False)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return SiteError("net.refused", "the proxy cannot be reached", sent=False)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return certificate_trouble(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _unresolved(error)
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return handshake_trouble(error.os_error)
    if error.os_error.errno == errno.ECONNREFUSED:
        where = f"{error.host}:{error.port}"
        return SiteError("net.refused", f"{where} refused the connection", sent=False)
    reason = error.os_error.strerror or "no route to the server"
    return SiteError("net.refused", f"the server cannot be reached: {reason}", sent=False)
