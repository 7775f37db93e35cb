"""What the journal says, as metrics for Prometheus.

No label names a site: what is known of each site is in the journal, and a fleet would make too many
series. Kinds and statuses are fixed, and operations are those that ran, up to a bound.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from fleet.journal.overview import Overview
from fleet.journal.tallies import ENDS, Tallies, read_tallies
from fleet.results import Status

__all__ = ["Metrics"]

_OPERATIONS = 50
"""Kinds and operations told apart at most; the newest count."""

_KINDS = ("apply", "audit", "plan", "rollback", "run")


class Metrics:
    """Makes the text that Prometheus asks for.

    Args:
        overview: The journal.
    """

    def __init__(self, overview: Overview) -> None:
        self._overview = overview

    async def __call__(self) -> tuple[bytes, str]:
        """Return every metric as it is now, and the content type of that text.

        Raises:
            JournalError: The journal cannot be read.
        """
        begun = time.perf_counter()
        totals = await self._overview.totals()
        findings, sites = await self._overview.drift()
        tallies = await read_tallies(self._overview.database, _OPERATIONS)
        found = [
            _by("fleet_sites", "Sites by how they ended last", ["status"], _statuses(totals)),
            _one("fleet_drift_findings", "Open differences from policies", findings),
            _one("fleet_drift_sites", "Sites with an open difference from their policies", sites),
            *_of_runs(tallies),
            _by("fleet_build_info", "The release, always 1", ["version"], [([_version()], 1)]),
            _one(
                "fleet_scrape_seconds",
                "How long the journal took to answer for these metrics",
                time.perf_counter() - begun,
            ),
        ]
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Found(found))
        return generate_latest(registry), CONTENT_TYPE_LATEST


class _Found:
    """Hands over metrics that were made before."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


_Row = tuple[list[str], float]


def _of_runs(tallies: Tallies) -> Iterable[Metric]:
    yield _by(
        "fleet_runs",
        "Runs on record by kind and by what became of them",
        ["kind", "end"],
        [([kind, end], tallies.ends.get((kind, end), 0)) for kind in _KINDS for end in ENDS],
    )
    labels = ["kind", "operation"]
    newest = [([run.kind, run.operation], run) for run in tallies.newest]
    started = [(names, run.started.timestamp()) for names, run in newest]
    ended = [(names, run.finished.timestamp()) for names, run in newest if run.finished]
    took = [
        (names, (run.finished - run.started).total_seconds())
        for names, run in newest
        if run.finished
    ]
    yield _by("fleet_last_run_start_timestamp_seconds", "When it began", labels, started)
    yield _by("fleet_last_run_end_timestamp_seconds", "When it ended", labels, ended)
    yield _by("fleet_last_run_duration_seconds", "How long it took", labels, took)
    yield _by(
        "fleet_last_run_complete",
        "1 where it was neither interrupted nor halted",
        labels,
        [(names, float(not (run.interrupted or run.halted))) for names, run in newest],
    )
    yield _by(
        "fleet_last_run_sites",
        "Sites of the last finished run of each kind and operation by how they ended",
        [*labels, "status"],
        [
            ([*names, *word], count)
            for names, run in newest
            for word, count in _statuses(run.totals)
        ],
    )


def _statuses(totals: Mapping[Status, int]) -> list[_Row]:
    return [([status.value], float(totals.get(status, 0))) for status in Status]


def _by(name: str, what: str, labels: Sequence[str], rows: Iterable[_Row]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=labels)
    for names, value in rows:
        family.add_metric(names, value)
    return family


def _one(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _version() -> str:
    try:
        return version("jetfleet")
    except PackageNotFoundError:
        return "unknown"
