"""What WordPress itself tells of a site, from its own REST routes.

Each fact stands alone, since the routes came one after another with WordPress's releases and
security plugins close some of them; one that cannot be had is null with a reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass as parameters

from fleet.errors import FleetError, SiteError
from fleet.operations.audit import plugin_rows
from fleet.operations.base import Query
from fleet.operations.readers import ONE_ROUTE_ONLY, Figure, known, missing
from fleet.site.client import JetpackReader
from fleet.site.wire import Answer

__all__ = ["OPERATIONS", "CoreFacts", "read_versions"]

Facts = dict[str, Figure]
Ask = Callable[[JetpackReader], Awaitable[Facts]]

_ENVIRONMENT = "wp-abilities/v1/abilities/core/get-environment-info/run"
_PLUGINS = "wp/v2/plugins"
_SETTINGS = "wp/v2/settings"
_THEMES = "wp/v2/themes"
_USERS = "wp/v2/users"
_HEALTH = "wp-site-health/v1/tests"
_CLOSED = ONE_ROUTE_ONLY | {"block.waf", "site.rest_unavailable"}
"""Trouble that security plugins and server rules make for one route."""
_PHP = re.compile(r"\bPHP/([\d.]{1,12})")
_PAGE = 100
"""Users that WordPress lists at most in one answer."""
_ROLES = ("administrator", "editor", "author", "contributor", "subscriber")
_CHECKS = (
    "background-updates",
    "dotorg-communication",
    "https-status",
    "loopback-requests",
    "page-cache",
)
"""Tests of Site Health that have a route; ``authorization-header`` needs credentials to send."""
_MISSING_ROUTE = ("rest_no_route", "rest_ability_not_found")


class _Untold(FleetError):
    """Carries the reason why a site does not tell a fact."""


def _good(answer: Answer, since: str) -> Answer:
    """Return a good answer.

    Args:
        answer: Any answer.
        since: Version of WordPress that brought the route.

    Raises:
        _Untold: Why a bad one is bad.
    """
    if answer.ok:
        return answer
    if answer.code in _MISSING_ROUTE:
        raise _Untold(f"the site has no such route; WordPress {since} brought it")
    if answer.status in (401, 403):
        raise _Untold(f"the site refuses this account ({answer.code or 'without a code'})")
    raise _Untold(f"the site answered {answer.status} {answer.code}".rstrip())


def _rows(answer: Answer) -> list[dict[str, object]]:
    if not isinstance(answer.value, list):
        raise _Untold("the site answered no list")
    return [row for row in answer.value if isinstance(row, dict)]


def _word(value: object, reason: str) -> Figure:
    """Return a text, which may be wrapped as WordPress wraps names, or why there is none."""
    if isinstance(value, dict):
        value = value.get("raw")
    return known(value) if isinstance(value, str) and value else missing(reason)


async def _environment(reader: JetpackReader) -> Facts:
    """Return the versions; PHP's own header tells PHP's where WordPress does not."""
    answer = await reader.core(_ENVIRONMENT)
    untold = "the site does not say"
    try:
        told = _good(answer, "6.9").mapping
    except _Untold as reason:
        told, untold = {}, str(reason)
    header = _PHP.search(answer.headers.get("X-Powered-By", ""))
    php = told.get("php_version") or (header.group(1) if header else None)
    return {
        "wordpress": _word(told.get("wp_version"), untold),
        "php": _word(php, untold),
        "environment": _word(told.get("environment"), untold),
    }


async def _theme(reader: JetpackReader) -> Facts:
    """Return the active theme; early releases list it without a name."""
    query = {"status": "active", "_fields": "stylesheet,template,name,version"}
    rows = _rows(_good(await reader.core(_THEMES, query), "5.0"))
    folder = rows[0].get("stylesheet") if len(rows) == 1 else None
    if not isinstance(folder, str):
        raise _Untold("the site does not name its theme")
    name, version = rows[0].get("name"), rows[0].get("version")
    template = rows[0].get("template")
    facts = {
        "folder": folder,
        "name": _word(name, "")["value"],
        "version": _word(version, "")["value"],
        "parent": template if isinstance(template, str) and template != folder else None,
    }
    return {"theme": known(facts)}


async def _plugins(reader: JetpackReader) -> Facts:
    """Return how many plugins are active; Jetpack lists them where WordPress is too old."""
    answer = await reader.core(_PLUGINS, {"_fields": "plugin,status"})
    if answer.code == "rest_no_route":
        try:
            states = [row["active"] is True for row in plugin_rows(await reader.read("plugins"))]
        except SiteError as error:
            if not error.kind.startswith(("auth.", "jetpack.")):
                raise
            raise _Untold(error.message) from error
    else:
        rows = _rows(_good(answer, "5.5"))
        states = [row.get("status") in ("active", "network-active") for row in rows]
    active = sum(states)
    return {"plugins": known({"active": active, "inactive": len(states) - active}, "plugins")}


async def _users(reader: JetpackReader) -> Facts:
    """Return how many users have each role: from a list of all, or asked role by role."""
    query = {"context": "edit", "_fields": "roles", "per_page": str(_PAGE)}
    answer = _good(await reader.core(_USERS, query), "4.7")
    rows, total = _rows(answer), _total(answer)
    if total == len(rows) or (total is None and len(rows) < _PAGE):
        roles = Counter(role for row in rows for role in _strings(row.get("roles")))
        return {"users": known({"total": len(rows), "roles": dict(sorted(roles.items()))}, "users")}
    if total is None:
        raise _Untold("there are too many users to list, and the site does not count them")
    counts: dict[str, object] = {role: await _with_role(reader, role) for role in _ROLES}
    counts["other"] = missing(f"above {_PAGE} users only WordPress's own roles are counted")
    return {"users": known({"total": total, "roles": counts}, "users")}


async def _with_role(reader: JetpackReader, role: str) -> int | Figure:
    query = {"context": "edit", "_fields": "id", "per_page": "1", "roles": role}
    try:
        total = _total(_good(await reader.core(_USERS, query), "4.7"))
    except _Untold as reason:
        return missing(str(reason))
    return missing("the site does not count them") if total is None else total


def _total(answer: Answer) -> int | None:
    """Return how many things there are in all, of which an answer shows a page."""
    told = answer.headers.get("X-WP-Total", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else None


def _strings(value: object) -> list[str]:
    """Return the texts of a list; PHP writes one with gaps in it as an object."""
    items = list(value.values()) if isinstance(value, dict) else value
    return [item for item in items if isinstance(item, str)] if isinstance(items, list) else []


async def _settings(reader: JetpackReader) -> Facts:
    """Return language and time zone; an empty language is WordPress's own, English."""
    query = {"_fields": "timezone,language"}
    told = _good(await reader.core(_SETTINGS, query), "4.7").mapping
    language = told.get("language")
    return {
        "timezone": _word(told.get("timezone"), "the site has no zone but an offset from UTC"),
        "language": _word("en_US" if language == "" else language, "the site does not say"),
    }


async def _health(reader: JetpackReader) -> Facts:
    """Return how each test of Site Health ended: ``good``, ``recommended`` or ``critical``."""
    return {"health": known({check: await _check(reader, check) for check in _CHECKS})}


async def _check(reader: JetpackReader, check: str) -> object:
    since = {"https-status": "5.7", "page-cache": "6.1"}.get(check, "5.6")
    try:
        told = _good(await reader.core(f"{_HEALTH}/{check}"), since).mapping
    except _Untold as reason:
        return missing(str(reason))
    except SiteError as error:
        # The site calls itself or WordPress.org for these, which may take longer than we wait.
        if error.kind not in {*_CLOSED, "net.timeout"}:
            raise
        return missing(error.message)
    status = told.get("status")
    return status if isinstance(status, str) else missing("the site does not say")


async def read_versions(reader: JetpackReader) -> Facts:
    """Return the versions of WordPress and PHP, each null with a reason where it is not told.

    WordPress tells its own from 6.9 on; PHP's stands in a header unless the host hides it.
    """
    try:
        return await _environment(reader)
    except SiteError as error:
        if error.kind not in _CLOSED:
            raise
        return dict.fromkeys(("wordpress", "php"), missing(error.message))


_ASKED: tuple[tuple[tuple[str, ...], Ask], ...] = (
    (("wordpress", "php", "environment"), _environment),
    (("theme",), _theme),
    (("plugins",), _plugins),
    (("users",), _users),
    (("timezone", "language"), _settings),
)


@parameters(frozen=True)
class CoreFacts(Query):
    """Read what WordPress tells of itself; five requests, up to five more with many users."""

    health: Annotated[
        bool, Field(description="have the site run its health tests too, which are slow")
    ] = False

    name = "core.facts"
    summary = "Tell each site's WordPress, PHP, theme, plugins, users by role and time zone."
    routes = (
        f"GET /{_ENVIRONMENT}",
        f"GET /{_THEMES}",
        f"GET /{_PLUGINS}",
        "GET plugins",
        f"GET /{_USERS}",
        f"GET /{_SETTINGS}",
        *(f"GET /{_HEALTH}/{check}" for check in _CHECKS),
    )
    rights = "manage_options, list_users, activate_plugins, switch_themes"

    def parameters(self) -> Mapping[str, object]:
        """Return whether the health tests run."""
        return {"health": self.health}

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return each fact as ``value``, or as a ``value`` of None with its ``reason``.

        Raises:
            SiteError: Every single route failed.
        """
        facts: Facts = {}
        errors: list[SiteError] = []
        asked = (*_ASKED, (("health",), _health)) if self.health else _ASKED
        for names, ask in asked:
            try:
                facts |= await ask(reader)
            except _Untold as reason:
                facts |= dict.fromkeys(names, missing(str(reason)))
            except SiteError as error:
                if error.kind not in _CLOSED:
                    raise
                errors.append(error)
                facts |= dict.fromkeys(names, missing(error.message))
        if len(errors) == len(asked):
            raise errors[0]
        return facts


OPERATIONS = (CoreFacts,)
