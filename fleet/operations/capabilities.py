"""What a site's Jetpack can do, as the site itself tells."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic.dataclasses import dataclass as parameters

from fleet.operations.base import Query
from fleet.operations.caps import trimmed
from fleet.site.client import JetpackReader
from fleet.site.routes import RouteTable, SettingSpec

__all__ = ["OPERATIONS", "ShowCapabilities"]


@parameters(frozen=True)
class ShowCapabilities(Query):
    """Read which routes a site's Jetpack has, and which settings it takes."""

    name = "capabilities.show"
    summary = "List the routes of each site's Jetpack and the settings it takes."
    routes = ("GET /jetpack/v4",)
    seed = "Get the document of what the API can do"
    rights = "nothing"

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``counts``, ``routes`` (methods by path) and ``settings`` (by key).

        The counts come first: they are what a person compares between many sites.
        """
        table = await reader.routes()
        counts = {
            "routes": {"value": len(table.routes), "unit": "routes"},
            "settings": _count_settings(table),
        }
        routes = {path or "/": sorted(methods) for path, methods in sorted(table.routes.items())}
        settings = {key: _setting(spec) for key, spec in sorted(table.settings.items())}
        return trimmed({"counts": counts, "routes": routes, "settings": settings})


def _count_settings(table: RouteTable) -> dict[str, object]:
    if not table.settings:
        return {"value": None, "reason": "Jetpack before 4.4 does not list its settings"}
    return {"value": len(table.settings), "unit": "settings"}


def _setting(spec: SettingSpec) -> dict[str, object]:
    """Return type and choices; the default stays out, since code on a host may put secrets in."""
    shown: dict[str, object] = {"type": spec.type or "not told"}
    if spec.choices:
        shown["choices"] = list(spec.choices)
    return shown


OPERATIONS = (ShowCapabilities,)
