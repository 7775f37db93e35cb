"""What the inventory says of sites, for filters and columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fleet.inventory.model import Inventory
from fleet.inventory.selector import parse_selector

__all__ = ["Labels"]


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of sites by name.

    Args:
        by_site: The labels; empty where no inventory was given.
    """

    by_site: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, inventory: Inventory) -> Labels:
        """Return the labels of an inventory; nothing else of it is kept."""
        return cls({name: dict(site.labels) for name, site in inventory.sites.items()})

    @property
    def known(self) -> bool:
        """Return whether there is an inventory."""
        return bool(self.by_site)

    def matching(self, text: str) -> tuple[str, ...] | None:
        """Return the names of the sites that a selector means; None where it is empty.

        Raises:
            InputError: It is no selector.
        """
        if not text.strip():
            return None
        selector = parse_selector(text)
        return tuple(name for name, labels in self.by_site.items() if selector.matches(labels))

    def of_site(self, site: str) -> list[tuple[str, str]]:
        """Return the labels of a site."""
        return sorted(self.by_site.get(site, {}).items())
