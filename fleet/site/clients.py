"""The client sessions of one site, whose connections it shares with no other site.

What the library would do beside sending a request is switched off here: cookies, redirects,
unpacking, the machine's own proxies and passwords.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from multidict import CIMultiDict

from fleet.config import USER_AGENT
from fleet.site.allowance import Allowance
from fleet.site.decoding import ACCEPTED
from fleet.site.exchange import Observer
from fleet.site.names import Names, may_be_a_site

__all__ = ["Clients", "Resolver"]

_MAX_FIELD = 32 * 1024
"""Long CSP and Link headers are common; the library's 8 KiB would fail healthy sites."""

_MAX_HEADERS = 512
_KEPT = 4.0
"""Seconds for which an idle connection is used again. Apache closes it after five, and a write
that meets the closing would be lost without anybody knowing whether it arrived."""

_HEADERS = CIMultiDict({"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPTED})
"""Sent with every request."""


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

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Close all connections, and return when their sockets are closed.

        The library makes a task to wait in; sockets with nothing left to say are closed in the
        loop's next turn.
        """
        kept = (protocol.transport for row in self._conns.values() for protocol, _ in row)
        if self._acquired or not all(map(_is_silent, kept)):
            await super().close(abort_ssl=abort_ssl)
        else:
            self._close(abort_ssl=abort_ssl)
            await asyncio.sleep(0)

    async def _create_connection(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> ResponseHandler:
        protocol = await super()._create_connection(req, traces, timeout)
        if self._observer is not None:
            self._observer.connected()
        return protocol


def _is_silent(transport: asyncio.Transport | None) -> bool:
    """Return whether a connection closes without another word, as TLS says one."""
    if transport is None:
        return True
    return not transport.get_extra_info("sslcontext") and not transport.get_write_buffer_size()


class Resolver(AbstractResolver):
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


class Clients:
    """The library's client sessions for one site, each made when it is asked for.

    Args:
        context: Who is trusted.
        resolver: Where its hosts are.
        allowance: Counts what comes.
        observer: Told of each connection.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        resolver: Resolver,
        allowance: Allowance,
        observer: Observer | None,
    ) -> None:
        self._context = context
        self._resolver = resolver
        self._allowance = allowance
        self._observer = observer
        self._made: dict[bool, aiohttp.ClientSession] = {}

    def get(self, *, kept: bool) -> aiohttp.ClientSession:
        """Return the session whose connections are kept, or one that makes one for each request."""
        client = self._made.get(kept)
        if client is None:
            client = self._made[kept] = self._make(kept=kept)
        return client

    async def close(self) -> None:
        """Close them all, whatever happens to one of them."""
        while self._made:
            _, client = self._made.popitem()
            try:
                await client.close()
            except BaseException:
                await self.close()
                raise

    def _make(self, *, kept: bool) -> aiohttp.ClientSession:
        """Return a session of the library that does by itself as little as can be."""
        connector = _Connector(
            self._observer,
            ssl=self._context,
            limit=0,
            resolver=self._resolver,
            use_dns_cache=False,
            socket_factory=self._allowance.socket,
            force_close=not kept,
            keepalive_timeout=_KEPT if kept else None,
        )
        return aiohttp.ClientSession(
            connector=connector,
            request_class=_Request,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            auto_decompress=False,
            trust_env=False,
            max_field_size=_MAX_FIELD,
            max_line_size=_MAX_FIELD,
            max_headers=_MAX_HEADERS,
        )
