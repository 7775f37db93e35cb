"""Runs for the tests of the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fleet.journal.journal import open_journal
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

__all__ = ["HOSTILE", "OWNER", "audited", "site"]

OWNER = Owner("ann", "ops-1", 4711)
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
    "</textarea>\u202e\x1b[31m{{ 7*7 }}"
)
"""Words of a site that wants to be more than text."""


def site(
    name: str, *drifting: str, good: Sequence[str] = (), status: Status | None = None, **facts: Any
) -> SiteResult:
    """Return the result of an audit of one site."""
    keys = tuple(
        KeyResult(key, Verdict.DRIFT, before=False, wanted=True, found=False) for key in drifting
    ) + tuple(KeyResult(key, Verdict.UNCHANGED, True, True, True) for key in good)
    ended = status or status_of(keys)[0]
    url = f"https://{name}.example/"
    return SiteResult(name, url, ended, keys=keys, usage=Usage(4, 0, 1, 900, 0.5), **facts)


async def audited(
    store: Path, run_id: str, *results: SiteResult, kind: str = "audit", finished: bool = True
) -> None:
    """Put a run on record."""
    at = datetime.now(UTC)
    async with open_journal(str(store)) as journal:
        sites = tuple((each.site, each.url) for each in results)
        await journal.begin(RunStarted(run_id, kind, {}, True, sites, at), kind=kind, owner=OWNER)
        for each in results:
            await journal.record(run_id, each)
        await journal.flush()
        if finished:
            await journal.finish(run_id, RunFinished(datetime.now(UTC), None, None))
