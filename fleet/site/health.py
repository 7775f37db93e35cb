"""Checks of a site as its visitors see it: a page, its status, a text on it, in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from fleet.errors import SiteError
from fleet.inventory.model import Site
from fleet.site.transport import Connections, Meter, Reply, Request
from fleet.site.wire import excerpt

__all__ = ["HealthCheck", "check_health"]

_HTML = {"Accept": "text/html,application/xhtml+xml"}


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One check.

    Args:
        path: Path below the site's address, such as ``/`` or ``/checkout/?step=1``.
        status: HTTP statuses that are well; a redirect is not followed.
        contains: Text that has to stand on the page, as written in its HTML.
        within: Seconds in which the whole page has to come.
    """

    path: str
    status: tuple[int, ...] = (200,)
    contains: str | None = None
    within: float = 10.0


async def check_health(
    site: Site, checks: Sequence[HealthCheck], connections: Connections, meter: Meter
) -> SiteError | None:
    """Return how the first failing check failed, or None where all hold.

    The pages are asked for without cookies or credentials, as a visitor's browser would.
    """
    for check in checks:
        try:
            with anyio.fail_after(check.within):
                reply = await _page(site, check, connections, meter)
        except TimeoutError:
            return _unhealthy(check, f"took longer than {check.within:g} s")
        except SiteError as error:
            return _unhealthy(check, f"could not be read: {error.message}")
        if fault := _fault(check, reply):
            return fault
    return None


async def _page(site: Site, check: HealthCheck, connections: Connections, meter: Meter) -> Reply:
    async with connections.open(
        site.url,
        timeout=check.within,
        meter=meter,
        cookies=False,
        ca_file=site.http.ca_file,
        pin=site.http.pin,
        proxy=site.http.proxy,
    ) as transport:
        path, _, query = check.path.partition("?")
        url = site.url.joinpath(path.lstrip("/")) if path.strip("/") else site.url
        return await transport.send(Request("GET", url.with_query(query or None), _HTML))


def _fault(check: HealthCheck, reply: Reply) -> SiteError | None:
    if reply.status not in check.status:
        wanted = " or ".join(map(str, check.status))
        return _unhealthy(check, f"answered {reply.status} instead of {wanted}", excerpt(reply))
    if check.contains is not None and check.contains not in reply.text:
        return _unhealthy(check, f"does not contain {check.contains!r}", excerpt(reply))
    return None


def _unhealthy(check: HealthCheck, fault: str, said: str = "") -> SiteError:
    return SiteError("site.unhealthy", f"the check of {check.path} failed: it {fault}", said=said)
