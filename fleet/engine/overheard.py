"""Listens in on the exchanges with a site for secrets that come about on the way.

A password is known before a visit; the cookies and nonces of its session are not. What is sent as
a credential, and what comes as the cookie of a session, is handed on, so that it can be masked
wherever the site says it back. Cookies that keep a choice of a visitor are left alone: the value
of ``theme=twentytwentyfive`` is that of a setting, too.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import unquote

from yarl import URL

from fleet.operations.values import holds_credential
from fleet.site.transport import Connections, Reply, Request, Transport

__all__ = ["overheard", "secrets_of_cookie"]

Hear = Callable[[str], None]
_LONG = 16
"""Characters of the shortest value of a cookie that can be a session; flags are shorter."""

_TOKEN = 32
"""Characters of the shortest token within a value; beside it stand a name and a date."""

_VERY_LONG = 256
"""Characters from which on a value is no choice of a visitor, whatever it looks like."""

_NONCE = re.compile("nonce", re.IGNORECASE)
_SESSIONS = re.compile("wordpress_(?!test_cookie)|sess|auth(?!or)|token", re.IGNORECASE)
"""Names of the cookies of sessions; that of an author keeps the name of who commented."""

_HEX = re.compile(r"[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z0-9+/=._~$-]{16,}")
_TURN = re.compile(r"(?=[A-Za-z][0-9]|[0-9][A-Za-z]|[a-z][A-Z])")


def overheard(connections: Connections, hear: Hear) -> Connections:
    """Return `connections` with each credential in their exchanges told to `hear`."""
    return cast("Connections", _Connections(connections, hear))


class _Connections:
    """All that visits use of connections; the rest is passed through."""

    def __init__(self, connections: Connections, hear: Hear) -> None:
        self._connections = connections
        self._hear = hear

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connections, name)

    @asynccontextmanager
    async def open(self, *given: Any, **named: Any) -> AsyncIterator[Transport]:
        """Yield the transport of the connections that are listened to."""
        async with self._connections.open(*given, **named) as transport:
            yield cast("Transport", _Transport(transport, self._hear))


class _Transport:
    """A transport whose exchanges are listened to."""

    def __init__(self, transport: Transport, hear: Hear) -> None:
        self._transport = transport
        self._hear = hear

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def at(self, origin: URL) -> Transport:
        """Return the same for another origin."""
        return cast("Transport", _Transport(self._transport.at(origin), self._hear))

    async def send(self, request: Request) -> Reply:
        """Send `request`, and tell what is secret in it and in its answer."""
        for secret in _sent(request):
            self._hear(secret)
        reply = await self._transport.send(request)
        for header in reply.headers.getall("Set-Cookie", []):
            for secret in secrets_of_cookie(header):
                self._hear(secret)
        return reply


def _sent(request: Request) -> Iterator[str]:
    """Yield the secrets that a request carries, but for its cookies and the password."""
    for name, value in request.headers.items():
        if name.lower() == "authorization" or _NONCE.search(name):
            yield value.rpartition(" ")[2]
    for name, value in (request.form or {}).items():
        if _NONCE.search(name):
            yield value
    for name, value in request.json.items() if isinstance(request.json, Mapping) else ():
        if isinstance(value, str) and holds_credential(str(name), value):
            yield value


def secrets_of_cookie(header: str) -> Iterator[str]:
    """Yield the value of a session's cookie as it is sent and as it is meant, and its tokens."""
    name, _, value = header.partition(";")[0].partition("=")
    value = value.strip(' "')
    meant = unquote(value)
    if len(value) < _LONG:
        return
    named = _SESSIONS.search(name) is not None
    if named or len(value) >= _VERY_LONG or _looks_random(meant):
        yield value
        yield meant
    for part in meant.split("|"):
        if len(part) >= _TOKEN and (named or _looks_random(part)):
            yield part


def _looks_random(value: str) -> bool:
    """Return whether a value is nothing that people write.

    At random, letters and digits, or small letters and capitals, meet at two places of five; in
    names, times and addresses seldom.
    """
    if _HEX.fullmatch(value):
        return True
    return _WORD.fullmatch(value) is not None and 4 * len(_TURN.findall(value)) >= len(value)
