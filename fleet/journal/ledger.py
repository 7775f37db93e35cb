"""Folds the events of a run into its report, without keeping what the sites said in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fleet.journal.numbers import places_of
from fleet.journal.spool import Spool
from fleet.results import (
    Event,
    RunFinished,
    RunReport,
    RunStarted,
    SiteFinished,
    SiteResult,
    Status,
)

__all__ = ["Ledger", "report_of"]


class Ledger:
    """The report of one run while it grows.

    Args:
        start: The beginning of the run. Sites without a result are `not_started`.

    Attributes:
        run_id: The name of the run.
        places: Where in the run each site is, by name; read-only.
    """

    def __init__(self, start: RunStarted) -> None:
        self.run_id = start.run_id
        self._start = start
        self._end: RunFinished | None = None
        self._spool = Spool(start.sites)
        self.places = places_of(start.sites)

    @classmethod
    def fold(cls, events: Iterable[Event]) -> RunReport:
        """Return the report of the run that `events` tell, oldest first.

        Raises:
            ValueError: They do not begin with a `RunStarted`, or tell of a site it does not name.
        """
        told = iter(events)
        start = next(told, None)
        if not isinstance(start, RunStarted):
            raise ValueError("a run without its start cannot be reported")
        ledger = cls(start)
        for event in told:
            if isinstance(event, SiteFinished):
                ledger.record(event.result)
            elif isinstance(event, RunFinished):
                ledger.finish(event)
        return ledger.report()

    def record(self, result: SiteResult, text: str | None = None) -> None:
        """Take down how a site ended; the last word stands.

        Args:
            result: How it ended.
            text: What `encode_result` makes of it, where that is known already.

        Raises:
            ValueError: The run does not have the site.
        """
        place = self.places.get(result.site)
        if place is None:
            raise ValueError(f"a result for a site that was not selected: {result.site}")
        self._spool.put(place, result, text)

    def finish(self, end: RunFinished) -> None:
        """Take down the end of the run."""
        self._end = end

    def status_of(self, site: str) -> Status | None:
        """Return how a site ended, or None where it has not."""
        place = self.places.get(site)
        return None if place is None else self._spool.status(place)

    @property
    def unfinished(self) -> bool:
        """Return whether a site was not started."""
        return self._spool.tally.totals[Status.NOT_STARTED] > 0

    def report(self) -> RunReport:
        """Return the report so far; results that come later are in it, too."""
        return report_of(self._start, self._end, self._spool)


def report_of(
    start: RunStarted, end: RunFinished | None, results: Sequence[SiteResult]
) -> RunReport:
    """Return the report of a run from its beginning, its end and its results."""
    return RunReport(
        run_id=start.run_id,
        operation=start.operation,
        parameters=start.parameters,
        read_only=start.read_only,
        started=start.at,
        finished=end.at if end else None,
        interrupted=end.interrupted if end else None,
        halted=end.halted if end else None,
        results=results,
    )
