"""How changes are rolled out: in which waves, within which limits, and how health is checked.

All of this is plain data and arithmetic. Carrying it out is the business of `apply`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum

from fleet.inventory.selector import Selector
from fleet.inventory.sites import Site

__all__ = [
    "BudgetShares",
    "Canary",
    "Check",
    "Guard",
    "Rollout",
    "Rounding",
    "Share",
    "Wave",
    "Waves",
]


class Rounding(StrEnum):
    """Which way a part of a site goes."""

    UP = ROUND_CEILING
    DOWN = ROUND_FLOOR


@dataclass(frozen=True, slots=True)
class Share:
    """A number of sites, or a part of them; exactly one of the two is set.

    Args:
        count: How many.
        percent: How many of a hundred.
    """

    count: int | None = None
    percent: Decimal | None = None

    def of(self, total: int, rounding: Rounding) -> int:
        """Return how many of `total` sites that is; a count stays as it is."""
        if self.percent is None:
            return self.count or 0
        return int((self.percent * total / 100).to_integral_value(rounding.value))

    def __str__(self) -> str:
        """Return it as it is written in a file."""
        if self.percent is None:
            return str(self.count)
        text = f"{self.percent:f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"


ALL = Share(percent=Decimal(100))


@dataclass(frozen=True, slots=True)
class Waves:
    """How far each wave reaches, counted from the first site.

    Args:
        steps: Up to where each wave goes; percentages are rounded up.
    """

    steps: tuple[Share, ...] = (ALL,)

    def slices(self, names: Sequence[str]) -> list[list[str]]:
        """Return the names of each wave, in order; waves that reach nothing new are left out.

        The last wave always reaches every name, even where its step says less.
        """
        ends = [min(step.of(len(names), Rounding.UP), len(names)) for step in self.steps]
        ends[-1:] = [len(names)]
        waves: list[list[str]] = []
        done = 0
        for end in ends:
            if end > done:
                waves.append(list(names[done:end]))
                done = end
        return waves


@dataclass(frozen=True, slots=True)
class Canary:
    """The sites that go first, in a wave of their own.

    Args:
        select: Their label selector as written.
        selector: The same, parsed.
        pause: Seconds to wait after them; None waits as after any other wave.
    """

    select: str
    selector: Selector
    pause: float | None = None


@dataclass(frozen=True, slots=True)
class BudgetShares:
    """How much may go wrong; percentages are rounded down, and None is no limit.

    Args:
        max_failures: How many sites may end failed, partial, unknown or blocked.
        max_unreachable: How many sites may be unreachable.
    """

    max_failures: Share | None = None
    max_unreachable: Share | None = None

    def limits(self, total: int) -> tuple[int | None, int | None]:
        """Return how many of `total` sites may end badly, and how many be unreachable."""
        return _limit(self.max_failures, total), _limit(self.max_unreachable, total)


def _limit(share: Share | None, total: int) -> int | None:
    return None if share is None else share.of(total, Rounding.DOWN)


@dataclass(frozen=True, slots=True)
class Guard:
    """How much a plan may change before somebody has to say that it is meant.

    Args:
        max_sites: How many sites of those looked at; percentages are rounded up.
        max_deactivations: How many modules may be switched off, all sites together.
    """

    max_sites: Share = Share(percent=Decimal(30))
    max_deactivations: int = 50

    def sites_allowed(self, total: int) -> int:
        """Return how many of `total` sites may change without a word."""
        return self.max_sites.of(total, Rounding.UP)


@dataclass(frozen=True, slots=True)
class Check:
    """One look at a page of a site after it was changed.

    Args:
        path: Address below the site's own, with a slash in front.
        status: The status codes that will do.
        contains: Text that has to be on the page.
        within: Seconds the answer may take.
    """

    path: str
    status: tuple[int, ...] = (200,)
    contains: str | None = None
    within: float = 10.0


@dataclass(frozen=True, slots=True)
class Wave:
    """Sites that are changed together.

    Args:
        names: Their names, in order.
        pause: Seconds to wait after it; 0 after the last.
        canary: Whether these are the canaries.
    """

    names: tuple[str, ...]
    pause: float
    canary: bool = False


@dataclass(frozen=True, slots=True)
class Rollout:
    """How the changes of a plan reach the sites.

    Args:
        waves: How far each wave reaches.
        canary: Who goes first.
        pause: Seconds to wait after a wave.
        budget: How much may go wrong in the whole run.
        wave: How much may go wrong in one wave, of the wave's sites.
        guard: How much a plan may change without a word.
        checks: What is looked at on a site after it was changed.
        expires: Seconds for which a plan may be applied.
        approval: Whether somebody has to approve of a plan before it is applied.
    """

    waves: Waves = Waves()
    canary: Canary | None = None
    pause: float = 0.0
    budget: BudgetShares = BudgetShares()
    wave: BudgetShares = BudgetShares()
    guard: Guard = Guard()
    checks: tuple[Check, ...] = ()
    expires: float = 86_400.0
    approval: bool = False

    def schedule(self, sites: Iterable[Site]) -> list[Wave]:
        """Return the waves for `sites`, in their order: canaries first, the others after them.

        Numbers and percentages of the waves count the sites that are no canaries.
        """
        canaries: list[str] = []
        others: list[str] = []
        for site in sites:
            first = self.canary is not None and self.canary.selector.matches(site.labels)
            (canaries if first else others).append(site.name)
        rest = self.waves.slices(others)
        waves = [Wave(tuple(names), self._pause(number, rest)) for number, names in enumerate(rest)]
        if not canaries:
            return waves
        soak = self.pause if self.canary is None or self.canary.pause is None else self.canary.pause
        return [Wave(tuple(canaries), soak if waves else 0.0, canary=True), *waves]

    def _pause(self, number: int, waves: Sequence[object]) -> float:
        return self.pause if number + 1 < len(waves) else 0.0
