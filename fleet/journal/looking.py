"""What an `Overview` is asked and what it answers: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fleet.results import Status

__all__ = ["KeyFindings", "Order", "Past", "SiteState", "Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sites are meant; without any condition all of them.

    Args:
        text: A part of their name or address, in any case.
        statuses: One of these statuses.
        drifting: Only those with open findings.
        names: Only these.
    """

    text: str = ""
    statuses: tuple[Status, ...] = ()
    drifting: bool = False
    names: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """In which order sites come; those that are equal come by name, in the same direction.

    Args:
        by: The name of the site, its status, or when it ended last.
        falling: The largest first.
    """

    by: Literal["site", "status", "at"] = "site"
    falling: bool = False


@dataclass(frozen=True, slots=True)
class SiteState:
    """How a site stands: its last result, and what was found to differ.

    Args:
        site: Its name.
        url: Its address.
        run_id: The run it ended last in; it may have been forgotten since.
        operation: What that did.
        kind: ``run``, ``audit``, ``plan``, ``apply`` or ``rollback``.
        status: How it ended there.
        trouble: Error kind, or None.
        message: The beginning of what happened.
        at: When.
        findings: How many open findings it has.
    """

    site: str
    url: str
    run_id: str
    operation: str
    kind: str
    status: Status
    trouble: str | None
    message: str
    at: datetime
    findings: int

    def mark(self, order: Order) -> tuple[str, str]:
        """Return where the page after this one begins."""
        value = {"site": self.site, "status": self.status.value, "at": self.at.isoformat()}
        return value[order.by], self.site


@dataclass(frozen=True, slots=True)
class Past:
    """How a site ended in one run; the fields are as in `SiteState`.

    Args:
        seconds: How long it took; None where an earlier release wrote it.
    """

    run_id: str
    operation: str
    kind: str
    status: str
    trouble: str | None
    seconds: float | None
    at: datetime


@dataclass(frozen=True, slots=True)
class KeyFindings:
    """One key that differs somewhere.

    Args:
        key: The key.
        sites: On how many sites.
        first: When the oldest of them began.
    """

    key: str
    sites: int
    first: datetime
