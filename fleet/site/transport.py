"""One guarded HTTP exchange with one site, and the only user of aiohttp's client.

It knows origins, time limits and byte limits; `failures` translates the library's exceptions
into error kinds. It must not know WordPress. Redirects are never followed here: whoever asked
decides what a ``Location`` means.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from anyio import to_thread
from yarl import URL

from fleet.config import USER_AGENT, HttpLimits
from fleet.errors import SiteError
from fleet.site.allowance import Allowance
from fleet.site.cookies import Cookies
from fleet.site.decoding import ACCEPTED, Body
from fleet.site.exchange import Meter, Observer, Reply, Request, web_address
from fleet.site.failures import out_of_files, translate
from fleet.site.names import Names, may_be_a_site
from fleet.site.trust import Trust, ssl_context

__all__ = ["Connections", "Meter", "Observer", "Reply", "Request", "Transport", "web_address"]

_CHUNK = 64 * 1024
_MAX_FIELD = 32 * 1024
"""Long CSP and Link headers are common; the library's 8 KiB would fail healthy sites."""

_MAX_HEADERS = 512
_KEPT = 4.0
"""Seconds for which an idle connection is used again. Apache closes it after five, and a write
that meets the closing would be lost without anybody knowing whether it arrived."""

_EARLY = 16
"""Names that are looked up ahead of the visits."""

_THREADS = 256
"""Names looked up at once at most; each takes a thread and a file."""


@dataclass(slots=True)
class _Lines:
    """What the transports of one site share.

    Args:
        client: Returns the site's own client session: the one whose connections are kept, or one
            each of whose requests has a connection of its own.
        cookies: Its jar; None where none may be kept.
        meter: Counts requests and bytes.
        proxy: What all requests go through, if anything.
        allowance: What the site may still send.
    """

    client: Callable[[bool], aiohttp.ClientSession]
    cookies: Cookies | None
    meter: Meter
    proxy: str | None
    allowance: Allowance


class Transport:
    """Exchanges with one origin, all over one cookie jar.

    Args:
        lines: What it shares with the site's other transports.
        origin: Scheme, host and port that requests may go to.
        timeout: Seconds for one exchange, connecting and the whole body included.
        limits: What one answer may cost.
    """

    def __init__(self, lines: _Lines, origin: URL, timeout: float, limits: HttpLimits) -> None:
        self._lines = lines
        observer = lines.meter.observer
        connect = limits.connect_timeout
        if observer is not None:
            connect = min(connect, observer.patience)
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, connect))
        self._seconds = timeout
        self._limits = limits
        self.meter = lines.meter
        self.origin = origin.origin()

    def at(self, origin: URL) -> Transport:
        """Return a transport for another origin that shares connections, jar and meter."""
        return Transport(self._lines, origin, self._seconds, self._limits)

    def as_visitor(self) -> Transport:
        """Return a transport that shares all but the jar: whoever uses it is nobody."""
        lines = replace(self._lines, cookies=Cookies())
        return Transport(lines, self.origin, self._seconds, self._limits)

    def cookies(self) -> tuple[tuple[str, str, str, str], ...]:
        """Return origin, path, name and value of each cookie."""
        return () if self._lines.cookies is None else self._lines.cookies.rows()

    def restore_cookies(self, rows: Iterable[tuple[str, str, str, str]]) -> None:
        """Take up cookies of an earlier visit."""
        if self._lines.cookies is not None:
            self._lines.cookies.restore(rows)

    def forget_cookies(self) -> None:
        """Drop every cookie."""
        if self._lines.cookies is not None:
            self._lines.cookies.clear()

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
        if request.method == "POST":
            # A goodbye that has arrived is noticed before its connection would be used again.
            await asyncio.sleep(0)
        observer = self.meter.observer
        if observer is None:
            return await self._translated(request)
        observer.begun(request)
        began = time.monotonic()
        try:
            reply = await self._translated(request)
        except SiteError as error:
            observer.failed(error)
            raise
        observer.answered(reply, time.monotonic() - began)
        return reply

    async def _translated(self, request: Request) -> Reply:
        allowance = self._lines.allowance
        allowance.begin()
        try:
            return await self._exchange(request)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if allowance.exceeded:
                message = "the site sends more than an answer may have"
                raise SiteError("proto.too_large", message) from error
            raise translate(error, self._seconds) from error
        finally:
            allowance.end()

    async def _exchange(self, request: Request) -> Reply:
        cookies = self._lines.cookies
        headers = dict(request.headers)
        if cookies is not None and (pairs := cookies.header(request.url)):
            headers["Cookie"] = pairs
        async with self._lines.client(not request.fresh).request(
            request.method,
            request.url,
            headers=headers,
            json=request.json,
            data=request.content or request.form,
            allow_redirects=False,
            timeout=self._timeout,
            proxy=self._lines.proxy,
        ) as response:
            if cookies is not None:
                lines = response.headers.getall("Set-Cookie", ())
                cookies.take(lines, request.url, response.headers.get("Date", ""))
            body = await self._read(response)
            return Reply(response.status, response.url, response.headers, body)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        # The wire carries the frames of chunks besides the body, honest ones far fewer than these.
        self._lines.allowance.body(self._limits.body + self._limits.body // 4 + _CHUNK)
        try:
            body = Body(response.headers.getall("Content-Encoding", ()), self._limits.body)
            async for chunk in response.content.iter_chunked(_CHUNK):
                body.feed(chunk)
            whole = body.whole()
        except SiteError:
            response.close()
            raise
        self.meter.received += len(whole)
        return whole


class _Request(aiohttp.ClientRequest):
    """A request that goes over no connection on which something has come unasked.

    The library would take a second answer to an earlier question for the answer to this one.
    """

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send it, or have a read sent over another connection."""
        if conn.protocol is not None and conn.protocol.should_close:
            raise aiohttp.ServerDisconnectedError
        return await super().send(conn)


class _Connector(aiohttp.TCPConnector):
    """Makes connections, and tells of each that stands.

    The library's own way to tell costs ten calls for each request, whatever one listens to.
    """

    def __init__(self, observer: Observer | None, **options: Any) -> None:
        super().__init__(**options)
        self._observer = observer

    async def _create_connection(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> ResponseHandler:
        protocol = await super()._create_connection(req, traces, timeout)
        if self._observer is not None:
            self._observer.connected()
        return protocol


class _Resolver(AbstractResolver):
    """What the library asks for the addresses of a host, all of one run the same.

    A site keeps the addresses that its visit began with, whatever its name servers say later:
    what was found out about one server is true for no other.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._kept: dict[str, tuple[str, ...]] = {}

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - both are asked for
    ) -> list[ResolveResult]:
        """Return the addresses of `host`, of both families."""
        if host not in self._kept:
            found = await self._names.addresses(host)
            self._kept[host] = tuple(address for address in found if may_be_a_site(address))
        if not self._kept[host]:
            raise socket.gaierror(socket.EAI_FAIL, "it leads to an address that no site can have")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in self._kept[host]
        ]

    async def close(self) -> None:
        """Do nothing: the names outlive a site's connections."""


class Connections:
    """What the connections of a run have in common: who is trusted, and where the hosts are.

    Building an SSL context costs about 20 ms, so there is one for each way of trusting and
    never one for each site.

    Args:
        concurrency: Sites worked on at once; the connections never make anybody wait.
        limits: What one answer may cost.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        concurrency: int,
        limits: HttpLimits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._contexts: dict[Trust, ssl.SSLContext] = {}
        self._making = asyncio.Lock()
        threads = min(4 * (concurrency + _EARLY), _THREADS)
        self._names = Names(limits.dns_timeout, threads, clock)

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
    async def open(  # noqa: PLR0913 - everything an inventory says about a site's connections
        self,
        url: URL,
        *,
        timeout: float,
        meter: Meter,
        cookies: bool = True,
        ca_file: Path | None = None,
        pin: str = "",
        proxy: str = "",
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
            pin: The one public key to trust, as in `Trust`.
            proxy: Address of a proxy that all requests go through; empty for none. The
                machine's own environment names none, and no file of passwords is read.

        Raises:
            SiteError: ``tls.untrusted`` where `ca_file` cannot be used.
        """
        allowance, resolver = Allowance(), _Resolver(self._names)
        context = await self._context(Trust(ca_file, pin))
        async with AsyncExitStack() as stack:

            @cache
            def client(kept: bool) -> aiohttp.ClientSession:
                made = _client(context, resolver, allowance, meter, kept=kept)
                stack.push_async_callback(made.close)
                return made

            jar = Cookies() if cookies else None
            lines = _Lines(client, jar, meter, proxy or None, allowance)
            yield Transport(lines, url, timeout, self._limits)

    async def _context(self, trust: Trust) -> ssl.SSLContext:
        async with self._making:
            if trust not in self._contexts:
                try:
                    self._contexts[trust] = await to_thread.run_sync(ssl_context, trust)
                except OSError as error:
                    raise out_of_files() from error
            return self._contexts[trust]


def _client(
    context: ssl.SSLContext,
    resolver: _Resolver,
    allowance: Allowance,
    meter: Meter,
    *,
    kept: bool = True,
) -> aiohttp.ClientSession:
    """Return a session of the library that does by itself as little as can be."""
    connector = _Connector(
        meter.observer,
        ssl=context,
        limit=0,
        resolver=resolver,
        use_dns_cache=False,
        socket_factory=allowance.socket,
        force_close=not kept,
        keepalive_timeout=_KEPT if kept else None,
    )
    return aiohttp.ClientSession(
        connector=connector,
        request_class=_Request,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPTED},
        auto_decompress=False,
        trust_env=False,
        max_field_size=_MAX_FIELD,
        max_line_size=_MAX_FIELD,
        max_headers=_MAX_HEADERS,
    )
