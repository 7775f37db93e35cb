"""The simulated world on a real socket: one catch-all handler for thousands of sites.

Delays, resets and cut bodies that the world asks for are done to the connection itself.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from typing import Self

from aiohttp import web
from multidict import CIMultiDict

from fleet.simulator.wire import SimRequest, SimResponse
from fleet.simulator.world import World

__all__ = ["SimulatorServer"]

_BACKLOG = 2048
_PIECE = 4096
_PATIENCE = 0.1
"""Seconds that slow answers get to finish when the server stops."""
_LINGER_NONE = struct.pack("ii", 1, 0)
"""Makes closing a socket send a reset instead of a goodbye."""


class SimulatorServer:
    """Serves a world while its context is open.

    Args:
        world: What answers.
        host: Address to listen on; ``0.0.0.0`` serves every 127.x.y.z too.
        port: 0 for a free one.
        latency: Seconds every answer takes at least.
        ssl_context: Serves TLS with it.
    """

    def __init__(
        self,
        world: World,
        host: str = "127.0.0.1",
        port: int = 0,
        latency: float = 0.0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._world = world
        self._host = host
        self._wanted = port
        self._latency = latency
        self._ssl = ssl_context
        self._runner: web.ServerRunner | None = None
        self._port = 0

    @property
    def port(self) -> int:
        """Return the port; 0 before the server listens."""
        return self._port

    @property
    def base_url(self) -> str:
        """Return the address below which the sites live, without a slash at its end."""
        return self._base(None)

    def url_of(self, name: str, host: str | None = None) -> str:
        """Return the home address of a site, with a slash at its end.

        Args:
            name: Of the site.
            host: Address to reach it by, where the server listens on several.
        """
        return f"{self._base(host)}/{name}/"

    def _base(self, host: str | None) -> str:
        shown = host or ("127.0.0.1" if self._host in ("0.0.0.0", "::") else self._host)  # noqa: S104 - compared, not bound
        return f"{'https' if self._ssl else 'http'}://{shown}:{self._port}"

    async def __aenter__(self) -> Self:
        """Listen."""
        served = web.Server(self._serve, access_log=None, handler_cancellation=True)
        runner = web.ServerRunner(served, shutdown_timeout=_PATIENCE)
        await runner.setup()
        site = web.TCPSite(
            runner, self._host, self._wanted, ssl_context=self._ssl, backlog=_BACKLOG
        )
        await site.start()
        self._runner = runner
        self._port = int(runner.addresses[0][1])
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening and close every connection."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        answer = self._world.handle(
            SimRequest(
                method=request.method,
                path=path,
                query=query,
                headers=tuple(request.headers.items()),
                body=await request.read(),
                client=request.remote or "",
                is_https=self._ssl is not None,
            )
        )
        if wait := answer.delay + self._latency:
            await asyncio.sleep(wait)
        if answer.drop:
            return _dropped(request)
        headers = CIMultiDict(answer.headers)
        if answer.cut is not None or answer.drip:
            return await _piecemeal(request, answer, headers)
        return web.Response(status=answer.status, headers=headers, body=answer.body)


def _dropped(request: web.BaseRequest) -> web.StreamResponse:
    """Reset the connection; the answer returned finds nobody."""
    transport = request.transport
    if transport is not None:
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        transport.abort()
    return web.Response(status=444)


async def _piecemeal(
    request: web.BaseRequest, answer: SimResponse, headers: CIMultiDict[str]
) -> web.StreamResponse:
    """Send a body in pieces, and perhaps not all of what was announced."""
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    shown = answer.body if answer.cut is None else answer.body[: answer.cut]
    for start in range(0, len(shown), _PIECE):
        await response.write(shown[start : start + _PIECE])
        if answer.drip:
            await asyncio.sleep(answer.drip)
    if answer.cut is not None and request.transport is not None:
        response.force_close()
        request.transport.close()
    return response
