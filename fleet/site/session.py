"""An authenticated conversation with one site.

It joins transport, discovery, authentication and retries: reads are asked again within bounds,
writes never are, a stale nonce is renewed once for all callers, and nothing is believed before
the site has said who we are to it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from pydantic import SecretStr

from fleet.config import Settings
from fleet.errors import SiteError
from fleet.inventory.model import AuthMethod, Site
from fleet.site.admin_state import is_nonce
from fleet.site.auth import ApplicationPassword, Authenticator, CookieLogin, Credentials
from fleet.site.discovery import ROUTE, Discovery, Endpoints
from fleet.site.guard import Guard, Unguarded
from fleet.site.identity import Face, blog_in_page
from fleet.site.pages import from_a_cache, read_page
from fleet.site.retry import Retrier
from fleet.site.transport import Connections, Meter, Reply, Request, Transport
from fleet.site.wire import Answer, brief, read_answer, recognise

__all__ = ["Identity", "SiteSession", "open_session"]

_INVALID_NONCE = re.compile(r'"code"\s*:\s*"rest_cookie_invalid_nonce"')
_ENVELOPE = 4096
"""Characters within which an error of WordPress has told its code."""
_REJECTED = ("incorrect_password", "invalid_username", "invalid_email")
_HTML = {"Accept": "text/html,application/xhtml+xml"}
_BLOCKED_ROUTE = ("block.waf", "site.rest_unavailable", "proto.not_json")
JETPACK = "jetpack/v4"
_NONCE_HEADER = "X-WP-Nonce"
Repeat = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the site takes us for.

    Args:
        username: Display name; hostile text. Empty where the site does not tell.
        roles: Role names such as ``administrator``.
        manages: Whether the account has ``manage_options``, or None where no route tells
            (WordPress older than 4.7).
    """

    username: str = ""
    roles: tuple[str, ...] = ()
    manages: bool | None = None


class SiteSession:
    """Signed requests to one site.

    Args:
        transport: Transport for the site's origin.
        endpoints: Where its REST root is.
        auth: Signs the requests.
        retrier: Bounds for asking a read again.
        repeat: Awaited before a write is sent once more that WordPress refused unread; what it
            raises keeps it from being sent.
    """

    def __init__(
        self,
        transport: Transport,
        endpoints: Endpoints,
        auth: Authenticator,
        retrier: Retrier,
        repeat: Repeat | None = None,
    ) -> None:
        self._repeat = repeat
        self._transport = transport
        self.endpoints = endpoints
        self._auth = auth
        self._retrier = retrier

    async def get(self, route: str, query: Mapping[str, str] | None = None) -> Answer:
        """Return the answer of a REST route such as ``jetpack/v4/module/all``.

        Raises:
            SiteError: No JSON answer was to be had.
        """

        async def ask() -> Answer | SiteError:
            try:
                return read_answer(await self._fresh(route, query))
            except SiteError as error:
                if error is self._auth.failure:
                    return error
                raise

        found = await self._retrier.read(ask)
        if isinstance(found, SiteError):
            raise found
        return found

    async def _fresh(self, route: str, query: Mapping[str, str] | None) -> Reply:
        """Return the site's own answer, asked past a cache where one has answered.

        After a write it is asked that way at once: what is read then is what counts, and not
        every cache tells of itself. Nor does our nonce prove anything then: a cache that asks
        for no query may have kept it together with what was there before.

        Raises:
            SiteError: ``proto.cached`` where it cannot be passed.
        """
        past = {**(query or {}), "_": secrets.token_hex(4)}
        wrote = self._transport.meter.writes > 0
        reply = await self._signed("GET", route, past if wrote else query)
        if from_a_cache(reply) and not wrote:
            reply = await self._signed("GET", route, past)
        if from_a_cache(reply) and (wrote or not self._is_to_us(reply)):
            raise SiteError("proto.cached", "a cache answers requests that are signed", sent=False)
        return reply

    async def post(self, route: str, body: Mapping[str, object], method: str = "POST") -> Answer:
        """Send a write once and return its answer; Jetpack's redirect to itself comes as 302.

        Another method travels as POST with an override header: the library sends PUT and DELETE
        again by itself when a connection breaks, and many servers refuse them.

        It is sent a second time in one case only: WordPress refused the nonce, which it checks
        before any route runs, so nothing can have happened.

        Raises:
            SiteError: There was no readable answer; unless `sent` is False, only reading tells
                whether the write was made.
        """
        self._transport.meter.writes += 1
        override = {} if method == "POST" else {"X-HTTP-Method-Override": method}
        reply = await self._signed("POST", route, None, body, override)
        if _asks_once_more(reply):
            return Answer(reply.status, None, reply.headers)
        return read_answer(reply, salvage=False)

    async def page(self, name: str, query: Mapping[str, str] | None = None) -> str:
        """Return the HTML of a page below wp-admin such as ``admin.php``; hostile text.

        Raises:
            SiteError: ``jetpack.unsupported`` where the account opens no pages, ``auth.session``
                where the site leads away from the page.
        """
        self._demand_browser()
        url = self.endpoints.admin(name, query)

        async def ask() -> str:
            reply = await self._transport.send(Request("GET", url, _HTML))
            if reply.location is not None and read_page(reply) is None:
                raise SiteError("auth.session", f"the site leads away from {name}")
            if reply.status != 200:
                raise recognise(reply)
            return reply.text

        return await self._retrier.read(ask)

    async def ajax(self, fields: Mapping[str, str]) -> Answer:
        """Send a form to ``admin-ajax.php`` once, as a write, and return its JSON answer.

        Raises:
            SiteError: As for `page`, or there was no readable answer.
        """
        self._demand_browser()
        self._transport.meter.writes += 1
        url = self.endpoints.admin("admin-ajax.php")
        return read_answer(
            await self._transport.send(Request("POST", url, _HTML, form=fields, fresh=True)),
            salvage=False,
        )

    def _demand_browser(self) -> None:
        if not self._auth.browses:
            raise SiteError(
                "jetpack.unsupported",
                "application passwords open no admin pages; this needs method: cookie",
                sent=False,
            )

    async def identify(self) -> Identity:
        """Return who the site takes us for.

        Raises:
            SiteError: ``auth.anonymous`` or ``auth.bad_credentials`` where it is nobody.
        """
        try:
            query = {"context": "edit", "_fields": "id,name,roles,capabilities.manage_options"}
            answer = await self.get("wp/v2/users/me", query)
        except SiteError as error:
            if error.kind not in _BLOCKED_ROUTE:
                raise
            return await self._identify_by_settings()
        self._refuse_anonymous(answer)
        if not answer.ok:
            return await self._identify_by_settings()
        identity = _identity(answer.mapping)
        if identity.manages is None:
            # WordPress before 5.3 takes no nested field and leaves the rights out.
            rights = await self._identify_by_settings()
            return replace(identity, manages=rights.manages)
        return identity

    async def _identify_by_settings(self) -> Identity:
        """Return what core's settings tell: they are open to ``manage_options`` only.

        Security plugins often close the users route, rarely this one.
        """
        answer = await self.get("wp/v2/settings", {"_fields": "title"})
        self._refuse_anonymous(answer)
        manages = True if answer.ok else False if answer.status == 403 else None
        return Identity(manages=manages)

    def _refuse_anonymous(self, answer: Answer) -> None:
        """Refuse to go on as nobody.

        WordPress ignores an application password that is wrong, and answers as it does to nobody
        (6.0 to 7.1); so does one that never got the header. Only some sites tell.
        """
        if answer.status != 401:
            return
        if answer.code in _REJECTED:
            raise SiteError("auth.bad_credentials", "the site rejected the application password")
        if self._auth.browses:
            why = ""
        elif self.endpoints.passwords is False:
            why = ": it offers no application passwords (old, on plain http, or switched off)"
        else:
            why = (
                ": the application password is wrong, or the server drops the Authorization"
                " header; neither counts as a failed login"
            )
        raise SiteError("auth.anonymous", f"the site answers as if nobody were logged in{why}")

    async def _signed(
        self,
        method: str,
        route: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, object] | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> Reply:
        url = self.endpoints.rest(route, query)
        generation = self._auth.generation
        for last in (False, True):
            headers = {"Accept": "application/json", **(extra or {}), **self._auth.headers()}
            request = Request(method, url, headers, json=body, fresh=method == "POST")
            reply = await self._transport.send(request)
            self._auth.adopt(reply)
            ignored = method == "GET" and self._ignored_in(reply)
            refused = reply.status == 403 and _INVALID_NONCE.search(reply.text[:_ENVELOPE])
            if not refused and not ignored:
                return reply
            if last and ignored:
                raise SiteError("auth.anonymous", "the site ignores a fresh nonce")
            if last:
                break
            try:
                await self._auth.renew(generation)
            except SiteError as error:
                # WordPress refused the nonce before any route ran, so nothing was done.
                error.sent = False
                raise
            if method != "GET" and self._repeat is not None:
                await self._repeat()
        raise SiteError("auth.session", "the site keeps refusing a fresh nonce", sent=False)

    def _is_to_us(self, reply: Reply) -> bool:
        """Return whether WordPress sent the nonce that only those get whom it knows by cookie."""
        return self._auth.browses and is_nonce(reply.headers.get(_NONCE_HEADER, ""))

    def _ignored_in(self, reply: Reply) -> bool:
        # What a cache answers is asked for again past it, which costs no fresh nonce.
        return not from_a_cache(reply) and self._auth.ignored_in(reply)


@asynccontextmanager
async def open_session(  # noqa: PLR0913, PLR0917 - a site, its password, and what visits share
    site: Site,
    password: SecretStr,
    connections: Connections,
    settings: Settings,
    meter: Meter,
    guard: Guard | None = None,
    repeat: Repeat | None = None,
) -> AsyncIterator[SiteSession]:
    """Yield a session on `site` as an account that may manage Jetpack.

    Args:
        site: The site, with the account's name.
        password: The account's resolved password.
        connections: What the connections of the run have in common.
        settings: The run's settings.
        meter: Counts what the site costs, also when opening fails.
        guard: Decides whether the password may be sent; None lets it.
        repeat: See `SiteSession`.

    Raises:
        SiteError: The site cannot be used: unreachable, blocked, no Jetpack, no rights.
    """
    guard = guard or Unguarded()
    by_cookie = site.auth.method is AuthMethod.COOKIE
    retrier = Retrier(settings.retries)
    async with connections.open(
        site.url,
        timeout=site.http.timeout,
        meter=meter,
        cookies=by_cookie,
        ca_file=site.http.ca_file,
        pin=site.http.pin,
        proxy=site.http.proxy,
    ) as transport:
        discovery = Discovery(transport, site.url, settings.http.redirects)
        endpoints = await retrier.read(discovery.find)

        async def number() -> str | None:
            page = await discovery.front_page()
            return None if page is None else blog_in_page(page)

        await guard.meet(Face.of(endpoints), number)
        _demand_jetpack(endpoints)
        own = transport.at(endpoints.origin)
        credentials = Credentials(site.auth.username, password)
        auth: Authenticator = ApplicationPassword(credentials)
        if by_cookie:
            auth = CookieLogin(own, endpoints, credentials, site.auth.login_path, guard)
        session = SiteSession(own, endpoints, auth, retrier, repeat)
        _demand_rights(await _signed_in(session, auth, guard), site.auth.username)
        if endpoints.namespaces is None:
            answer = await session.get("", discovery.index_query())
            session.endpoints = await discovery.reread(endpoints, answer)
            await guard.meet(Face.of(session.endpoints), number)
            _demand_jetpack(session.endpoints)
        yield session


async def _signed_in(session: SiteSession, auth: Authenticator, guard: Guard) -> Identity:
    """Return who the site takes us for, after the one time that the password is sent."""
    if auth.browses:
        await auth.open()
        return await session.identify()
    # An application password goes with each request, so the first of them is its login.
    async with guard.sending():
        return await session.identify()


def _asks_once_more(reply: Reply) -> bool:
    """Return whether Jetpack put a plugin in conflict aside instead, and wants the same again.

    It redirects to the address that was asked for, with a mark of its own. Without permalinks
    every route has one path, so the route in the query has to be the same too.
    """
    here, target = reply.url, reply.location
    return (
        reply.status == 302
        and target is not None
        and target.origin() == here.origin()
        and target.path == here.path
        and target.query.get(ROUTE) == here.query.get(ROUTE)
        and target.query.get("jetpack_restate") == "1"
    )


def _demand_jetpack(endpoints: Endpoints) -> None:
    if endpoints.namespaces is not None and JETPACK not in endpoints.namespaces:
        raise SiteError("jetpack.missing", "the site's REST index does not list jetpack/v4")


def _demand_rights(identity: Identity, username: str) -> None:
    if identity.manages is False:
        role = brief(" and ".join(identity.roles)) or "an account without rights"
        raise SiteError(
            "auth.forbidden",
            f"{username} is signed in as {role}; managing Jetpack needs manage_options, as"
            " administrators have it",
        )


def _identity(user: Mapping[str, object]) -> Identity:
    roles, rights = user.get("roles"), user.get("capabilities")
    return Identity(
        username=brief(str(user.get("name", ""))),
        roles=tuple(brief(str(role)) for role in roles) if isinstance(roles, list) else (),
        manages=bool(rights.get("manage_options")) if isinstance(rights, dict) else None,
    )
