"""What a run comes to, gathered in one pass over its sites and in little memory."""

from __future__ import annotations

from fleet.report.causes import Cause, Causes, KeyOutcome, KeyOutcomes, Note, Notes
from fleet.report.gather import Named, Names
from fleet.report.readings import Readings
from fleet.report.spent import Spent
from fleet.results import RunReport, Status, Verdict

__all__ = ["REFUSED", "Digest"]

REFUSED = (Verdict.REJECTED, Verdict.UNSUPPORTED, Verdict.UNKNOWN)
"""Verdicts of keys that could not be set."""

_NAMES = 16
"""Names of sites kept where not all are wanted."""


class Digest:
    """The news of a run.

    Args:
        report: The run; its results are walked once and none is kept.
        verbose: Keep the name of every site, and what it took.
    """

    def __init__(self, report: RunReport, *, verbose: bool = False) -> None:
        kept = len(report.results) if verbose else _NAMES
        self._causes, self._outcomes, self._notes = Causes(kept), KeyOutcomes(kept), Notes(kept)
        self._waiting = Names(kept)
        self.readings = Readings()
        self.spent = Spent()
        for result in report.results:
            self._causes.add(result)
            self._outcomes.add(result)
            self._notes.add(result)
            if result.status is Status.NOT_STARTED:
                self._waiting.add(result.site)
            if verbose:
                self.spent.add(result)
            if report.read_only and result.data:
                self.readings.add(result)

    @property
    def causes(self) -> list[Cause]:
        """Return what needs a person, the gravest first."""
        return self._causes.found()

    @property
    def notes(self) -> list[Note]:
        """Return what is worth knowing, the most frequent first."""
        return self._notes.found()

    @property
    def waiting(self) -> Named:
        """Return the sites that were not started."""
        return self._waiting.named()

    def outcomes(self, *verdicts: Verdict) -> list[KeyOutcome]:
        """Return how the keys with these verdicts ended, those of most sites first."""
        return self._outcomes.found(*verdicts)
