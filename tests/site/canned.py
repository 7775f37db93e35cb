"""A transport that answers from memory, and a server that answers from a table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from yarl import URL

from fleet.site.discovery import Discovery
from fleet.site.transport import Meter, Reply, Request, Transport
from tests.site.servers import transport_to, web_server

NOT_FOUND = (404, {"Content-Type": "text/html"}, "<h1>Not Found</h1>")
Row = tuple[int, dict[str, str], str]


def index(url: object = "ORIGIN") -> Row:
    """Return a REST index; ``ORIGIN`` stands for the address of the server."""
    body = {"name": "Harbour", "url": url, "namespaces": ["wp/v2", "jetpack/v4"]}
    return 200, {"Content-Type": "application/json"}, json.dumps(body)


def moved(target: str, status: int = 301) -> Row:
    """Return a redirect."""
    return status, {"Location": target}, ""


def linked(target: str) -> Row:
    """Return a front page that tells where the REST API is."""
    return 200, {"Link": f'<{target}>; rel="https://api.w.org/"'}, "<h1>Harbour</h1>"


@dataclass(slots=True)
class Table:
    """Answers by path, with ``?rest_route=…`` where that is asked for; all else is not found."""

    rows: Mapping[str, Row]
    seen: Counter[str] = field(default_factory=Counter)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request."""
        route = request.query.get("rest_route")
        key = request.path if route is None else f"{request.path}?rest_route={route}"
        self.seen[f"{request.method} {key}"] += 1
        status, headers, body = self.rows.get(key, NOT_FOUND)
        origin = str(request.url.origin())
        filled = {name: value.replace("ORIGIN", origin) for name, value in headers.items()}
        return web.Response(status=status, headers=filled, text=body.replace("ORIGIN", origin))


@asynccontextmanager
async def discovery_of(
    table: Table, path: str = "/", redirects: int = 5
) -> AsyncIterator[tuple[Discovery, URL]]:
    """Yield a discovery for `path` on a server with `table`, and the server's address."""
    async with web_server(table.answer) as url, transport_to(url) as transport:
        yield Discovery(transport, url.with_path(path), redirects), url


class Canned(Transport):
    """Gives the answers of a function, whatever the origin."""

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        self._answer = answer
        self.meter = Meter()

    def at(self, origin: URL) -> Transport:
        """Return itself: there is nothing to keep apart."""
        return self

    async def send(self, request: Request) -> Reply:
        """Answer."""
        return self._answer(request)
