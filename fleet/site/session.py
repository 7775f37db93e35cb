"""An authenticated conversation with one site.

It joins transport, discovery, authentication and retries: reads are asked again within bounds,
writes never are, a stale nonce is renewed once for all callers, and nothing is believed before
the site has said who we are to it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from fleet.errors import SiteError
from fleet.site.account import FOR_ACCOUNTS, ME, ME_QUERY, Identity, identity_in, refuse_anonymous
from fleet.site.admin_state import is_nonce
from fleet.site.auth import Authenticator
from fleet.site.discovery import ROUTE, Endpoints, advertised_in
from fleet.site.pages import from_a_cache, read_page
from fleet.site.remembered import Outdated, Remembered
from fleet.site.retry import Retrier
from fleet.site.transport import Reply, Request, Transport
from fleet.site.wire import Answer, read_answer, recognise

__all__ = ["JETPACK", "Repeat", "SiteSession"]

_INVALID_NONCE = re.compile(r'"code"\s*:\s*"rest_cookie_invalid_nonce"')
_ENVELOPE = 4096
"""Characters within which an error of WordPress has told its code."""
_ABSENT = 50
"""Routes kept that a site does not have; what operations ask for are fewer."""

_LONGEST_LINK = 2000
_HTML = {"Accept": "text/html,application/xhtml+xml"}
_BLOCKED_ROUTE = ("block.waf", "site.rest_unavailable", "proto.not_json")
JETPACK = "jetpack/v4"
_NONCE_HEADER = "X-WP-Nonce"
Repeat = Callable[[], Awaitable[None]]


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
        self._judged = self._listed = False
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

        enters = self._auth.unproven and not self._auth.browses
        found = await (self._enter if enters else self._read)(route, query)
        if found.code == "rest_no_route":
            await self._note_absent(route)
        if found.status == 403 and self._warm and not self._judged:
            await self._judge_rights()
        return found

    async def _read(self, route: str, query: Mapping[str, str] | None) -> Answer:
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

    async def _enter(self, route: str, query: Mapping[str, str] | None) -> Answer:
        """Return the answer to the first request with an application password, its login.

        A wrong one is ignored by WordPress, so a route that answers anybody proves nothing; who
        we are is asked before it.
        """
        if route not in FOR_ACCOUNTS:
            if (await self.identify()).manages is False:
                raise Outdated("the account has lost its rights")
            self._auth.unproven = False
            return await self._read(route, query)
        async with self._auth.entering():
            answer = await self._read(route, query)
            refuse_anonymous(answer, self.endpoints, browses=self._auth.browses)
        self._auth.unproven = not answer.ok
        return answer

    async def _judge_rights(self) -> None:
        """Ask once whether the account has lost the rights that it had.

        Raises:
            Outdated: It has.
        """
        self._judged = True
        if (await self.identify()).manages is False and not self._transport.meter.writes:
            raise Outdated("the account has lost its rights")

    async def _note_absent(self, route: str) -> None:
        """Keep a route that the site has not; where it may have had it, see that Jetpack is there.

        Raises:
            Outdated: It is gone.
        """
        known = self._warm is None or not self._auth.browses or route in self._absent
        if not known and not self._listed and not self._transport.meter.writes:
            self._listed = True
            names = (await self._read("", {"_fields": "namespaces"})).mapping.get("namespaces")
            if not isinstance(names, list) or JETPACK not in names:
                raise Outdated("the site has no Jetpack any more")
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
            answer = await self.get(ME, ME_QUERY)
        except SiteError as error:
            if error.kind not in _BLOCKED_ROUTE:
                raise
            return await self._identify_by_settings()
        refuse_anonymous(answer, self.endpoints, browses=self._auth.browses)
        if not answer.ok:
            return await self._identify_by_settings()
        identity = identity_in(answer.mapping)
        if identity.manages is None:
            rights = await self._identify_by_settings()
            return replace(identity, manages=rights.manages)
        return identity

    async def _identify_by_settings(self) -> Identity:
        """Return what core's settings tell: they are open to ``manage_options`` only.

        Security plugins often close the users route, rarely this one.
        """
        answer = await self.get("wp/v2/settings", {"_fields": "title"})
        refuse_anonymous(answer, self.endpoints, browses=self._auth.browses)
        manages = True if answer.ok else False if answer.status == 403 else None
        return Identity(manages=manages)

    async def _prove(self) -> None:
        """Let the site tell that it knows us, where it has not yet."""
        if self._auth.unproven:
            await self.identify()

    def remembered(self, now: float) -> Remembered | None:
        """Return what the next visit may go on from; None where it could prove nothing.

        Args:
            now: Unix time.
        """
        tells = self._auth.hands_out or not self._auth.browses
        if self._auth.unproven or not tells or self.endpoints.namespaces is None:
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
        if self._auth.unproven and self._auth.browses:
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
