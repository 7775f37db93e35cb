"""Which server a site lives on, so that sites of one server share a lane."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable

from fleet.inventory.model import Site

__all__ = ["host_of", "is_known", "resolve_address"]


def host_of(site: Site) -> str:
    """Return what stands for a site's server before any name is resolved.

    A label ``host`` wins: behind a CDN, addresses say nothing about the server.
    """
    if "host" in site.labels:
        return f"label:{site.labels['host']}"
    # The name as it is looked up, which the connections ask for too.
    return site.url.raw_host or site.name


async def resolve_address(host: str, lookup: Callable[[str], Awaitable[str]]) -> str:
    """Return the address behind `host`, or `host` itself where it has none.

    A name that cannot be resolved is no error here: the site's own visit will say so.

    Args:
        host: What stands for a server.
        lookup: Returns the address of a name in bounded time; the one that connections use, so
            that no name is asked for twice.
    """
    if is_known(host):
        return host
    try:
        return await lookup(host)
    except OSError:
        return host


def is_known(host: str) -> bool:
    """Return whether `host` is a server already, so that nothing has to be looked up."""
    if host.startswith("label:"):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
