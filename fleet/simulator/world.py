"""All simulated sites together: one function from a request to an answer, without any network.

Sites live below a path each, so that thousands of them share one port.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import unquote

from fleet.simulator.admin import answer_admin, answer_ajax
from fleet.simulator.catalogue import Catalogue
from fleet.simulator.dispatch import Router
from fleet.simulator.eras import RELEASES
from fleet.simulator.faults import Fault
from fleet.simulator.login import answer_login
from fleet.simulator.pages import home_page, html_page, not_found
from fleet.simulator.routes import routes_of
from fleet.simulator.site import Seen, SimSite, SiteSpec
from fleet.simulator.trouble import Trouble
from fleet.simulator.wire import SimRequest, SimResponse, parse_query, redirect

__all__ = ["World"]

_BARE_ERA = "16.1"
"""Whose WordPress a site without Jetpack runs on."""


class World:
    """Sites by name.

    Args:
        clock: Unix time; tests pass their own.
        seed: Of the randomness with which faults strike.
    """

    def __init__(self, clock: Callable[[], float] = time.time, seed: int = 0) -> None:
        self._clock = clock
        self._seed = seed
        self._sites: dict[str, SimSite] = {}
        self._catalogues: dict[str, Catalogue] = {}
        self._routers: dict[str, Router] = {}
        self._trouble = Trouble()

    def add(self, spec: SiteSpec) -> SimSite:
        """Make a site.

        Raises:
            ValueError: The name is taken, or the release is not known.
        """
        for name in (spec.name, *spec.aliases):
            if name in self._sites:
                raise ValueError(f"there is a site {name!r} already")
        era = spec.era or _BARE_ERA
        if era not in RELEASES:
            raise ValueError(f"no release is called {era!r}; there are {', '.join(RELEASES)}")
        if era not in self._catalogues:
            catalogue = Catalogue(RELEASES[era])
            self._catalogues[era] = catalogue
            self._routers[era] = Router(catalogue, routes_of(RELEASES[era]))
        chance = random.Random(f"{self._seed} {spec.name}")  # noqa: S311 - reproducible, no secret
        site = SimSite(spec, self._catalogues[era], self._clock, chance)
        self._sites.update(dict.fromkeys((spec.name, *spec.aliases), site))
        return site

    def replace(self, spec: SiteSpec) -> SimSite:
        """Put another site in the place of the one of that name, as when a domain is taken over.

        Raises:
            KeyError: There is none of that name.
        """
        for name in (spec.name, *self._sites[spec.name].spec.aliases):
            del self._sites[name]
        return self.add(spec)

    def swap(self, one: str, other: str) -> None:
        """Let two sites answer in each other's place, as when their servers are confused.

        Raises:
            KeyError: There is none of that name.
        """
        sites = self._sites
        sites[one], sites[other] = sites[other], sites[one]

    def site(self, name: str) -> SimSite:
        """Return a site.

        Raises:
            KeyError: There is none of that name.
        """
        return self._sites[name]

    def __iter__(self) -> Iterator[SimSite]:
        return iter(dict.fromkeys(self._sites.values()))

    def handle(self, request: SimRequest) -> SimResponse:
        """Return the answer to a request; changes the site it is for."""
        _, _, rest = request.path.partition("/")
        name, slash, inner = rest.partition("/")
        site = self._sites.get(unquote(name))
        if site is None:
            return not_found()
        if not slash:
            return redirect(f"{request.origin}/{name}/", status=301)
        place = _place(site, request, unquote(inner))
        response = self._troubled(site, request, unquote(inner), place)
        status = 0 if response.drop else response.status
        user = response.facts.get("user", "")
        seen = Seen(
            self._clock(), request.method, place, request.query, user, status, request.client
        )
        site.requests.append(seen)
        return response

    def _troubled(self, site: SimSite, request: SimRequest, inner: str, place: str) -> SimResponse:
        """Return the answer of a site with the faults that strike this request."""
        site.settle_reverts()
        faults = site.faults.strike(place, request.method)
        by_stage: dict[str, list[Fault]] = {}
        for fault in faults:
            by_stage.setdefault(fault.stage, []).append(fault)
        for fault in by_stage.get("prepare", []):
            request = self._trouble.prepare(site, request, fault)
        for fault in by_stage.get("replace", []):
            if _concerns(site, request, inner, fault):
                return self._trouble.instead(site, request, fault)
        after = by_stage.get("transform", [])
        before = site.state.copy() if after else site.state
        response = self._own(site, request, inner, by_stage.get("login", []))
        for fault in after:
            response = self._trouble.afterwards(site, fault, before, response)
        return response

    def _own(
        self, site: SimSite, request: SimRequest, inner: str, faults: list[Fault]
    ) -> SimResponse:
        """Return the site's own answer to a path below its home."""
        route = _rest_route(site, request, inner)
        if route is not None:
            if inner == "" and request.method not in ("GET", "HEAD", "POST"):
                page = html_page("405 Not Allowed", "<body><h1>405 Not Allowed</h1></body>")
                return SimResponse(405, (("Content-Type", "text/html"),), page)
            response = self._routers[site.era.name].answer(site, request, route)
            return replace(response, facts={"user": _asker(site, request)})
        urls = site.urls(request)
        if inner in ("", "index.php"):
            # Jetpack's statistics leave those out who are logged in.
            user = site.accounts.by_cookie(request, "logged_in").user
            home = home_page(site.title, urls.rest, 0 if user else site.blog)
            return replace(home, facts={"user": user.name if user else ""})
        core = f"{site.spec.core_folder}/" if site.spec.core_folder else ""
        if core and not inner.startswith(core):
            if inner.rstrip("/") in ("login", "wp-admin", "admin", "dashboard"):
                target = "wp-login.php" if inner.startswith("login") else "wp-admin/"
                return redirect(f"{urls.core}/{target}")
            return not_found()
        return _core_file(site, request, inner.removeprefix(core), faults)


def _core_file(site: SimSite, request: SimRequest, file: str, faults: list[Fault]) -> SimResponse:
    """Return the answer of one of WordPress's own files."""
    core = site.urls(request).core
    if file == "wp-login.php":
        return answer_login(site, request, faults)
    if file == "wp-admin/admin-ajax.php":
        return answer_ajax(site, request)
    if file == "wp-admin":
        return redirect(f"{core}/wp-admin/", status=301)
    if file.startswith("wp-admin/"):
        user = site.accounts.by_cookie(request, "auth").user
        response = answer_admin(site, request, file.removeprefix("wp-admin/"))
        return replace(response, facts={"user": user.name if user else ""})
    if file.rstrip("/") == "login":
        return redirect(f"{core}/wp-login.php")
    return not_found()


def _rest_route(site: SimSite, request: SimRequest, inner: str) -> str | None:
    """Return the REST route a request asks for, None where it asks for none."""
    if inner in ("", "index.php"):
        route = parse_query(request.query).get("rest_route")
        return route if isinstance(route, str) and route else None
    if site.spec.permalinks == "pretty" and (inner == "wp-json" or inner.startswith("wp-json/")):
        return inner.removeprefix("wp-json").removeprefix("/")
    return None


def _concerns(site: SimSite, request: SimRequest, inner: str, fault: Fault) -> bool:
    """Return whether a fault of the REST interface is about this request."""
    if fault.kind not in ("no_rest", "rest_restricted"):
        return True
    if fault.kind == "rest_restricted" and _asker(site, request):
        return False
    front = fault.kind == "no_rest" and inner in ("", "index.php")
    return front or _rest_route(site, request, inner) is not None


def _place(site: SimSite, request: SimRequest, inner: str) -> str:
    """Return what faults and logs call the place of a request."""
    route = _rest_route(site, request, inner)
    if route is not None:
        return "/" + route.strip("/").lower()
    core = f"{site.spec.core_folder}/" if site.spec.core_folder else ""
    return "/" + inner.removeprefix(core)


def _asker(site: SimSite, request: SimRequest) -> str:
    """Return who a REST request claims to be from, whether or not its nonce holds."""
    visitor = site.accounts.by_cookie(request, "logged_in")
    if visitor.user is None and site.era.application_passwords:
        visitor = site.accounts.by_basic(request)
    return visitor.user.name if visitor.user else ""
