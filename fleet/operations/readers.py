"""Reading figures out of answers, each in every shape that Jetpack 4.3 to 16.1 has given.

A figure that cannot be had is null with a reason, never zero and never another figure's trouble.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from fleet.operations.caps import short, shortened
from fleet.site import strict_json
from fleet.site.client import Connection, JetpackReader, demand
from fleet.site.wire import Answer

__all__ = [
    "NOT_CONNECTED",
    "ONE_ROUTE_ONLY",
    "SOURCES",
    "Figure",
    "Source",
    "inner",
    "known",
    "missing",
]

Figure = dict[str, object]
"""``value`` with perhaps a ``unit``, or a ``value`` of None with a ``reason``."""

ONE_ROUTE_ONLY = frozenset(
    {"site.server_error", "site.critical_error", "proto.not_json", "proto.too_large"}
)
"""Trouble with one route that says nothing about the others."""
_YEAR_3000 = 32503680000
_REASONS = {
    "not_active": "the module is not active",
    "not_installed": "Akismet is not installed",
    "invalid_key": "Akismet's key is not valid",
    "not_registered": "VaultPress is not registered",
    "rest_no_route": "this version of Jetpack does not have it",
    "site_id_missing": "the site is not connected to WordPress.com",
}


def missing(reason: str) -> Figure:
    """Return a figure that could not be had."""
    return {"value": None, "reason": short(reason)}


NOT_CONNECTED = MappingProxyType(missing(_REASONS["site_id_missing"]))
"""A figure that a site without a connection cannot have."""


def known(value: object, unit: str = "") -> Figure:
    """Return a figure that was read."""
    shown = shortened(value)
    return {"value": shown, "unit": unit} if unit else {"value": shown}


def inner(answer: Answer) -> object:
    """Return the JSON that stands as text in the ``data`` of an answer, or None.

    WordPress.com's answers come that way; some routes decode them first.
    """
    data = answer.value.get("data") if isinstance(answer.value, dict) else None
    try:
        return strict_json.loads(data) if isinstance(data, str) else data
    except ValueError:
        return None


def _unavailable(answer: Answer) -> Figure:
    plain = f"the site answered {answer.status} {answer.code}".rstrip()
    return missing(_REASONS.get(answer.code, plain))


def _count(value: object) -> int | None:
    """Return a count that may be a number, digits, or digits grouped for reading."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    digits = re.sub(r"[\s.,'\u00a0\u202f]", "", str(value))
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


def _protect(answer: Answer) -> Figure:
    """Read a bare number, a numeric string, or false where nothing was counted yet."""
    if not answer.ok:
        return _unavailable(answer)
    if answer.value is False:
        return known(0, "attacks blocked")
    count = _count(answer.value)
    return missing("not a number") if count is None else known(count, "attacks blocked")


def _monitor(answer: Answer) -> Figure:
    """Read the time since the last downtime, which Jetpack gives as translated words."""
    if not answer.ok or not isinstance(answer.value, dict) or "date" not in answer.value:
        return _unavailable(answer)
    date = answer.value["date"]
    return known("never" if date is None else str(date), "since the last downtime")


def _verification(answer: Answer) -> Figure:
    """Read the services; having none is answered 404 ``empty`` and is no error."""
    if answer.code == "empty":
        return known([], "services")
    services = answer.value.get("services") if isinstance(answer.value, dict) else None
    if not answer.ok or not isinstance(services, list):
        return _unavailable(answer)
    return known([str(service) for service in services], "services")


def _updates(answer: Answer) -> Figure:
    """Read the count; having updates is another code than success and still a 200."""
    count = _count(answer.value.get("count")) if isinstance(answer.value, dict) else None
    if not answer.ok or count is None:
        return _unavailable(answer)
    return known(count, "plugins to update")


def _akismet(answer: Answer) -> Figure:
    """Read a number (11.2), a grouped number (10.4), an object (9.3), or a word for a state."""
    value = answer.value
    if isinstance(value, str) and value in _REASONS:
        return missing(_REASONS[value])
    if isinstance(value, dict) and answer.ok:
        value = value.get("all", {}).get("spam") if isinstance(value.get("all"), dict) else None
    count = _count(value)
    if not answer.ok or count is None:
        return _unavailable(answer)
    return known(count, "spam comments caught")


def _backup(answer: Answer) -> Figure:
    """Read the time of VaultPress's last backup, which comes as seconds since 1970."""
    body = answer.value if isinstance(answer.value, dict) else {}
    if not answer.ok or answer.code != "success":
        return _unavailable(answer)
    data = body.get("data")
    backups = data.get("backups") if isinstance(data, dict) else None
    last = _count(backups.get("last_backup")) if isinstance(backups, dict) else None
    if last is None or last > _YEAR_3000:
        return missing("no backup yet" if last is None else "not a time")
    return known(datetime.fromtimestamp(last, UTC).isoformat(), "last backup")


def _site(answer: Answer) -> Figure:
    """Read the WordPress.com view of the site, which comes as JSON inside JSON."""
    if not answer.ok or answer.code != "success":
        return _unavailable(answer)
    site = inner(answer)
    if not isinstance(site, dict) or "ID" not in site:
        return missing("not the site's data")
    plan = site.get("plan")
    slug = plan.get("product_slug") if isinstance(plan, dict) else None
    facts = {"id": str(site["ID"]), "plan": str(slug or "").removeprefix("jetpack_") or None}
    return known(facts, "WordPress.com site")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure comes from.

    Args:
        name: Its key in reports.
        route: Its route below ``jetpack/v4``.
        read: Takes it out of any answer of that route.
        remote: Whether the site asks WordPress.com for it each time.
    """

    name: str
    route: str
    read: Callable[[Answer], Figure]
    remote: bool = False

    async def answer(
        self, reader: JetpackReader, connection: Connection | None = None
    ) -> Answer | None:
        """Return the answer that holds the figure.

        None where asking would make the site call WordPress.com only to say that it is not
        connected.

        Args:
            reader: Reads the site.
            connection: The site's connection, where it has been read already.

        Raises:
            SiteError: There was no answer.
        """
        if self.remote:
            connection = connection or await reader.connection()
            if not connection.connected:
                return None
        return await reader.read(self.route)

    async def ask(self, reader: JetpackReader) -> Figure:
        """Return the figure, where nothing else was asked for.

        Raises:
            SiteError: There was no answer to read it from, or the account may not read it.
        """
        answer = await self.answer(reader)
        if answer is None:
            return dict(NOT_CONNECTED)
        return self.read(demand(answer) if answer.status in (401, 403) else answer)


SOURCES = MappingProxyType(
    {
        source.name: source
        for source in (
            Source("protect", "module/protect/data", _protect),
            Source("monitor", "module/monitor/data", _monitor),
            Source("verification", "module/verification-tools/data", _verification),
            Source("updates", "updates/plugins", _updates),
            Source("akismet", "module/akismet/data", _akismet),
            Source("backup", "module/vaultpress/data", _backup),
            Source("site", "site", _site, remote=True),
        )
    }
)
"""Every figure by its key, in the order of reports."""
