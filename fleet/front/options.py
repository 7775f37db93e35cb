"""The flags that commands share, and what they turn into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fleet.config import Limits, Settings
from fleet.errors import InputError
from fleet.inventory.model import Inventory, Site

__all__ = ["Output", "Pace", "Selection"]


def _shown(values: Sequence[object]) -> str:
    """Return defaults as they would be typed."""
    return " ".join(map(str, values))


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which sites.

    Args:
        inventory: Inventory file or folder; may be repeated.
        selector: Labels to match, such as 'client=acme,tier in (gold,silver),!legacy'.
        site: Name or glob of sites to take; may be repeated.
        exclude: Name or glob of sites to leave out; may be repeated.
    """

    inventory: Annotated[
        tuple[Path, ...], Parameter(name=["--inventory", "-i"], negative="", show_default=_shown)
    ] = (Path("inventory.yaml"),)
    selector: Annotated[str | None, Parameter(name=["--selector", "-l"])] = None
    site: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = ()
    exclude: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = ()

    @property
    def named(self) -> bool:
        """Return whether the sites were asked for, and not merely all there are."""
        return bool(self.selector or self.site)

    def load(self) -> tuple[Inventory, Inventory]:
        """Return the whole inventory and the selected part of it.

        Raises:
            InputErrors: Every mistake in the files.
            InputError: A mistake in the selection, or nothing selected.
        """
        whole = Inventory.load(self.inventory)
        return whole, whole.select(self.selector, self.site, self.exclude)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast and how patient.

    Args:
        concurrency: Sites worked on at the same time.
        per_host: Sites of one server address worked on at the same time.
        timeout: Seconds for one request, instead of the inventory's.
        deadline: Seconds for one site, instead of the inventory's.
    """

    concurrency: Annotated[int, Parameter(name=["--concurrency", "-c"])] = 50
    per_host: int = 2
    timeout: float | None = None
    deadline: float | None = None

    def settings(self) -> Settings:
        """Return the settings of a run.

        Raises:
            InputError: A number makes no sense.
        """
        for flag, value in (("--concurrency", self.concurrency), ("--per-host", self.per_host)):
            if value < 1:
                raise InputError(f"{flag} {value}: must be at least 1")
        for flag, seconds in (("--timeout", self.timeout), ("--deadline", self.deadline)):
            if seconds is not None and seconds <= 0:
                raise InputError(f"{flag} {seconds:g}: must be more than 0")
        return Settings(limits=Limits(self.concurrency, self.per_host))

    def applied(self, inventory: Inventory) -> Inventory:
        """Return `inventory` with the time limits of the flags."""
        if self.timeout is None and self.deadline is None:
            return inventory
        sites = {name: self._hurried(site) for name, site in inventory.sites.items()}
        return replace(inventory, sites=sites)

    def _hurried(self, site: Site) -> Site:
        timeout = site.http.timeout if self.timeout is None else self.timeout
        deadline = site.http.deadline if self.deadline is None else self.deadline
        return replace(site, http=replace(site.http, timeout=timeout, deadline=deadline))


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """What is written where.

    Args:
        output: text or json, to standard output or with =FILE to a file; may be repeated.
        quiet: Say nothing but the report.
        verbose: Name every site and every key.
        no_color: Write without colours, as where NO_COLOR is set.
    """

    output: Annotated[
        tuple[str, ...], Parameter(name=["--output", "-o"], negative="", show_default=_shown)
    ] = ("text",)
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", show_default=False)] = (
        False
    )
    verbose: Annotated[
        bool, Parameter(name=["--verbose", "-v"], negative="", show_default=False)
    ] = False
    no_color: Annotated[bool, Parameter(negative="", show_default=False)] = False
