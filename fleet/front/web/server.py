"""The web server of the dashboard: its routes, and how it listens."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files

from aiohttp import web

from fleet.front.web import rendering
from fleet.front.web.access import Access, Hosts
from fleet.front.web.audits import Audits
from fleet.front.web.guards import COOKIE, guard, secure_headers, session_of
from fleet.front.web.labels import Labels
from fleet.front.web.views import Views
from fleet.journal.overview import Overview

__all__ = ["Dashboard", "Measures", "listening", "make_app"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Measures = Callable[[], Awaitable[tuple[bytes, str]]]
"""Returns metrics and their content type."""

_LARGEST = 16 * 1024
"""Bytes of a request's body: forms are all that is sent."""

_STATIC = {
    "htmx.min.js": ("fleet.front.web", "static/htmx.min.js", "text/javascript"),
    "fleet.js": ("fleet.front.web", "static/fleet.js", "text/javascript"),
    "style.css": ("fleet.front.web", "static/style.css", "text/css"),
    "tokens.css": ("fleet.report", "tokens.css", "text/css"),
}
"""Every file that is served; there are no others, whatever the address says."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What a dashboard shows and to whom.

    Args:
        overview: The journal.
        hosts: What it is called.
        access: Who may look.
        labels: What the inventory says of sites.
        audits: Starts audits; None where it may only be looked at.
        metrics: Makes metrics and their content type; None where their package is missing.
    """

    overview: Overview
    hosts: Hosts
    access: Access = field(default_factory=lambda: Access(None))
    labels: Labels = field(default_factory=Labels)
    audits: Audits | None = None
    metrics: Measures | None = None


def make_app(dashboard: Dashboard) -> web.Application:
    """Return the application of a dashboard."""
    shared = {
        "writable": dashboard.audits is not None,
        "token_needed": not dashboard.access.is_open,
        "labelled": dashboard.labels.known,
    }

    def page(request: web.Request, status: int, sentence: str) -> web.Response:
        context = {"status": status, "sentence": sentence, "form_token": ""}
        return rendering.render(request, "error.html", context, status)

    app = web.Application(
        client_max_size=_LARGEST, middlewares=[guard(dashboard.hosts, dashboard.access, page)]
    )
    app.on_response_prepare.append(secure_headers)
    rendering.set_up(app, shared)
    views = Views(dashboard.overview, dashboard.labels, dashboard.access)
    app.add_routes(
        [
            web.get("/", views.grid),
            web.get("/sites/{site}", views.site),
            web.get("/runs", views.history),
            web.get("/runs/{run}", views.run),
            web.get("/runs/{run}/live", views.live),
            web.get("/compare", views.compare),
            web.get("/drift", views.drift),
            web.get("/static/{name}", _static(_read_static())),
            web.get("/healthz", _healthy),
        ]
    )
    if dashboard.metrics is not None:
        app.add_routes([web.get("/metrics", _measured(dashboard.metrics))])
    _add_doors(app, dashboard)
    return app


def _add_doors(app: web.Application, dashboard: Dashboard) -> None:
    """Add what is sent by forms."""
    access = dashboard.access

    async def show_login(request: web.Request) -> web.Response:
        if access.is_open:
            raise web.HTTPSeeOther("/")
        return rendering.render(request, "login.html", {"wrong": False, "form_token": ""})

    async def log_in(request: web.Request) -> web.Response:
        form = await request.post()
        if not await access.accepts(str(form.get("token", "")), request.remote or ""):
            context = {"wrong": True, "form_token": ""}
            return rendering.render(request, "login.html", context, 403)
        response = web.Response(status=303, headers={"Location": "/"})
        secure = dashboard.hosts.secure or request.host.lower() in dashboard.hosts.names
        response.set_cookie(
            COOKIE, access.open_session(), path="/", httponly=True, secure=secure, samesite="Strict"
        )
        return response

    async def log_out(request: web.Request) -> web.Response:
        await _checked_form(request, access)
        access.close_session(session_of(request))
        response = web.Response(status=303, headers={"Location": "/login"})
        response.del_cookie(COOKIE, path="/")
        return response

    app.add_routes(
        [
            web.get("/login", show_login),
            web.post("/login", log_in),
            web.post("/logout", log_out),
        ]
    )
    if dashboard.audits is not None:
        app.add_routes([web.post("/audits", _starting(dashboard.audits, access))])


def _starting(audits: Audits, access: Access) -> _Handler:
    async def start_audit(request: web.Request) -> web.Response:
        await _checked_form(request, access)
        await audits.start()
        return web.Response(status=303, headers={"Location": "/runs"})

    return start_audit


async def _checked_form(request: web.Request, access: Access) -> Mapping[str, object]:
    form = await request.post()
    if not access.is_form_token(session_of(request), str(form.get("form_token", ""))):
        raise web.HTTPForbidden(reason="this form is no longer valid: load the page again")
    return form


def _measured(metrics: Measures) -> _Handler:
    async def measured(_request: web.Request) -> web.Response:
        text, kind = await metrics()
        return web.Response(body=text, headers={"Content-Type": kind})

    return measured


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


def _read_static() -> dict[str, tuple[bytes, str]]:
    return {
        name: (files(package).joinpath(path).read_bytes(), kind)
        for name, (package, path, kind) in _STATIC.items()
    }


def _static(known: Mapping[str, tuple[bytes, str]]) -> _Handler:
    async def serve(request: web.Request) -> web.Response:
        found = known.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(reason="there is no such file")
        return web.Response(body=found[0], content_type=found[1], charset="utf-8")

    return serve


@asynccontextmanager
async def listening(
    app: web.Application, bound: socket.socket, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Let an application answer while the context is open.

    Args:
        app: The application.
        bound: Where it listens.
        tls: Certificate and key.
    """
    # No log of requests: there is nothing in it that the journal does not tell better.
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=30, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.SockSite(runner, bound, ssl_context=tls).start()
        yield
    finally:
        await runner.cleanup()
