"""A tiny WordPress: login, nonces and a few REST routes, with switches for trouble.

It keeps what really decides: cookies set at login, nonces bound to them, and the order in
which WordPress checks them.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import dataclass, field

from aiohttp import web

COOKIE = "wordpress_logged_in_0f0f"
USER = "keeper"
PASSWORD = "open sesame"
APPLICATION_PASSWORD = "abcd EFGH 1234"
NAMESPACES = ["wp/v2", "jetpack/v4"]
ADMINISTRATOR: dict[str, object] = {
    "id": 1,
    "name": "Keeper",
    "roles": ["administrator"],
    "capabilities": {"manage_options": True},
}


def error(status: int, code: str) -> web.Response:
    """Return an error as the REST API shapes it."""
    body = {"code": code, "message": f"no: {code}", "data": {"status": status}}
    return web.json_response(body, status=status)


@dataclass(slots=True)
class FakeWordPress:
    """State, switches and counters.

    Args:
        session: Number of the living session; 0 where there is none.
        nonce: Number of the nonce that is accepted.
        has_ajax_nonce: Whether the small request for a nonce exists (WordPress 5.3).
        pages: Admin pages by name, as ``{nonce}`` templates.
        refuses_nonces: Whether every nonce is refused.
        dies_at_once: Whether no login gives a session that lasts.
        fresh_nonces: Whether answers bring the current nonce (WordPress 4.6).
        restricted: Whether the index needs a login.
        namespaces: What the index lists.
        user: What the site says about the account.
        prepared: Answers given instead, by path.
        once: Answers given instead a single time, by path.
        seen: Requests counted by method and path.
        headers: Headers of the REST requests, in order.
        bodies: Bodies of logins and writes, in order.
        login_cookies: Names of the cookies that came with each login.
    """

    session: int = 0
    nonce: int = 1
    has_ajax_nonce: bool = True
    pages: dict[str, str] = field(default_factory=dict)
    refuses_nonces: bool = False
    dies_at_once: bool = False
    fresh_nonces: bool = False
    restricted: bool = False
    namespaces: list[str] = field(default_factory=lambda: list(NAMESPACES))
    user: dict[str, object] = field(default_factory=lambda: dict(ADMINISTRATOR))
    prepared: dict[str, web.Response] = field(default_factory=dict)
    once: dict[str, web.Response] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    login_cookies: list[list[str]] = field(default_factory=list)

    @property
    def current(self) -> str:
        """Return the nonce that is accepted."""
        return f"{self.nonce:010x}"

    def end_session(self) -> None:
        """Forget the session and with it its nonce."""
        self.session += 1
        self.nonce += 1

    def logged_in(self, request: web.Request) -> bool:
        """Return whether the cookie belongs to the living session."""
        return self.session > 0 and request.cookies.get(COOKIE) == f"u|{self.session}|t|m"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer any request."""
        self.seen[f"{request.method} {request.path}"] += 1
        if single := self.once.pop(request.path, None):
            return single
        if prepared := self.prepared.get(request.path):
            return web.Response(
                status=prepared.status, headers=prepared.headers, body=prepared.body
            )
        if request.path == "/wp-login.php":
            return await self._login(request)
        if request.path.startswith("/wp-admin/"):
            return self._admin(request)
        if request.path.startswith("/wp-json/"):
            return await self._rest(request)
        return web.Response(text="<h1>Not Found</h1>", status=404, content_type="text/html")

    async def _login(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.bodies.append(json.dumps(dict(form), default=str))
        self.login_cookies.append(sorted(request.cookies))
        page = web.Response(content_type="text/html")
        page.set_cookie("wordpress_test_cookie", "WP%20Cookie%20check")
        if (form.get("log"), form.get("pwd")) != (USER, PASSWORD):
            page.text = f'<div id="login_error">Nein.</div><input id="user_login" value="{USER}">'
            return page
        self.end_session()
        page.set_status(302)
        page.headers["Location"] = "/wp-admin/"
        page.set_cookie(COOKIE, f"u|{self.session}|t|m", httponly=True)
        if self.dies_at_once:
            self.end_session()
        return page

    def _admin(self, request: web.Request) -> web.Response:
        if request.path.endswith("admin-ajax.php"):
            known = self.has_ajax_nonce and request.query.get("action") == "rest-nonce"
            if known and self.logged_in(request):
                return web.Response(text=self.current, content_type="text/html")
            return web.Response(text="0", status=400, content_type="text/html")
        if not self.logged_in(request):
            return web.Response(status=302, headers={"Location": "/wp-login.php?reauth=1"})
        name = request.path.rpartition("/")[2]
        if name not in self.pages:
            return web.Response(text="no rights", status=403, content_type="text/html")
        page = self.pages[name].replace("NONCE", self.current)
        return web.Response(text=page, content_type="text/html")

    async def _rest(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        nonce = request.headers.get("X-WP-Nonce")
        by_cookie = COOKIE in request.cookies or nonce is not None
        if by_cookie and nonce and (nonce != self.current or self.refuses_nonces):
            return error(403, "rest_cookie_invalid_nonce")
        known = self.logged_in(request) if by_cookie else self._basic(request)
        answer = await self._route(request, known=known and not (by_cookie and not nonce))
        if self.fresh_nonces and by_cookie:
            answer.headers["X-WP-Nonce"] = self.current
        answer.set_cookie("tracker", "1")
        return answer

    def _basic(self, request: web.Request) -> bool:
        pair = base64.b64encode(f"{USER}:{APPLICATION_PASSWORD}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {pair}"

    async def _route(self, request: web.Request, *, known: bool) -> web.Response:
        route = request.path.removeprefix("/wp-json/")
        if route == "":
            return self._index(request) if known or not self.restricted else error(401, "closed")
        if not known:
            return error(401, "rest_forbidden")
        if route == "wp/v2/users/me":
            return web.json_response(self.user)
        if route == "wp/v2/settings":
            return web.json_response({"title": "Harbour"})
        if request.method == "POST":
            self.bodies.append(await request.text())
        return web.json_response({"code": "success"})

    def _index(self, request: web.Request) -> web.Response:
        home = str(request.url.origin())
        return web.json_response(
            {"name": "Harbour", "url": home, "home": home, "namespaces": self.namespaces}
        )
