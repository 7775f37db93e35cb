"""Listing modules with their state."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass as parameters

from fleet.operations.base import Query
from fleet.operations.caps import trimmed
from fleet.operations.module_state import Slug, read_modules
from fleet.site.client import JetpackReader

__all__ = ["OPERATIONS", "ListModules"]

_WORDS = MappingProxyType({True: "active", False: "inactive", None: "unknown"})


@parameters(frozen=True)
class ListModules(Query):
    """Read modules with their state.

    Args:
        modules: Slugs of the modules; all where empty.
    """

    name = "modules.list"
    summary = "List the modules of each site with their state."
    routes = ("GET connection", "GET module/all", "GET settings")
    seed = "Get a list of all Jetpack modules"
    rights = "jetpack_admin_page"
    apart = "tells what is stored and not in effect; up to 4.5 unknown where Jetpack hides it"

    modules: Annotated[
        tuple[Slug, ...],
        AfterValidator(lambda slugs: tuple(dict.fromkeys(slugs))),
        Field(description="module slugs, separated by commas"),
    ] = ()

    def parameters(self) -> Mapping[str, object]:
        """Return the slugs, where only some are asked for."""
        return {"modules": list(self.modules)} if self.modules else {}

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``modules``, slug to ``active``, ``inactive`` or ``unknown``, and more on some.

        ``unavailable`` lists modules that cannot be switched on here, ``not_in_effect`` those
        that are stored as active and do not run, ``forced`` those that the host decides. Where a
        state is unknown, ``unknown`` says why.
        """
        state = await read_modules(reader, self.modules, {})
        active = {slug: state.active(slug) for slug in sorted(state.modules)}
        facts: dict[str, object] = {
            "modules": {slug: _WORDS[on] for slug, on in active.items()},
            "unavailable": sorted(
                slug for slug, each in state.modules.items() if not each.available
            ),
            "not_in_effect": sorted(
                slug for slug, each in state.modules.items() if active[slug] and not each.activated
            ),
            "forced": {
                slug: str(each.override)
                for slug, each in sorted(state.modules.items())
                if each.override
            },
        }
        if None in active.values():
            facts["unknown"] = {"value": None, "reason": state.why_hidden}
        return trimmed(facts)


OPERATIONS = (ListModules,)
