"""Finds a site's REST root and admin address from the address people type, without credentials.

WordPress knows two addresses: ``home``, where pages and the REST API live, and ``siteurl``,
where its files, the login and wp-admin live. Either may be what the inventory has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from yarl import URL

from fleet.errors import SiteError
from fleet.site.transport import Reply, Request, Transport, web_address
from fleet.site.wire import Answer, brief, read_answer, recognise

__all__ = ["ROUTE", "Discovery", "Endpoints", "advertised_in", "same_host"]

_INDEX_FIELDS = "name,url,home,namespaces,authentication"
_LINK = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?https://api\.w\.org/"?')
_JSON = {"Accept": "application/json"}
_HTML = {"Accept": "text/html,application/xhtml+xml"}
ROUTE = "rest_route"
"""Name in the query of the route that is asked for where permalinks are plain."""

_TOLD = ("site.database_down", "site.critical_error", "site.parked")
"""What a page is taken for by what stands in it; a theme's own may hold the same."""

_TRY_ELSEWHERE = ("site.rest_unavailable", "proto.not_json", "block.waf", *_TOLD)
"""Servers often close the path ``/wp-json`` alone, and the plain root still answers."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a site's parts are.

    Args:
        rest_root: Address that REST routes are appended to; its query holds ``rest_route``
            where permalinks are plain.
        siteurl: Address of WordPress's files, with a trailing slash.
        namespaces: What the REST index lists, or None where the index needs a login.
        name: The site's own title; hostile text.
        home: The site's own public address, or None where it does not tell; may be anywhere.
        passwords: Whether the index offers application passwords; None where it does not tell.
    """

    rest_root: URL
    siteurl: URL
    namespaces: frozenset[str] | None
    name: str = ""
    home: URL | None = None
    passwords: bool | None = None

    @property
    def origin(self) -> URL:
        """Return the one origin that credentials may go to."""
        return self.siteurl.origin()

    def rest(self, route: str, query: Mapping[str, str] | None = None) -> URL:
        """Return the address of a REST route such as ``jetpack/v4/module/all``."""
        root = self.rest_root
        if ROUTE in root.query:
            joined = root.query[ROUTE].rstrip("/") + "/" + route
            url = root.update_query({ROUTE: joined})
        else:
            url = root.with_path(root.path.rstrip("/") + "/" + route, keep_query=True)
        return url.update_query(query) if query else url

    def admin(self, page: str, query: Mapping[str, str] | None = None) -> URL:
        """Return the address of a page below wp-admin."""
        url = self.siteurl.joinpath("wp-admin", page)
        return url.with_query(query) if query else url

    def login(self, path: str) -> URL:
        """Return the address of the login page at `path` below siteurl."""
        return self.siteurl.with_path(self.siteurl.path + path.lstrip("/"))


def same_host(one: URL, other: URL) -> bool:
    """Return whether two addresses are one host and port, or its http and https twins."""
    twins = one.is_default_port() and other.is_default_port()
    return one.host == other.host and (one.port == other.port or twins)


def advertised_in(reply: Reply) -> Iterator[str]:
    """Yield the addresses of the REST API that an answer names; hostile text.

    WordPress names its own in pages and in each answer of the API (4.4).
    """
    for header in reply.headers.getall("Link", ()):
        if match := _LINK.search(header):
            yield match.group(1)


class Discovery:
    """Looks for the REST root of one site.

    Args:
        transport: Transport for the site's own origin.
        url: The address from the inventory, with a trailing slash.
        redirects: Hops to follow at most.
    """

    def __init__(self, transport: Transport, url: URL, redirects: int) -> None:
        self._transport = transport
        self._url = url
        self._redirects = redirects

    async def find(self, known: URL | None = None) -> Endpoints:
        """Return the site's endpoints: pretty root, then plain root, then Link header.

        Args:
            known: The root that an earlier visit found, tried before all others.

        Raises:
            SiteError: ``site.rest_unavailable`` where no root answers, ``redirect.*`` where
                the site leads away from its own origin, what stands in front of it, or what the
                first page tells where no later root answers either.
        """
        tried: list[SiteError] = []
        for candidate in self._roots(known):
            try:
                root = candidate or await self._advertised()
                if root is not None:
                    return await self._index(root)
            except SiteError as error:
                if error.kind not in _TRY_ELSEWHERE:
                    if told := _first(tried, _TOLD):
                        raise told from error
                    raise
                # With its traceback it would hold this list, which holds it.
                tried.append(error.with_traceback(None))
        if told := _first(tried, ("block.waf", *_TOLD)):
            raise told
        raise SiteError(
            "site.rest_unavailable", f"no REST root was found below {self._url}", said=tried[0].said
        )

    def _roots(self, known: URL | None) -> Iterator[URL | None]:
        """Yield where to look, one after the other; None stands for where the site says."""
        if known is not None and same_host(known, self._url):
            yield known
        # A redirect may have moved the site to https by the time of the next.
        if (pretty := self._url.joinpath("wp-json/")) != known:
            yield pretty
        if (plain := self._url.with_query({ROUTE: "/"})) != known:
            yield plain
        yield None

    async def reread(self, endpoints: Endpoints, answer: Answer) -> Endpoints:
        """Return `endpoints` completed from an index that was read while logged in."""
        return self._read_index(endpoints.rest_root, answer)

    @staticmethod
    def index_query() -> dict[str, str]:
        """Return the query that keeps the index small (``_fields``, WordPress 4.9)."""
        return {"_fields": _INDEX_FIELDS}

    async def front_page(self) -> str | None:
        """Return the page that visitors see, hostile text; None where there is none to see now.

        It is asked for without the jar: Jetpack's statistics do not count those who are logged in.
        """
        try:
            reply = await self._follow("GET", self._url, _HTML, self._transport.as_visitor())
        except SiteError:
            return None
        return reply.text if reply.status == 200 else None

    async def _index(self, root: URL) -> Endpoints:
        reply = await self._follow("GET", root.update_query(self.index_query()), _JSON)
        answer = read_answer(reply)
        found = reply.url.without_query_params("_fields")
        if answer.status in (401, 403) and answer.code:
            return Endpoints(found, self._url.with_scheme(found.scheme), None)
        return self._read_index(found, answer)

    def _read_index(self, root: URL, answer: Answer) -> Endpoints:
        index = answer.value if answer.ok and isinstance(answer.value, dict) else {}
        namespaces = index.get("namespaces")
        if not isinstance(namespaces, list):
            raise SiteError("site.rest_unavailable", "the REST index is not WordPress's")
        return Endpoints(
            rest_root=root,
            siteurl=self._own(index.get("url"), root),
            namespaces=frozenset(name for name in namespaces if isinstance(name, str)),
            name=brief(str(index.get("name", ""))),
            home=_address(index.get("home")),
            passwords=_offers_passwords(index.get("authentication")),
        )

    def _own(self, siteurl: object, root: URL) -> URL:
        """Return siteurl with a slash, refused where it is not on the root's own host."""
        url = web_address(siteurl, URL()) if isinstance(siteurl, str) else None
        if url is None:
            return self._url.with_scheme(root.scheme)
        if not same_host(url, root):
            raise SiteError(
                "redirect.cross_origin", f"the site's login is at {url.origin()}, not {root.host}"
            )
        secure = url if url.scheme == "https" else url.with_scheme(root.scheme)
        if secure.origin() != root.origin():
            raise SiteError("redirect.cross_origin", f"the site's login is at {secure.origin()}")
        return secure.with_path(secure.path.rstrip("/") + "/")

    async def _advertised(self) -> URL | None:
        reply = await self._follow("HEAD", self._url, _HTML)
        for address in advertised_in(reply):
            root = web_address(address, reply.url)
            if root is not None and not same_host(root, reply.url):
                raise SiteError("redirect.cross_origin", f"the REST API is at {root.origin()}")
            if root is not None:
                return root.with_scheme(reply.url.scheme)
        return None

    async def _follow(
        self, method: str, url: URL, headers: Mapping[str, str], by: Transport | None = None
    ) -> Reply:
        """Return the answer behind same-host redirects; an upgrade to https moves the site."""
        seen = {url}
        for _ in range(self._redirects + 1):
            transport = (by or self._transport).at(url)
            reply = await transport.send(Request(method, url, headers))
            target = reply.location
            if target is None:
                return reply
            if not same_host(target, url) or (url.scheme, target.scheme) == ("https", "http"):
                raise recognise(reply)
            if target in seen:
                break
            seen.add(target)
            if target.scheme != url.scheme:
                self._url = self._url.with_scheme("https")
            url = target.with_fragment(None)
        raise SiteError("redirect.loop", f"{self._url} redirects again and again")


def _first(errors: Sequence[SiteError], kinds: Sequence[str]) -> SiteError | None:
    return next((error for error in errors if error.kind in kinds), None)


def _address(text: object) -> URL | None:
    return web_address(text, URL()) if isinstance(text, str) else None


def _offers_passwords(authentication: object) -> bool | None:
    """Return whether an index offers application passwords; PHP writes "nothing" as a list."""
    if isinstance(authentication, dict):
        return "application-passwords" in authentication
    return False if authentication == [] else None
