"""A plain aiohttp client, so that the tier's own tests depend on nothing of the product."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

import aiohttp

from tests.wordpress.site import ADMIN, WordPressSite

__all__ = ["Answer", "Visitor", "signed_in", "visiting"]


class Answer(NamedTuple):
    """A whole answer; `data` is None where the body is not JSON."""

    status: int
    text: str
    data: object
    headers: Mapping[str, str]

    @property
    def code(self) -> object:
        """Return the error or success code of a REST answer, or None."""
        return self.data.get("code") if isinstance(self.data, dict) else None


class Visitor:
    """One browser at one site.

    Args:
        site: The site.
        session: Its connections and cookies.
    """

    def __init__(self, site: WordPressSite, session: aiohttp.ClientSession) -> None:
        self.site = site
        self.nonce = ""
        self.authorization = ""
        self._session = session

    async def request(
        self,
        method: str,
        url: str,
        sent: object = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request with what is known about the visitor, following no redirect."""
        headers = {"Authorization": self.authorization} if self.authorization else {}
        if self.nonce:
            headers["X-WP-Nonce"] = self.nonce
        async with self._session.request(
            method, url, data=form, json=sent, headers=headers, allow_redirects=False
        ) as answer:
            text = await answer.text()
            data: object = None
            with contextlib.suppress(ValueError):
                data = json.loads(text)
            return Answer(answer.status, text, data, answer.headers)

    def use_basic(self, user: str, password: str) -> None:
        """Send these credentials with every request from now on."""
        self.authorization = aiohttp.encode_basic_auth(user, password, "utf-8")

    async def login(self, user: str, password: str) -> Answer:
        """Send the login form."""
        form = {"log": user, "pwd": password}
        return await self.request("POST", f"{self.site.siteurl}/wp-login.php", form=form)

    async def rest_nonce(self) -> Answer:
        """Ask admin-ajax for a nonce."""
        return await self.request(
            "GET", f"{self.site.siteurl}/wp-admin/admin-ajax.php?action=rest-nonce"
        )

    async def rest(
        self, method: str, route: str, sent: object = None, *, jetpack: bool = True
    ) -> Answer:
        """Call a route below jetpack/v4, or any other of REST."""
        url = self.site.rest(("/jetpack/v4" if jetpack else "") + route)
        return await self.request(method, url, sent)

    async def get(self, route: str) -> Answer:
        """Read a jetpack/v4 route."""
        return await self.rest("GET", route)

    async def post(self, route: str, sent: object = None) -> Answer:
        """Write to a jetpack/v4 route."""
        return await self.rest("POST", route, sent)


@contextlib.asynccontextmanager
async def visiting(site: WordPressSite) -> AsyncIterator[Visitor]:
    """Yield an anonymous visitor; the jar takes cookies of bare addresses."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Visitor(site, session)


@contextlib.asynccontextmanager
async def signed_in(site: WordPressSite, user: str = ADMIN) -> AsyncIterator[Visitor]:
    """Yield a visitor with a session and a nonce."""
    password = site.password if user == ADMIN else site.editor_password
    async with visiting(site) as visitor:
        assert (await visitor.login(user, password)).status == 302
        visitor.nonce = (await visitor.rest_nonce()).text
        yield visitor
