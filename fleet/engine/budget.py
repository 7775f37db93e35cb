"""How many sites may end badly before a run, or a wave of it, starts no more of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from fleet.results import Status

__all__ = ["Budget"]

_FAILURES = frozenset({Status.FAILED, Status.PARTIAL, Status.UNKNOWN, Status.BLOCKED})


@dataclass(slots=True)
class Budget:
    """Counts the sites of one run or wave that ended badly.

    It is exceeded when the count is *greater* than the limit, so a limit of 0 stops at the first
    bad site. Unreachable sites have a limit of their own; skipped ones count nowhere.

    Args:
        scope: What it covers, for people: ``the run`` or ``wave 2``.
        max_failures: Sites that may end failed, partial, unknown or blocked; None for no limit.
        max_unreachable: Sites that may end unreachable; None for no limit.
    """

    scope: str
    max_failures: int | None = None
    max_unreachable: int | None = None
    failures: int = field(default=0, init=False)
    unreachable: int = field(default=0, init=False)

    def count(self, status: Status) -> str | None:
        """Count a site that ended, and return why the run has to stop, if it has to."""
        self.failures += status in _FAILURES
        self.unreachable += status is Status.UNREACHABLE
        if self.max_failures is not None and self.failures > self.max_failures:
            return self._exceeded(self.failures, "ended badly", self.max_failures)
        if self.max_unreachable is not None and self.unreachable > self.max_unreachable:
            return self._exceeded(self.unreachable, "could not be reached", self.max_unreachable)
        return None

    def _exceeded(self, count: int, what: str, limit: int) -> str:
        sites = "1 site" if count == 1 else f"{count} sites"
        return f"{sites} of {self.scope} {what}, and {limit} may"
