"""One guarded HTTP exchange with one site, and with `clients` the only user of aiohttp's client.

It knows origins, time limits and byte limits; `failures` translates the library's exceptions
into error kinds. It must not know WordPress. Redirects are never followed here: whoever asked
decides what a ``Location`` means.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
from anyio import to_thread
from yarl import URL

from fleet.config import HttpLimits
from fleet.errors import SiteError
from fleet.site.allowance import Allowance
from fleet.site.clients import Clients, Resolver
from fleet.site.cookies import Cookies
from fleet.site.decoding import Body
from fleet.site.exchange import Meter, Observer, Reply, Request, web_address
from fleet.site.failures import out_of_files, translate
from fleet.site.names import Names
from fleet.site.trust import Trust, ssl_context

__all__ = ["Connections", "Meter", "Observer", "Reply", "Request", "Transport", "web_address"]

_CHUNK = 64 * 1024
_EARLY = 16
"""Names that are looked up ahead of the visits."""

_THREADS = 256
"""Names looked up at once at most; each takes a thread and a file."""


@dataclass(slots=True)
class _Lines:
    """What the transports of one site share.

    Args:
        clients: Its own client sessions.
        cookies: Its jar; None where none may be kept.
        meter: Counts requests and bytes.
        proxy: What all requests go through, if anything.
        allowance: What the site may still send.
        timeout: Ends an exchange, connecting and the whole body included.
        limits: What one answer may cost.
    """

    clients: Clients
    cookies: Cookies | None
    meter: Meter
    proxy: str | None
    allowance: Allowance
    timeout: aiohttp.ClientTimeout
    limits: HttpLimits


class Transport:
    """Exchanges with one origin, all over one cookie jar.

    Args:
        lines: What it shares with the site's other transports.
        origin: Scheme, host and port that requests may go to, and nothing else: an address that is
            its own origin would keep itself alive once it is asked for it.
    """

    def __init__(self, lines: _Lines, origin: URL) -> None:
        self._lines = lines
        self.meter = lines.meter
        self.origin = origin

    def at(self, url: URL) -> Transport:
        """Return a transport for the origin of `url` that shares connections, jar and meter."""
        origin = url.origin()
        return self if origin == self.origin else Transport(self._lines, origin)

    def as_visitor(self) -> Transport:
        """Return a transport that shares all but the jar: whoever uses it is nobody."""
        return Transport(replace(self._lines, cookies=Cookies()), self.origin)

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
            raise translate(error, self._lines.timeout.total or 0.0) from error
        finally:
            allowance.end()

    async def _exchange(self, request: Request) -> Reply:
        lines = self._lines
        cookies, headers = lines.cookies, request.headers
        if cookies is not None and (pairs := cookies.header(request.url)):
            headers = {**headers, "Cookie": pairs}
        async with lines.clients.get(kept=not request.fresh).request(
            request.method,
            request.url,
            headers=headers,
            json=request.json,
            data=request.content or request.form,
            allow_redirects=False,
            timeout=lines.timeout,
            proxy=lines.proxy,
        ) as response:
            found = response.headers
            if cookies is not None and (set_here := found.getall("Set-Cookie", ())):
                cookies.take(set_here, request.url, found.get("Date", ""))
            body = await self._read(response)
            return Reply(response.status, response.url, found, body)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        # The wire carries the frames of chunks besides the body, honest ones far fewer than these.
        most, content = self._lines.limits.body, response.content
        self._lines.allowance.body(most + most // 4 + _CHUNK)
        try:
            body = Body(response.headers.getall("Content-Encoding", ()), most)
            while not content.at_eof():
                body.feed(await content.readany())
            whole = body.whole()
        except SiteError:
            response.close()
            raise
        self.meter.received += len(whole)
        return whole


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
        return (await self.addresses(host))[0]

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Return all addresses of `host`.

        Raises:
            OSError: It has none.
        """
        return await self._names.addresses(host)

    def learn(self, host: str, addresses: tuple[str, ...]) -> None:
        """Take up what another process has found out about a host."""
        self._names.learn(host, addresses)

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
        allowance = Allowance()
        context = await self._context(Trust(ca_file, pin))
        clients = Clients(context, Resolver(self._names), allowance, meter.observer)
        lines = _Lines(
            clients,
            Cookies() if cookies else None,
            meter,
            proxy or None,
            allowance,
            self._timeout(timeout, meter.observer),
            self._limits,
        )
        try:
            yield Transport(lines, url.origin())
        finally:
            await clients.close()

    def _timeout(self, seconds: float, observer: Observer | None) -> aiohttp.ClientTimeout:
        connect = min(seconds, self._limits.connect_timeout)
        if observer is not None:
            connect = min(connect, observer.patience)
        return aiohttp.ClientTimeout(total=seconds, sock_connect=connect)

    async def _context(self, trust: Trust) -> ssl.SSLContext:
        if trust in self._contexts:
            return self._contexts[trust]
        async with self._making:
            if trust not in self._contexts:
                try:
                    self._contexts[trust] = await to_thread.run_sync(ssl_context, trust)
                except OSError as error:
                    raise out_of_files() from error
            return self._contexts[trust]
