"""What Jetpack measures on a site, gathered in one go.

Each figure stands alone: where it cannot be had, its value is null and a reason says why, never
zero and never another figure's trouble. Answers changed shape over the versions; each reader
below takes every shape that Jetpack 4.3 to 16.1 has given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from pydantic.dataclasses import dataclass as parameters

from fleet.errors import SiteError
from fleet.operations.base import Query
from fleet.operations.connection import connection_word
from fleet.site.client import Connection, JetpackReader
from fleet.site.wire import Answer

__all__ = ["OPERATIONS", "CollectStats"]

Figure = dict[str, object]

_ONE_FIGURE_ONLY = frozenset({"site.server_error", "proto.not_json", "proto.too_large"})
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


def _value(value: object, unit: str) -> Figure:
    return {"value": value, "unit": unit}


def _none(reason: str) -> Figure:
    return {"value": None, "reason": reason}


def _unavailable(answer: Answer) -> Figure:
    return _none(_REASONS.get(answer.code, f"the site answered {answer.status} {answer.code}"))


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
        return _value(0, "attacks blocked")
    count = _count(answer.value)
    return _none("not a number") if count is None else _value(count, "attacks blocked")


def _monitor(answer: Answer) -> Figure:
    """Read the time since the last downtime, which Jetpack gives as translated words."""
    if not answer.ok or not isinstance(answer.value, dict) or "date" not in answer.value:
        return _unavailable(answer)
    date = answer.value["date"]
    return _value("never" if date is None else str(date), "since the last downtime")


def _verification(answer: Answer) -> Figure:
    """Read the services; having none is answered 404 ``empty`` and is no error."""
    if answer.code == "empty":
        return _value([], "services")
    services = answer.value.get("services") if isinstance(answer.value, dict) else None
    if not answer.ok or not isinstance(services, list):
        return _unavailable(answer)
    return _value([str(service) for service in services], "services")


def _updates(answer: Answer) -> Figure:
    """Read the count; having updates is another code than success and still a 200."""
    count = _count(answer.value.get("count")) if isinstance(answer.value, dict) else None
    if not answer.ok or count is None:
        return _unavailable(answer)
    return _value(count, "plugins to update")


def _akismet(answer: Answer) -> Figure:
    """Read a number (11.2), a grouped number (10.4), an object (9.3), or a word for a state."""
    value = answer.value
    if isinstance(value, str) and value in _REASONS:
        return _none(_REASONS[value])
    if isinstance(value, dict) and answer.ok:
        value = value.get("all", {}).get("spam") if isinstance(value.get("all"), dict) else None
    count = _count(value)
    if not answer.ok or count is None:
        return _unavailable(answer)
    return _value(count, "spam comments caught")


def _backup(answer: Answer) -> Figure:
    """Read the time of VaultPress's last backup, which comes as seconds since 1970."""
    body = answer.value if isinstance(answer.value, dict) else {}
    if not answer.ok or answer.code != "success":
        return _unavailable(answer)
    data = body.get("data")
    backups = data.get("backups") if isinstance(data, dict) else None
    last = _count(backups.get("last_backup")) if isinstance(backups, dict) else None
    if last is None or last > _YEAR_3000:
        return _none("no backup yet" if last is None else "not a time")
    return _value(datetime.fromtimestamp(last, UTC).isoformat(), "last backup")


def _site(answer: Answer) -> Figure:
    """Read the WordPress.com view of the site, which comes as JSON inside JSON."""
    body = answer.value if isinstance(answer.value, dict) else {}
    if not answer.ok or answer.code != "success":
        return _unavailable(answer)
    data = body.get("data")
    try:
        site = json.loads(data) if isinstance(data, str) else data
    except (ValueError, RecursionError):
        site = None
    if not isinstance(site, dict):
        return _none("not the site's data")
    plan = site.get("plan")
    slug = plan.get("product_slug") if isinstance(plan, dict) else None
    facts = {"id": str(site.get("ID")), "plan": str(slug or "").removeprefix("jetpack_") or None}
    return _value(facts, "WordPress.com site")


_FIGURES: tuple[tuple[str, str, Callable[[Answer], Figure]], ...] = (
    ("protect", "module/protect/data", _protect),
    ("monitor", "module/monitor/data", _monitor),
    ("verification", "module/verification-tools/data", _verification),
    ("updates", "updates/plugins", _updates),
    ("akismet", "module/akismet/data", _akismet),
    ("backup", "module/vaultpress/data", _backup),
    ("site", "site", _site),
)


@parameters(frozen=True)
class CollectStats(Query):
    """Read every figure that Jetpack keeps about a site."""

    name = "stats.collect"
    summary = "Collect protect, monitor, verification, updates, Akismet, backup and site data."
    routes = ("GET connection", *(f"GET {route}" for _, route, _ in _FIGURES))

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return the connection and, per figure, ``value`` with ``unit`` or ``reason``."""
        connection = await reader.connection()
        facts: dict[str, object] = {"connection": connection_word(connection)}
        for name, route, read in _FIGURES:
            facts[name] = await _figure(reader, route, read, connection)
        return facts


async def _figure(
    reader: JetpackReader,
    route: str,
    read: Callable[[Answer], Figure],
    connection: Connection,
) -> Figure:
    if route == "site" and not connection.connected:
        # Asking would make the site call WordPress.com only to say this.
        return _none(_REASONS["site_id_missing"])
    try:
        return read(await reader.read(route))
    except SiteError as error:
        if error.kind not in _ONE_FIGURE_ONLY:
            raise
        return _none(error.message)


OPERATIONS = (CollectStats,)
