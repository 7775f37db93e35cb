"""Policy files as one document: what they say, and what they come to for a site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fleet.inventory.model import Inventory, Site
from fleet.policy.desired import resolve
from fleet.policy.rollout import Rollout
from fleet.policy.rules import Desired, Policy, Waiver

__all__ = ["Policy", "PolicyDocument"]


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """All that one or more policy files say; read-only.

    Args:
        files: The files, in the order in which they were given.
        policies: Their policies, in order.
        waivers: Their exceptions, in order.
        rollout: How changes are rolled out.
        digest: SHA-256 of the bytes of the files, one after the other, in hexadecimal.
    """

    files: tuple[Path, ...]
    policies: tuple[Policy, ...]
    waivers: tuple[Waiver, ...]
    rollout: Rollout
    digest: str

    @classmethod
    def load(cls, paths: Sequence[Path]) -> PolicyDocument:
        """Return what stands in `paths`; a file named twice is read once.

        Raises:
            InputErrors: Every mistake of all files, in their order.
        """
        raise NotImplementedError

    def desired(self, site: Site, today: date) -> Desired:
        """Return what `site` should be on the day `today`."""
        return resolve(self.policies, self.waivers, site, today)

    def check(self, inventory: Inventory) -> None:
        """Find what only shows together with the whole `inventory`.

        Raises:
            InputErrors: Policies of one level that disagree on a site, one error for each pair of
                rules; exceptions for sites that do not exist.
        """
        raise NotImplementedError

    def warnings(self, inventory: Inventory) -> list[str]:
        """Return what is no mistake but hardly meant: policies and exceptions without effect."""
        raise NotImplementedError
