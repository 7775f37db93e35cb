"""Made-up runs and sites for the tests of reports."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from fleet.errors import SiteError
from fleet.results import KeyResult, RunReport, SiteResult, Status, Usage, Verdict

RUN_ID = "r-20261123-231405-7f3a"
STARTED = datetime(2026, 11, 23, 23, 14, 5, tzinfo=UTC)


def url(name: str) -> str:
    return f"https://{name}.example"


def healthy(name: str, **told: object) -> SiteResult:
    return SiteResult(name, url(name), Status.UNCHANGED, data=told, usage=Usage(3, 0, 1, 9_000, 1))


def broken(name: str, kind: str, message: str, said: str = "") -> SiteResult:
    return SiteResult.from_error(name, url(name), SiteError(kind, message, said=said))


def ended(name: str, status: Status, *keys: KeyResult, notes: tuple[str, ...] = ()) -> SiteResult:
    return SiteResult(name, url(name), status, keys=keys, notes=notes)


def switched(name: str, key: str = "modules.protect") -> SiteResult:
    return ended(name, Status.CHANGED, KeyResult(key, Verdict.CHANGED, False, True, True))


def run(
    results: Iterable[SiteResult],
    *,
    read_only: bool = False,
    seconds: float | None = 12.4,
    interrupted: str | None = None,
) -> RunReport:
    return RunReport(
        run_id=RUN_ID,
        operation="modules.activate",
        parameters={"modules": ["protect"]},
        read_only=read_only,
        started=STARTED,
        finished=None if seconds is None else STARTED + timedelta(seconds=seconds),
        interrupted=interrupted,
        results=tuple(results),
    )
