"""An authenticated conversation with one site.

It joins transport, discovery, authentication and retries: reads are asked again within bounds,
writes never are, a stale nonce is renewed once for all callers, and nothing is believed before
the site has said who we are to it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from fleet.errors import SiteError
from fleet.site.admin_state import is_nonce
from fleet.site.auth import Authenticator
from fleet.site.discovery import ROUTE, Endpoints, advertised_in
from fleet.site.pages import from_a_cache, read_page
from fleet.site.remembered import Outdated, Remembered
from fleet.site.retry import Retrier
from fleet.site.transport import Reply, Request, Transport
from fleet.site.wire import Answer, brief, read_answer, recognise

__all__ = ["JETPACK", "Identity", "Repeat", "SiteSession"]

_INVALID_NONCE = re.compile(r'"code"\s*:\s*"rest_cookie_invalid_nonce"')
_ENVELOPE = 4096
"""Characters within which an error of WordPress has told its code."""
_REJECTED = ("incorrect_password", "invalid_username", "invalid_email")
_ABSENT = 50
"""Routes kept that a site does not have; what operations ask for are fewer."""

_LONGEST_LINK = 2000
_HTML = {"Accept": "text/html,application/xhtml+xml"}
_BLOCKED_ROUTE = ("block.waf", "site.rest_unavailable", "proto.not_json")
JETPACK = "jetpack/v4"
_NONCE_HEADER = "X-WP-Nonce"
_ME = {"context": "edit", "_fields": "id,name,roles,capabilities"}
"""WordPress leaves all rights out where a single one is asked for by a nested name (4.7 to 7.1)."""

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
        warm: What it goes on from. Then nothing is believed before an answer is seen to be to
            us and of the same site; where one is not, or a route is gone, `Outdated` is raised.
    """

    def __init__(
        self,
        transport: Transport,
        endpoints: Endpoints,
        auth: Authenticator,
        retrier: Retrier,
        repeat: Repeat | None = None,
        warm: Remembered | None = None,
    ) -> None:
        self._repeat = repeat
        self._warm = warm
        self._judged = False
        self._link = warm.link if warm else ""
        self._absent = set(warm.absent if warm else ())
        self.nested = warm.nested if warm else True
        self._transport = transport
        self.endpoints = endpoints
        self._auth = auth
        self._retrier = retrier

    def take_no_nested(self) -> None:
        """Remember that the site's ``_fields`` takes no nested names."""
        self.nested = False

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
        if found.code == "rest_no_route":
            self._note_absent(route)
        if found.status == 403 and self._warm and not self._judged:
            await self._judge_rights()
        return found

    async def _judge_rights(self) -> None:
        """Ask once whether the account has lost the rights that it had.

        Raises:
            Outdated: It has.
        """
        self._judged = True
        if (await self.identify()).manages is False and not self._transport.meter.writes:
            raise Outdated("the account has lost its rights")

    def _note_absent(self, route: str) -> None:
        """Keep a route that the site has not; one that it had may be gone with all of Jetpack."""
        if self._warm and route not in self._absent and not self._transport.meter.writes:
            raise Outdated(f"the site has no {brief(route)} any more")
        self._absent.add(route)

    async def _fresh(self, route: str, query: Mapping[str, str] | None) -> Reply:
        """Return the site's own answer, asked past a cache where one has answered.

        After a write it is asked that way at once: what is read then is what counts, and not
        every cache tells of itself. Nor does our nonce prove anything then: a cache that asks
        for no query may have kept it together with what was there before.

        Raises:
            SiteError: ``proto.cached`` where it cannot be passed.
        """
        wrote = self._transport.meter.writes > 0
        apart = wrote or self._auth.unproven
        reply = await self._signed("GET", route, _past(query) if apart else query)
        if not from_a_cache(reply):
            return reply
        if not apart:
            reply = await self._signed("GET", route, _past(query))
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
        await self._prove()
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
        await self._prove()
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
        await self._prove()
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
            answer = await self.get("wp/v2/users/me", _ME)
        except SiteError as error:
            if error.kind not in _BLOCKED_ROUTE:
                raise
            return await self._identify_by_settings()
        self._refuse_anonymous(answer)
        if not answer.ok:
            return await self._identify_by_settings()
        identity = _identity(answer.mapping)
        if identity.manages is None:
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

    async def _prove(self) -> None:
        """Let the site tell that it knows us, where it has not yet."""
        if self._auth.unproven:
            await self.identify()

    def remembered(self, now: float) -> Remembered | None:
        """Return what the next visit may go on from; None where it could prove nothing.

        Args:
            now: Unix time.
        """
        if self._auth.unproven or not self._auth.hands_out or self.endpoints.namespaces is None:
            return None
        renewed = self._warm is None or self._transport.meter.logins > 0
        return Remembered(
            self.endpoints,
            now if renewed or self._warm is None else self._warm.since,
            self._link,
            self.nested,
            frozenset(sorted(self._absent)[:_ABSENT]),
            self._auth.nonce,
            self._transport.cookies(),
        )

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
            refused = reply.status == 403 and _INVALID_NONCE.search(reply.text[:_ENVELOPE])
            if not refused:
                self._meet(reply)
            ignored = method == "GET" and self._ignored_in(reply)
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

    def _meet(self, reply: Reply) -> None:
        """Take note of the address that the site gives itself, and of whom it takes us for.

        Raises:
            Outdated: It does not know us any more, or has moved.
        """
        if reply.status == 429 or reply.status >= 500:
            return
        link = next(advertised_in(reply), "")[:_LONGEST_LINK]
        if self._auth.unproven:
            if from_a_cache(reply) or not self._is_to_us(reply) or link != self._link:
                raise Outdated("the session of an earlier run is over, or the site has moved")
            self._auth.unproven = False
        self._link = link or self._link

    def _is_to_us(self, reply: Reply) -> bool:
        """Return whether WordPress sent the nonce that only those get whom it knows by cookie."""
        return self._auth.browses and is_nonce(reply.headers.get(_NONCE_HEADER, ""))

    def _ignored_in(self, reply: Reply) -> bool:
        # What a cache answers is asked for again past it, which costs no fresh nonce.
        return not from_a_cache(reply) and self._auth.ignored_in(reply)


def _past(query: Mapping[str, str] | None) -> dict[str, str]:
    """Return a query that no cache has seen."""
    return {**(query or {}), "_": secrets.token_hex(4)}


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


def _identity(user: Mapping[str, object]) -> Identity:
    roles, rights = user.get("roles"), user.get("capabilities")
    return Identity(
        username=brief(str(user.get("name", ""))),
        roles=tuple(brief(str(role)) for role in roles) if isinstance(roles, list) else (),
        manages=bool(rights.get("manage_options")) if isinstance(rights, dict) else None,
    )
