"""Which modules of a site are switched on, as far as the site tells.

A module has two states: what is stored (``GET settings``, from Jetpack 4.6) and what is in
effect (``GET module/all``), which is off for every module of a disconnected site, and in offline
mode for those that need WordPress.com. What is stored is what a write changes, so that is what
counts. Before 4.6 it shows in the other state alone, and where that hides it nobody can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import StringConstraints

from fleet.site.client import Connection, JetpackReader, Module

__all__ = ["ModuleState", "Slug", "read_modules", "shows_stored", "stored_states"]

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]*$", max_length=60)]


def shows_stored(module: Module, connection: Connection) -> bool:
    """Return whether the state in effect of a module is the stored one too."""
    if module.activated:
        return True
    if connection.offline:
        return not module.requires_connection
    return connection.connected


@dataclass(frozen=True, slots=True)
class ModuleState:
    """What a site says about its modules.

    Args:
        modules: The modules asked for that the site has, by slug.
        stored: Stored state by slug; empty where Jetpack is too old to tell.
        connection: The site's connection to WordPress.com.
    """

    modules: Mapping[str, Module]
    stored: Mapping[str, bool]
    connection: Connection

    def active(self, slug: str) -> bool | None:
        """Return whether a module is switched on.

        None where the site has no such module, or `hides` what it stores.
        """
        if slug in self.stored:
            return self.stored[slug]
        if slug not in self.modules or self.hides(slug):
            return None
        return self.modules[slug].activated

    def hides(self, slug: str) -> bool:
        """Return whether the site has a module but does not tell whether it is switched on."""
        module = self.modules.get(slug)
        if module is None or slug in self.stored:
            return False
        return not shows_stored(module, self.connection)

    @property
    def why_hidden(self) -> str:
        """Return why the site hides what it stores of some modules."""
        away = "in offline mode" if self.connection.offline else "not connected to WordPress.com"
        return f"Jetpack before 4.6 does not tell what is stored while it is {away}"


def stored_states(settings: Mapping[str, object], slugs: Iterable[str]) -> dict[str, bool]:
    """Return the stored states that are among the settings, by slug."""
    states = {slug: settings.get(slug) for slug in slugs}
    return {slug: state for slug, state in states.items() if isinstance(state, bool)}


async def read_modules(
    reader: JetpackReader,
    slugs: Sequence[str] = (),
    wanted: Mapping[str, bool] | None = None,
    settings: Mapping[str, object] | None = None,
) -> ModuleState:
    """Return the state of the modules named, or of every module.

    Args:
        reader: Reads the site.
        slugs: The modules; all where empty.
        wanted: What they should be. Then the connection is only read where it decides something:
            where one is to be switched on, is hidden, or waits for somebody to connect. None
            always reads it.
        settings: The settings, where they were read already.
    """
    modules = await reader.modules(slugs)
    if settings is None:
        settings = await reader.settings(slugs)
    stored = stored_states(settings, slugs or modules)
    if wanted is not None and not _takes_connection(modules, stored, wanted):
        return ModuleState(modules, stored, Connection())
    return ModuleState(modules, stored, await reader.connection())


def _takes_connection(
    modules: Mapping[str, Module], stored: Mapping[str, bool], wanted: Mapping[str, bool]
) -> bool:
    return any(
        _may_be_refused(module, stored.get(slug), wanted.get(slug))
        or (slug not in stored and not module.activated)
        or (module.requires_user_connection and not module.available)
        for slug, module in modules.items()
    )


def _may_be_refused(module: Module, stored: bool | None, wanted: bool | None) -> bool:
    """Return whether the connection may say why a module is not switched as wanted, or is hidden.

    A stored state that is on can be switched off whatever the connection, as a rule.
    """
    if wanted is None or (module.activated if stored is None else stored) is wanted:
        return False
    return wanted or stored is None or not module.available
