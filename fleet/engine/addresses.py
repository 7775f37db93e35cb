"""Which server a site lives on, so that sites of one server share a lane."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable

import anyio

from fleet.inventory.model import Site

__all__ = ["host_of", "resolve_address"]

_PATIENCE = 5.0
"""Seconds for one name; a slow name server must not hold up the start of a run."""


def host_of(site: Site) -> str:
    """Return what stands for a site's server before any name is resolved.

    A label ``host`` wins: behind a CDN, addresses say nothing about the server.
    """
    return f"label:{site.labels['host']}" if "host" in site.labels else site.url.host or site.name


async def resolve_address(host: str, lookup: Callable[[str], Awaitable[str]] | None = None) -> str:
    """Return the address behind `host`, or `host` itself where it has none.

    A name that cannot be resolved is no error here: the site's own visit will say so.
    """
    if host.startswith("label:") or _is_address(host):
        return host
    with anyio.move_on_after(_PATIENCE):
        try:
            return await (lookup or _first_address)(host)
        except (OSError, UnicodeError):
            return host
    return host


async def _first_address(host: str) -> str:
    found = await anyio.getaddrinfo(host, 443)
    return str(found[0][4][0])


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
