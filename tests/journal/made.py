"""Runs, results and a clock for the tests of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from fleet.journal.journal import Journal
from fleet.journal.records import Owner
from fleet.results import (
    KeyResult,
    RunFinished,
    RunStarted,
    SiteResult,
    Status,
    Usage,
    Verdict,
    status_of,
)

__all__ = ["AT", "OWNER", "Clock", "Opens", "audited", "looked", "lost", "result", "start"]

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
OWNER = Owner("ann", "ops-1", 4711)


class Clock:
    """Shows the time it is given."""

    def __init__(self, at: datetime = AT) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Opens(Protocol):
    """Opens the journal of the test."""

    def __call__(self, **options: Any) -> AbstractAsyncContextManager[Journal]: ...


def start(
    run_id: str = "run-1", sites: Sequence[str] = ("a", "b", "c"), **facts: Any
) -> RunStarted:
    given: dict[str, Any] = {
        "run_id": run_id,
        "operation": "modules.activate",
        "parameters": {"modules": ["protect"]},
        "read_only": False,
        "sites": tuple((site, f"https://{site}.example/") for site in sites),
        "at": AT,
    }
    return RunStarted(**{**given, **facts})


def result(site: str = "a", status: Status = Status.CHANGED, **facts: Any) -> SiteResult:
    key = KeyResult("modules.protect", Verdict.CHANGED, False, True, True)
    given: dict[str, Any] = {"keys": (key,), "usage": Usage(5, 1, 1, 1200, 0.25)}
    return SiteResult(site, f"https://{site}.example/", status, **{**given, **facts})


def looked(site: str, **keys: object) -> SiteResult:
    """Return a site with modules that are on as wanted (True) or not (False)."""
    found = tuple(
        KeyResult(
            f"modules.{key}",
            Verdict.UNCHANGED if value is True else Verdict.DRIFT,
            value,
            True,
            value,
        )
        for key, value in keys.items()
    )
    return SiteResult(site, f"https://{site}.example/", status_of(found)[0], keys=found)


def lost(site: str, kind: str = "net.timeout", message: str = "no answer") -> SiteResult:
    """Return a site that could not be looked at."""
    return SiteResult(site, f"https://{site}.example/", Status.UNREACHABLE, kind, message)


async def audited(
    journal: Journal, clock: Clock, run_id: str, *results: SiteResult, kind: str = "audit"
) -> None:
    """Put a run that ended so on record."""
    sites = [each.site for each in results]
    await journal.begin(start(run_id, sites, at=clock(), operation=kind), kind=kind, owner=OWNER)
    for each in results:
        await journal.record(run_id, each)
    await journal.finish(run_id, RunFinished(clock()))
