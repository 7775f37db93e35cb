"""What one release of Jetpack consists of, worked out once for all sites that run it."""

from __future__ import annotations

from fleet.simulator.eras import Era
from fleet.simulator.modules import Module, modules_of
from fleet.simulator.settings import Option, options_of

__all__ = ["Catalogue"]


class Catalogue:
    """Modules and options of one release.

    Args:
        era: The release.
    """

    def __init__(self, era: Era) -> None:
        self.era = era
        self.modules: dict[str, Module] = modules_of(era)
        self.options: dict[str, Option] = options_of(era)
        self.by_group: dict[str, tuple[Option, ...]] = {
            group: tuple(option for option in self.options.values() if option.group == group)
            for group in (*self.modules, "settings")
        }
        self.listed: tuple[Module, ...] = tuple(
            sorted(self.modules.values(), key=lambda module: (module.needs_site, module.sort))
        )
        self.prose: dict[str, dict[str, object]] = {
            slug: _prose(module) for slug, module in self.modules.items()
        }

    @property
    def default_modules(self) -> tuple[str, ...]:
        """Return the modules that a fresh connection switches on."""
        return tuple(slug for slug, module in self.modules.items() if module.auto == "Yes")

    def readable(self, group: str) -> tuple[Option, ...]:
        """Return the options of a group that GET settings shows."""
        return tuple(
            option for option in self.by_group.get(group, ()) if "unread" not in option.traits
        )


def _prose(module: Module) -> dict[str, object]:
    """Return texts about as long as the real ones, in our own words."""
    name = module.slug.replace("-", " ").capitalize()
    short = f"{name} for visitors and authors of this site, from the {module.features[0]} group."
    long = " ".join(
        f"{name} does its work in step {step} of {len(module.slug)} without further setup."
        for step in range(1, len(module.slug) + 1)
    )
    terms = ", ".join(dict.fromkeys((*module.slug.split("-"), *module.features)))
    return {"name": name, "short": short, "long": long[:620], "terms": terms}
