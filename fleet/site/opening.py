"""Opening a session on a site: in full, or on from where an earlier visit left off."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pydantic import SecretStr

from fleet.config import Settings
from fleet.errors import SiteError
from fleet.inventory.model import AuthMethod, Site
from fleet.site.account import Identity
from fleet.site.auth import ApplicationPassword, Authenticator, CookieLogin, Credentials
from fleet.site.discovery import Discovery, Endpoints
from fleet.site.guard import Guard, Unguarded
from fleet.site.identity import Face, blog_in_page
from fleet.site.remembered import Outdated, Remembered
from fleet.site.retry import Retrier
from fleet.site.session import JETPACK, Repeat, SiteSession
from fleet.site.transport import Connections, Meter, Transport
from fleet.site.wire import brief

__all__ = ["open_session"]


@asynccontextmanager
async def open_session(  # noqa: PLR0913, PLR0917 - a site, its password, and what visits share
    site: Site,
    password: SecretStr,
    connections: Connections,
    settings: Settings,
    meter: Meter,
    guard: Guard | None = None,
    repeat: Repeat | None = None,
    warm: Remembered | None = None,
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
        warm: What an earlier visit left; None begins from the address.

    Raises:
        Outdated: What was left holds no longer; begin without it.
        SiteError: The site cannot be used: unreachable, blocked, no Jetpack, no rights.
    """
    guard = guard or Unguarded()
    by_cookie = site.auth.method is AuthMethod.COOKIE
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
        opening = _Opening(site, password, transport, discovery, Retrier(settings.retries), guard)
        if warm is not None and by_cookie:
            yield await opening.resumed(warm, repeat)
        else:
            yield await opening.begun(repeat, warm)


@dataclass(frozen=True, slots=True)
class _Opening:
    """What opening one session needs."""

    site: Site
    password: SecretStr = field(repr=False)
    transport: Transport
    discovery: Discovery
    retrier: Retrier
    guard: Guard

    async def begun(self, repeat: Repeat | None, warm: Remembered | None = None) -> SiteSession:
        """Return a session that was found, met and signed in to just now.

        With an application password, which nothing but its use signs in, the site is looked at
        each time before it is sent; what an earlier visit knows spares looking for the site's
        root and asking for the account's rights.
        """
        root = warm.endpoints.rest_root if warm else None
        endpoints = await self.retrier.read(lambda: self.discovery.find(root))
        await self._meet(endpoints)
        own = self.transport.at(endpoints.siteurl)
        if warm is not None and endpoints.namespaces is not None:
            known = ApplicationPassword(self._credentials, self.guard, unproven=True)
            return SiteSession(own, endpoints, known, self.retrier, repeat, warm)
        auth = self._auth(own, endpoints)
        session = SiteSession(own, endpoints, auth, self.retrier, repeat)
        _demand_rights(await _signed_in(session, auth), self.site.auth.username)
        if endpoints.namespaces is None:
            answer = await session.get("", self.discovery.index_query())
            session.endpoints = await self.discovery.reread(endpoints, answer)
            await self._meet(session.endpoints)
        return session

    async def resumed(self, warm: Remembered, repeat: Repeat | None) -> SiteSession:
        """Return the session of an earlier visit; the site has not been asked anything yet.

        Raises:
            Outdated: The site is known as another one by now.
        """
        try:
            await self._meet(warm.endpoints)
        except SiteError as error:
            if error.kind == "run.halted":
                raise
            raise Outdated(error.message) from error
        own = self.transport.at(warm.endpoints.siteurl)
        own.restore_cookies(warm.cookies)
        auth = self._login(own, warm.endpoints)
        auth.take_up(warm.nonce)
        return SiteSession(own, warm.endpoints, auth, self.retrier, repeat, warm)

    def _auth(self, own: Transport, endpoints: Endpoints) -> Authenticator:
        if self.site.auth.method is AuthMethod.COOKIE:
            return self._login(own, endpoints)
        return ApplicationPassword(self._credentials, self.guard)

    def _login(self, own: Transport, endpoints: Endpoints) -> CookieLogin:
        path = self.site.auth.login_path
        return CookieLogin(own, endpoints, self._credentials, path, self.guard)

    @property
    def _credentials(self) -> Credentials:
        return Credentials(self.site.auth.username, self.password)

    async def _meet(self, endpoints: Endpoints) -> None:
        await self.guard.meet(Face.of(endpoints), self._number)
        _demand_jetpack(endpoints)

    async def _number(self) -> str | None:
        page = await self.discovery.front_page()
        return None if page is None else blog_in_page(page)


async def _signed_in(session: SiteSession, auth: Authenticator) -> Identity:
    """Return who the site takes us for, after the one time that the password is sent."""
    if auth.browses:
        await auth.open()
        return await session.identify()
    # An application password goes with each request, so the first of them is its login.
    async with auth.entering():
        return await session.identify()


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
