"""Findings: what a run found wrong, told by site and key, or by site and kind of error.

A finding is the same one in every run that sees it, so it has a history: when it was seen first
and last, how often it came back, and how long it took to be mended. It counts as mended only where
a later run looked at the same key and found it well; a site that could not be reached proves
nothing.

Everything here is pure. The tables are in `fleet.journal.tables`, the queries in
`fleet.journal.history`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from fleet.results import KeyResult, SiteResult, Status

__all__ = [
    "Finding",
    "FindingName",
    "Sighting",
    "StoredFinding",
    "TrendPoint",
    "after",
    "is_tracked",
    "sighting_of",
]

_LOOKED_AT = frozenset({Status.UNCHANGED, Status.CHANGED, Status.DRIFT})


class FindingName(NamedTuple):
    """What makes a finding the same in two runs.

    Args:
        site: Name of the site.
        url: Its address; the same name with another address is another site.
        key: What differs, such as ``modules.protect``; empty where the site as a whole failed.
        error: Kind of the error of a site that failed; empty for a key.
    """

    site: str
    url: str
    key: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as wanted.

    Args:
        name: What makes it the same in two runs.
        wanted: The value asked for, a JSON value.
        found: The value found, a JSON value.
        kind: Error kind of a key that could not be set or checked, or of the site; else None.
        reason: One sentence; remote text in it is hostile.
    """

    name: FindingName
    wanted: object = None
    found: object = None
    kind: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one result says of one site.

    Args:
        site: Name of the site.
        url: Its address.
        looked: Whether the site answered so far that its keys could be told.
        findings: What is not as wanted.
        good: Keys that are as wanted.
    """

    site: str
    url: str
    looked: bool
    findings: tuple[Finding, ...] = ()
    good: frozenset[str] = frozenset()

    def mends(self, name: FindingName) -> bool:
        """Return whether a finding is shown to be gone.

        A key has to be seen well. A failure of the whole site is over once the site is looked
        at; another failure in its place proves nothing.
        """
        return name.key in self.good if name.key else self.looked


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding with its history.

    Args:
        finding: What it was when it was seen last.
        first_seen: When it was seen for the very first time.
        opened: When the present spell began; the last one where it is mended.
        last_seen: When it was seen last.
        last_run: The run that saw it last.
        fixed: When it was seen to be gone, or None while it is open.
        recurrences: How often it came back after it was gone.
        fixes: How often it was seen to be gone.
        fixing: Seconds from the beginning to the end of all spells that ended.
    """

    finding: Finding
    first_seen: datetime
    opened: datetime
    last_seen: datetime
    last_run: str
    fixed: datetime | None = None
    recurrences: int = 0
    fixes: int = 0
    fixing: float = 0.0

    @property
    def mean_time_to_fix(self) -> float | None:
        """Return the mean seconds until it was gone, or None where it never was."""
        return self.fixing / self.fixes if self.fixes else None


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """How many sites conformed in one run, as a whole or in one key.

    Args:
        run_id: The run; it may have been pruned since.
        at: When it began.
        kind: ``audit`` or ``plan``.
        key: The key; empty for whole sites, of which only those that were looked at count.
        good: Sites that were as wanted.
        bad: Sites that were not.
    """

    run_id: str
    at: datetime
    kind: str
    key: str
    good: int
    bad: int

    @property
    def conformity(self) -> float | None:
        """Return the share of sites that were as wanted, 0 to 100; None where none was seen."""
        seen = self.good + self.bad
        return 100 * self.good / seen if seen else None


def is_tracked(kind: str, operation: str) -> bool:
    """Return whether the findings of a run are those of the fleet's policies.

    The look before a rollback is a plan too, but wants what no policy wants.
    """
    return kind == "audit" or (kind == "plan" and operation == "plan")


def sighting_of(result: SiteResult) -> Sighting:
    """Return what a result says of its site; a site left out on purpose says nothing."""
    findings = tuple(_of_key(result, key) for key in result.keys if not key.verdict.good)
    good = frozenset(key.key for key in result.keys if key.verdict.good)
    if result.status in _LOOKED_AT or result.keys:
        return Sighting(result.site, result.url, True, findings, good)
    if result.left_out or result.status is Status.NOT_STARTED:
        return Sighting(result.site, result.url, False)
    error = result.kind or result.status.value
    name = FindingName(result.site, result.url, "", error)
    finding = Finding(name, None, None, result.kind, result.message)
    return Sighting(result.site, result.url, False, (finding,))


def _of_key(result: SiteResult, key: KeyResult) -> Finding:
    name = FindingName(result.site, result.url, key.key)
    return Finding(name, key.wanted, key.found, key.kind, key.reason)


def after(
    known: Mapping[FindingName, StoredFinding],
    sightings: Iterable[tuple[Sighting, datetime]],
    run_id: str,
    *,
    opens: bool = True,
) -> dict[FindingName, StoredFinding]:
    """Return the findings that a run's sightings make anew, keep open or close.

    Args:
        known: What is on record of the sites seen, by name.
        sightings: What was seen of each site, and when.
        run_id: The run that saw it.
        opens: Whether what it found counts; the findings of an apply only end by it.
    """
    open_of: dict[tuple[str, str], list[StoredFinding]] = {}
    for stored in known.values():
        if stored.fixed is None:
            open_of.setdefault(stored.finding.name[:2], []).append(stored)
    changed: dict[FindingName, StoredFinding] = {}
    for sighting, at in sightings:
        for finding in sighting.findings if opens else ():
            changed[finding.name] = _seen(known.get(finding.name), finding, at, run_id)
        for stored in open_of.get((sighting.site, sighting.url), ()):
            if sighting.mends(stored.finding.name):
                changed[stored.finding.name] = _gone(stored, at)
    return changed


def _seen(
    stored: StoredFinding | None, finding: Finding, at: datetime, run_id: str
) -> StoredFinding:
    if stored is None:
        return StoredFinding(finding, at, at, at, run_id)
    kept = replace(stored, finding=finding, last_seen=max(at, stored.last_seen), last_run=run_id)
    if stored.fixed is None:
        return kept
    return replace(kept, opened=at, fixed=None, recurrences=stored.recurrences + 1)


def _gone(stored: StoredFinding, at: datetime) -> StoredFinding:
    spell = max((at - stored.opened).total_seconds(), 0.0)
    return replace(stored, fixed=at, fixes=stored.fixes + 1, fixing=stored.fixing + spell)
