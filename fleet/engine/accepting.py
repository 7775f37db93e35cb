"""Takes a site for what it is now: the answer of a person to `identity.mismatch`."""

from __future__ import annotations

from fleet.config import Settings
from fleet.engine.guarding import without_secrets
from fleet.engine.keeping import site_key
from fleet.errors import InputErrors
from fleet.inventory.model import Site
from fleet.inventory.secrets import SecretResolver
from fleet.journal.journal import Journal
from fleet.redaction import Redactor
from fleet.site.discovery import Discovery
from fleet.site.identity import Face, blog_in_page
from fleet.site.transport import Connections, Meter

__all__ = ["accept_site", "look_at"]


async def look_at(site: Site, settings: Settings) -> Face:
    """Return what a site shows to everybody; no credential is sent.

    Raises:
        SiteError: It shows nothing: unreachable, blocked, no WordPress.
    """
    async with (
        Connections(1, settings.http) as connections,
        connections.open(
            site.url,
            timeout=site.http.timeout,
            meter=Meter(),
            cookies=False,
            ca_file=site.http.ca_file,
            pin=site.http.pin,
            proxy=site.http.proxy,
        ) as transport,
    ):
        discovery = Discovery(transport, site.url, settings.http.redirects)
        endpoints = await discovery.find()
        return Face.of(endpoints, blog_in_page(await discovery.front_page() or ""))


async def accept_site(site: Site, journal: Journal, settings: Settings) -> tuple[Face | None, Face]:
    """Keep a site as it is now, and forget which credentials it has rejected.

    Returns what it was before, if it was met before, and what it is.

    Raises:
        SiteError: It cannot be looked at, so there is nothing to accept; nothing was forgotten.
        JournalError: That cannot be kept.
    """
    key = site_key(site)
    found = (await journal.identities([key])).get(key)
    face = without_secrets(await look_at(site, settings), await _redactor(site))
    await journal.forget(key)
    await journal.put_identity(key, face.document())
    await journal.flush()
    return (Face.read(found) if found else None), face


async def _redactor(site: Site) -> Redactor:
    """Return what masks the site's password in what it shows, where the password can be had."""
    reference = site.auth.password
    try:
        secret = (await SecretResolver().resolve_all([reference]))[reference]
    except InputErrors:
        return Redactor()
    known = (site.name, str(site.url))
    return Redactor.of_account(site.auth.username, secret.get_secret_value(), known)
