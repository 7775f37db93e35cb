"""Runs, results and a clock for the tests of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from fleet.journal.journal import Journal
from fleet.journal.records import Owner
from fleet.results import KeyResult, RunStarted, SiteResult, Status, Usage, Verdict

__all__ = ["AT", "OWNER", "Clock", "Opens", "result", "start"]

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
OWNER = Owner("ann", "ops-1", 4711)


class Clock:
    """Shows the time it is given."""

    def __init__(self) -> None:
        self.at = AT

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
