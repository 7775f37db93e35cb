"""Stands before every page: hosts, origins, tokens, time, and the headers of every answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from fleet.errors import InputError, JournalError
from fleet.front.console import tell
from fleet.front.guard import where_it_struck
from fleet.front.web.access import Access, Hosts
from fleet.report.inert import inert

__all__ = ["COOKIE", "PUBLIC", "guard", "secure_headers", "session_of"]

COOKIE = "fleet_session"
PUBLIC = ("/login", "/healthz")
"""What is shown to everybody who reaches the dashboard, beside its styles and scripts."""

_SECONDS = 20.0
"""One request may take so long, with its body and its answer's making."""

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "fleet",
}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Page = Callable[[web.Request, int, str], web.Response]


async def secure_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Put on every answer, also on errors, what keeps a browser from doing more than it should."""
    response.headers.update(_HEADERS)


def session_of(request: web.Request) -> str:
    """Return the session that a request names, or an empty text."""
    return request.cookies.get(COOKIE, "")


def guard(
    hosts: Hosts, access: Access, page: _Page
) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Return the middleware that lets requests through or says why not.

    Args:
        hosts: What the dashboard is called.
        access: Who may look.
        page: Makes the page of an error from the request, a status and a sentence.
    """

    @web.middleware
    async def guarded(request: web.Request, handler: _Handler) -> web.StreamResponse:
        if refused := _refused(request, hosts):
            return page(request, *refused)
        if not await _may_look(request, access):
            if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
                return web.Response(status=303, headers={"Location": "/login"})
            return page(request, 401, "this dashboard asks for its token")
        try:
            async with asyncio.timeout(_SECONDS):
                return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return page(request, error.status, error.reason)
        except Exception as error:  # noqa: BLE001 - the boundary; the text may hold secrets
            return page(request, *_explained(error))

    return guarded


def _explained(error: Exception) -> tuple[int, str]:
    """Return what an error means to a visitor: a status and a sentence."""
    if isinstance(error, InputError):
        return 404, str(error)
    if isinstance(error, JournalError):
        return 503, str(error)
    if isinstance(error, TimeoutError):
        return 503, f"this took longer than {_SECONDS:g} seconds"
    for line in where_it_struck(error):
        tell(f"fleet: {inert(line)}")
    return 500, "this page could not be made; the terminal says where"


def _refused(request: web.Request, hosts: Hosts) -> tuple[int, str] | None:
    """Return why nobody at all gets an answer to this request."""
    named = request.headers.getall("Host", [])
    if len(named) != 1 or not hosts.knows(named[0]):
        return 421, "this dashboard has another name: see --allow-host"
    if request.method not in ("GET", "HEAD", "POST"):
        return 405, "this can only be looked at"
    if request.method == "POST" and not hosts.trusts(
        named[0], request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    ):
        return 403, "this was not sent by a page of the dashboard"
    # A link from elsewhere may lead here; nothing of it may be read there.
    foreign = request.headers.get("Sec-Fetch-Site") == "cross-site"
    if foreign and request.headers.get("Sec-Fetch-Mode") != "navigate":
        return 403, "this was asked for by a page of another site"
    return None


async def _may_look(request: web.Request, access: Access) -> bool:
    if access.is_open or request.path in PUBLIC or request.path.startswith("/static/"):
        return True
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await access.accepts(shown.strip(), request.remote or "")
    return access.is_session(session_of(request))
