"""The two ways of being somebody on a WordPress site: a cookie session, an application password.

Both answer the same three questions: how to become ready, which headers sign a request, and
what to do when the site no longer accepts the signature. They send the password to the site's
own login page or with requests to its own origin, and nowhere else.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol

import anyio
from pydantic import SecretStr

from fleet.errors import SiteError
from fleet.site.admin_state import is_nonce, nonce_in_page
from fleet.site.discovery import Endpoints
from fleet.site.guard import Guard, Unguarded
from fleet.site.login import classify_login
from fleet.site.pages import read_page
from fleet.site.remembered import Outdated
from fleet.site.transport import Reply, Request, Transport
from fleet.site.wire import recognise

__all__ = ["ApplicationPassword", "Authenticator", "CookieLogin", "Credentials"]

_NONCE_HEADER = "X-WP-Nonce"
_HTML = {"Accept": "text/html,application/xhtml+xml"}
_LOGIN_BUDGET = 2
"""One to begin with and one to heal an expired session; more would look like an attack."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who to be.

    Args:
        username: Login name or e-mail address.
        password: Account password, or an application password with or without its spaces.
    """

    username: str
    password: SecretStr = field(repr=False)


class Authenticator(Protocol):
    """A way of signing requests to one site."""

    nonce: str
    """What signs REST requests beside cookies; empty where nothing does."""

    unproven: bool
    """Whether it goes on with an earlier session that the site has not confirmed yet."""

    browses: bool
    """Whether it also opens pages below wp-admin."""

    failure: SiteError | None
    """Why a login failed, if one did: no other is tried, so asking again is of no use."""

    @property
    def hands_out(self) -> bool:
        """Return whether the site's answers tell that it knows us."""

    @property
    def generation(self) -> int:
        """Return a number that grows with each renewal; callers say which one failed them."""

    async def open(self) -> None:
        """Become ready to sign.

        Raises:
            SiteError: An ``auth.*`` or ``block.*`` kind, or what stands in front of the site.
        """

    def entering(self) -> AbstractAsyncContextManager[None]:
        """Return a context for the first request, which shows what the site makes of us."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that sign one REST request."""

    def adopt(self, reply: Reply) -> None:
        """Take over what an answer brings for later requests."""

    def ignored_in(self, reply: Reply) -> bool:
        """Return whether an answer shows that the signature was ignored, not refused."""

    async def renew(self, stale: int) -> None:
        """Get a fresh signature, once for all callers whom generation `stale` failed.

        Raises:
            SiteError: ``auth.session`` where the site does not take us back.
        """


class CookieLogin:
    """A session like a browser's: login form, cookies, and a nonce for the REST API.

    Args:
        transport: Transport for the site's origin, with the site's own cookie jar.
        endpoints: Where the login page and wp-admin are.
        credentials: The account.
        login_path: Path of the login page below siteurl.
        guard: Asked before the password is sent, and told what became of it.
    """

    def __init__(
        self,
        transport: Transport,
        endpoints: Endpoints,
        credentials: Credentials,
        login_path: str,
        guard: Guard | None = None,
    ) -> None:
        self._transport = transport
        self._endpoints = endpoints
        self._credentials = credentials
        self._login_path = login_path
        self._guard = guard or Unguarded()
        self.browses = True
        self.failure: SiteError | None = None
        self.nonce = ""
        self.unproven = False
        self._hands_out = False
        self._generation = 0
        self._lock = anyio.Lock(fast_acquire=True)

    @property
    def generation(self) -> int:
        """Return the generation of the current nonce."""
        return self._generation

    async def open(self) -> None:
        """Log in and fetch a nonce."""
        async with self._lock:
            await self._login()
            nonce = await self._fetch_nonce()
            if nonce is None:
                raise SiteError("auth.session", "the login gave cookies but no working session")
            self._take(nonce)

    @property
    def hands_out(self) -> bool:
        """Return whether the site tells by a nonce that it knows us (WordPress 4.6)."""
        return self._hands_out

    def take_up(self, nonce: str) -> None:
        """Go on with the session of an earlier visit; no login until the site has known it."""
        self.nonce, self._hands_out, self.unproven = nonce, True, True

    def entering(self) -> AbstractAsyncContextManager[None]:
        """Return a context that does nothing: the password went to the login page."""
        return nullcontext()

    def headers(self) -> Mapping[str, str]:
        """Return the nonce header; the cookies are the jar's."""
        return {_NONCE_HEADER: self.nonce}

    def adopt(self, reply: Reply) -> None:
        """Take over the fresh nonce that each authenticated answer brings (WordPress 4.6)."""
        nonce = reply.headers.get(_NONCE_HEADER, "")
        if is_nonce(nonce):
            self.nonce = nonce
            self._hands_out = True

    def ignored_in(self, reply: Reply) -> bool:
        """Return whether a site that hands out nonces left one out where all looks well.

        WordPress sends it with whatever it answers to somebody it knows. PHP's notices keep all
        headers from being sent, so only what is said to be JSON counts.
        """
        as_nobody = reply.status == 401 or 200 <= reply.status < 300
        json = reply.headers.get("Content-Type", "").startswith("application/json")
        return self._hands_out and as_nobody and json and _NONCE_HEADER not in reply.headers

    async def renew(self, stale: int) -> None:
        """Fetch a fresh nonce; where the session itself is gone, log in again once."""
        async with self._lock:
            if self._generation != stale:
                return
            nonce = await self._fetch_nonce()
            if nonce is None and self.unproven:
                raise Outdated("the session of an earlier run is over")
            if nonce is None:
                await self._login()
                nonce = await self._fetch_nonce()
            if nonce is None:
                raise SiteError("auth.session", "a second login gave no working session either")
            self._take(nonce)

    def _take(self, nonce: str) -> None:
        self.nonce = nonce
        self._generation += 1

    async def _login(self) -> None:
        """Send the password, once; a login that failed is told again instead of tried again."""
        if self.failure is None:
            try:
                await self._send_password()
            except SiteError as error:
                self.failure = error
        if self.failure is not None:
            raise self.failure

    async def _send_password(self) -> None:
        """Post the login form. Without the field ``testcookie`` no cookie is needed first."""
        if self._transport.meter.logins >= _LOGIN_BUDGET:
            raise SiteError("auth.session", "the session keeps ending; not logging in again")
        async with self._guard.sending():
            # Old cookies sent to the login page would count as a failed login (wp-login.php).
            self._transport.forget_cookies()
            self._transport.meter.logins += 1
            reply = await self._transport.send(self._form())
            if error := classify_login(reply, self._credentials.username):
                raise error

    def _form(self) -> Request:
        form = {
            "log": self._credentials.username,
            "pwd": self._credentials.password.get_secret_value(),
            "rememberme": "forever",
            "wp-submit": "Log In",
        }
        url = self._endpoints.login(self._login_path)
        return Request("POST", url, _HTML, form=form)

    async def _fetch_nonce(self) -> str | None:
        """Return a fresh nonce, or None where the site sees nobody logged in."""
        url = self._endpoints.admin("admin-ajax.php", {"action": "rest-nonce"})
        reply = await self._transport.send(Request("GET", url, _HTML))
        nonce = reply.text.strip()
        if reply.status == 200 and is_nonce(nonce):
            return nonce
        # "0" means logged out, but also a WordPress older than 5.3; anything else is not
        # WordPress's answer, and says nothing about the session.
        plain = reply.status == 400 and nonce == "0"
        if reply.status == 429 or reply.status >= 500:
            raise recognise(reply)
        found = await self._nonce_from_admin_page()
        if found is None and not plain and reply.location is None:
            raise recognise(reply)
        return found

    async def _nonce_from_admin_page(self) -> str | None:
        # Jetpack's page first: administrators have it in every version. The form for a new post
        # carries one for editors too (WordPress 4.9), so that their rights can be told.
        for page, query in (("admin.php", {"page": "jetpack"}), ("post-new.php", None)):
            url = self._endpoints.admin(page, query)
            reply = await self._transport.send(Request("GET", url, _HTML))
            if reply.location is not None and read_page(reply) is not None:
                raise recognise(reply)
            if reply.location is not None:
                return None
            if nonce := nonce_in_page(reply.text):
                return nonce
        return None


class ApplicationPassword:
    """A revocable password for the API alone, sent with each request (WordPress 5.6).

    Args:
        credentials: The account with one of its application passwords.
        guard: Asked before the password is sent for the first time, and told what became of it.
        unproven: Whether an earlier visit has seen the account's rights, so that the first
            request need not be for them.
    """

    def __init__(
        self, credentials: Credentials, guard: Guard | None = None, *, unproven: bool = False
    ) -> None:
        self._guard = guard or Unguarded()
        self.browses = False
        self.unproven = unproven
        self.nonce = ""
        self.failure: SiteError | None = None
        self._credentials = credentials

    @property
    def hands_out(self) -> bool:
        """Return False: answers do not tell."""
        return False

    @property
    def generation(self) -> int:
        """Return 0: there is nothing to renew."""
        return 0

    async def open(self) -> None:
        """Do nothing: the first request shows whether the password is accepted."""

    def entering(self) -> AbstractAsyncContextManager[None]:
        """Return the guard's context: the first request is the login."""
        return self._guard.sending()

    def headers(self) -> Mapping[str, str]:
        """Return the Authorization header."""
        pair = f"{self._credentials.username}:{self._credentials.password.get_secret_value()}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode("ascii")}

    def adopt(self, reply: Reply) -> None:
        """Take nothing over."""

    def ignored_in(self, reply: Reply) -> bool:  # noqa: ARG002 - the protocol's
        """Return False: answers do not tell."""
        return False

    async def renew(self, stale: int) -> None:  # noqa: ARG002 - the protocol's
        """Refuse: a rejected application password does not become right by itself."""
        raise SiteError("auth.anonymous", "the site did not accept the application password")
