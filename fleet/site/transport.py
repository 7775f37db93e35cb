"""One guarded HTTP exchange with one site, and the only user of aiohttp's client.

It knows origins, time limits, byte limits and how the library's exceptions translate into
error kinds. It must not know WordPress. Redirects are never followed here: whoever asked
decides what a ``Location`` means.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractCookieJar, AbstractResolver, ResolveResult
from anyio import to_thread
from multidict import CIMultiDictProxy
from yarl import URL

from fleet.config import USER_AGENT, HttpLimits
from fleet.errors import SiteError
from fleet.site.names import Names

__all__ = ["Connections", "Meter", "Reply", "Request", "Transport", "web_address"]

_CHUNK = 64 * 1024
_MAX_FIELD = 32 * 1024
"""Long CSP and Link headers are common; the library's 8 KiB would fail healthy sites."""

_MAX_HEADERS = 512
_MAX_ADDRESS = 4096
_MAX_FOREIGN = 255
"""Characters beyond ASCII in an address: what a host name of them costs grows with the square."""

_EARLY = 16
"""Names that are looked up ahead of the visits."""

_THREADS = 256
"""Names looked up at once at most; each takes a thread and a file."""

_NO_MORE_FILES = (errno.EMFILE, errno.ENFILE)
_CERTIFICATE_EXPIRED = 10
_NAME_MISMATCHES = (62, 64)
"""Verification codes of OpenSSL's x509_vfy.h: expired; not for this host name, this IP address."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to send.

    Args:
        method: ``GET``, ``HEAD`` or ``POST``. Nothing else: the library silently sends PUT and
            DELETE twice when a connection breaks, but never POST.
        url: Absolute address.
        headers: Further headers, credentials included.
        json: Body to send as JSON.
        form: Body to send as an HTML form.
    """

    method: str
    url: URL
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: object = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, whole; `body` holds decoded bytes."""

    status: int
    url: URL
    headers: CIMultiDictProxy[str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """Return the body as text, undecodable bytes replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def location(self) -> URL | None:
        """Return the absolute target of a redirect, or None where there is none to follow."""
        value = self.headers.get("Location", "")
        if self.status not in (301, 302, 303, 307, 308) or not value:
            return None
        return web_address(value, self.url)


def web_address(text: str, base: URL) -> URL | None:
    """Return the http or https address that a site's `text` stands for, or None.

    A user and password in it are dropped: the library would send them as our own.

    Args:
        text: Hostile text; an address far longer than any real one is none.
        base: What a relative address is relative to; an empty one where none is accepted.
    """
    if len(text) > _MAX_ADDRESS or sum(not char.isascii() for char in text) > _MAX_FOREIGN:
        return None
    try:
        target = base.join(URL(text)).with_user(None)
        # The name is decoded only here, and may turn out to stand for nothing.
        return target if target.scheme in ("http", "https") and target.host else None
    except (ValueError, IndexError):  # the second for "//[]@" (yarl 1.25)
        return None


@dataclass(slots=True)
class Meter:
    """What one site has cost so far; counted here and read by the engine."""

    requests: int = 0
    writes: int = 0
    logins: int = 0
    received: int = 0


class Transport:
    """Exchanges with one origin, all over one cookie jar.

    Args:
        client: The site's own client session.
        origin: Scheme, host and port that requests may go to.
        timeout: Seconds for one exchange, connecting and the whole body included.
        limits: What one answer may cost.
        meter: Counts requests and bytes.
    """

    def __init__(
        self,
        client: aiohttp.ClientSession,
        origin: URL,
        timeout: float,
        limits: HttpLimits,
        meter: Meter,
    ) -> None:
        self._client = client
        self._timeout = aiohttp.ClientTimeout(
            total=timeout, sock_connect=min(timeout, limits.connect_timeout), sock_read=timeout
        )
        self._seconds = timeout
        self._limits = limits
        self.meter = meter
        self.origin = origin.origin()

    def at(self, origin: URL) -> Transport:
        """Return a transport for another origin that shares connections, jar and meter."""
        return Transport(self._client, origin, self._seconds, self._limits, self.meter)

    def forget_cookies(self) -> None:
        """Drop every cookie."""
        self._client.cookie_jar.clear()

    async def send(self, request: Request) -> Reply:
        """Send `request` once and return the whole answer, redirects included.

        Raises:
            SiteError: ``redirect.cross_origin`` before anything is sent where the address is
                not of this origin; otherwise the network's, TLS's or protocol's trouble.
        """
        if request.url.origin() != self.origin:
            raise SiteError(
                "redirect.cross_origin",
                f"the site points to {request.url.origin()}, outside {self.origin}",
                sent=False,
            )
        self.meter.requests += 1
        try:
            return await self._exchange(request)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _translate(error, self._seconds) from error

    async def _exchange(self, request: Request) -> Reply:
        async with self._client.request(
            request.method,
            request.url,
            headers=request.headers,
            json=request.json,
            data=request.form,
            allow_redirects=False,
            timeout=self._timeout,
        ) as response:
            body = await self._read(response)
            return Reply(response.status, response.url, response.headers, body)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > self._limits.body:
                response.close()
                raise SiteError(
                    "proto.too_large", f"the answer is larger than {self._limits.body} bytes"
                )
            chunks.append(chunk)
        self.meter.received += size
        return b"".join(chunks)


class _Resolver(AbstractResolver):
    """What the library asks for the addresses of a host, all of one run the same."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - both are asked for
    ) -> list[ResolveResult]:
        """Return the addresses of `host`, of both families."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in await self._names.addresses(host)
        ]

    async def close(self) -> None:
        """Do nothing: the names outlive a site's connections."""


class Connections:
    """What the connections of a run have in common: who is trusted, and where the hosts are.

    Building an SSL context costs about 20 ms, so there is one for each set of authorities and
    never one for each site.

    Args:
        concurrency: Sites worked on at once; the connections never make anybody wait.
        limits: What one answer may cost.
    """

    def __init__(self, concurrency: int, limits: HttpLimits) -> None:
        self._limits = limits
        self._contexts: dict[Path | None, ssl.SSLContext] = {}
        self._making = asyncio.Lock()
        self._names = Names(limits.dns_timeout, min(4 * (concurrency + _EARLY), _THREADS))

    async def __aenter__(self) -> Connections:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Wait for no name any longer; connections close with their sites."""
        self._names.close()

    async def address(self, host: str) -> str:
        """Return the first address of `host`, which its connections will use as well.

        Raises:
            OSError: It has none.
        """
        return (await self._names.addresses(host))[0]

    @asynccontextmanager
    async def open(
        self,
        url: URL,
        *,
        timeout: float,
        meter: Meter,
        cookies: bool = True,
        ca_file: Path | None = None,
    ) -> AsyncIterator[Transport]:
        """Yield a transport with connections and a cookie jar of its own for the site at `url`.

        The connections are kept for the site's further requests and closed with the block: a
        run on thousands of hosts would use up the files that this machine may have open.

        Args:
            url: The site's address.
            timeout: Seconds for one exchange.
            meter: Counts what the site costs.
            cookies: False where none may be kept: a cookie beside an application password
                makes WordPress ignore the password (wp-includes/rest-api.php).
            ca_file: Authorities to trust instead of the system's, as PEM.

        Raises:
            SiteError: ``tls.untrusted`` where `ca_file` cannot be used.
        """
        connector = aiohttp.TCPConnector(
            ssl=await self._context(ca_file),
            limit=0,
            resolver=_Resolver(self._names),
            use_dns_cache=False,
        )
        client = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=_jar(cookies=cookies),
            headers={"User-Agent": USER_AGENT},
            trust_env=False,
            max_field_size=_MAX_FIELD,
            max_line_size=_MAX_FIELD,
            max_headers=_MAX_HEADERS,
        )
        async with client:
            yield Transport(client, url, timeout, self._limits, meter)

    async def _context(self, ca_file: Path | None) -> ssl.SSLContext:
        async with self._making:
            if ca_file not in self._contexts:
                self._contexts[ca_file] = await to_thread.run_sync(_ssl_context, ca_file)
            return self._contexts[ca_file]


def _jar(*, cookies: bool) -> AbstractCookieJar:
    """Return a jar for one site; `unsafe` so that sites named by an IP address work too."""
    if cookies:
        return aiohttp.CookieJar(unsafe=True, quote_cookie=False)
    return aiohttp.DummyCookieJar()


def _ssl_context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        if error.errno in _NO_MORE_FILES:
            raise _out_of_files() from error
        raise SiteError(
            "tls.untrusted", f"the authorities in {ca_file} cannot be used: {error}", sent=False
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _translate(error: Exception, seconds: float) -> SiteError:
    """Return the library's exception as a `SiteError`; the first row that fits."""
    if isinstance(error, OSError) and error.errno in _NO_MORE_FILES:
        return _out_of_files()
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _certificate(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _unresolved(error)
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return SiteError("tls.untrusted", "the TLS handshake failed", sent=False)
    if isinstance(error, aiohttp.ClientConnectorError):
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


def _out_of_files() -> SiteError:
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


def _certificate(error: Exception) -> SiteError:
    code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else None
    if code == _CERTIFICATE_EXPIRED:
        return SiteError("tls.expired", "the certificate has expired", sent=False)
    if code in _NAME_MISMATCHES or (isinstance(error, ssl.CertificateError) and code is None):
        return SiteError("tls.name", "the certificate is for another host name", sent=False)
    return SiteError("tls.untrusted", "the certificate is not trusted", sent=False)


def _unconnected(error: aiohttp.ClientConnectorError) -> SiteError:
    if error.os_error.errno == errno.ECONNREFUSED:
        return SiteError("net.refused", "the server refused the connection", sent=False)
    reason = error.os_error.strerror or "no route to the server"
    return SiteError("net.refused", f"the server cannot be reached: {reason}", sent=False)
