"""Reading what sites have, as policies would say it: where a fleet's first policy comes from."""

from __future__ import annotations

from collections.abc import Mapping

from fleet.errors import SiteError
from fleet.operations.base import Query
from fleet.operations.module_list import ListModules
from fleet.operations.values import masked, sendable
from fleet.site.client import JetpackReader

__all__ = ["Survey", "found_modules", "found_settings", "observed"]


class Survey(Query):
    """Read all modules and settings of a site; what is secret is left out."""

    name = "policy.survey"
    summary = "Read the modules and settings that a policy could ask for."
    routes = (*ListModules.routes,)

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``modules`` (slug to true or false) and ``settings`` (values as they are sent)."""
        listed = (await ListModules().collect(reader))["modules"]
        states = {"active": True, "inactive": False}
        modules = {
            slug: states[state]
            for slug, state in (listed.items() if isinstance(listed, dict) else ())
            if state in states
        }
        settings = {}
        for key, value in (await _settings(reader)).items():
            sent = sendable(key, value)
            if key not in modules and masked(key, sent) == sent:
                settings[key] = sent
        return {"modules": modules, "settings": settings}


async def _settings(reader: JetpackReader) -> Mapping[str, object]:
    """Return all settings; none where Jetpack is too old to list them (4.6)."""
    try:
        return await reader.settings()
    except SiteError as error:
        if error.kind != "jetpack.unsupported":
            raise
        return {}


def found_modules(data: Mapping[str, object]) -> dict[str, bool]:
    """Return the modules in what a survey read."""
    return {slug: state is True for slug, state in _mapping(data, "modules").items()}


def found_settings(data: Mapping[str, object]) -> dict[str, object]:
    """Return the settings in what a survey read."""
    return dict(_mapping(data, "settings"))


def observed(data: Mapping[str, object]) -> dict[str, object]:
    """Return all that a survey read, by the keys that rules have."""
    modules = {f"modules.{slug}": state for slug, state in found_modules(data).items()}
    return modules | {f"settings.{key}": value for key, value in found_settings(data).items()}


def _mapping(data: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}
