"""Comparing two runs, and what the history of findings comes to.

Nothing is called fixed that was not seen to be well: a site that could not be reached, was not in
the later run, or was not asked about a key any more is told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from itertools import chain

from fleet.journal.findings import (
    Finding,
    FindingName,
    Sighting,
    StoredFinding,
    TrendPoint,
    sighting_of,
)
from fleet.results import RunReport

__all__ = ["Comparison", "Entry", "compare", "daily", "mean_time_to_fix"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding in a comparison of two runs.

    Args:
        finding: What it is: as the later run saw it, or the earlier one where that did not.
        before: What the earlier run saw of it, or None.
        remark: Why it cannot be compared, one sentence; empty where it can.
    """

    finding: Finding
    before: Finding | None = None
    remark: str = ""

    @property
    def moved(self) -> bool:
        """Return whether a finding that is still open has another value now."""
        return self.before is not None and (
            (self.before.wanted, self.before.found) != (self.finding.wanted, self.finding.found)
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed between two runs.

    Args:
        earlier: Id of the run compared with.
        later: Id of the run that is compared.
        new: Found by the later run only.
        fixed: Found by the earlier run and seen to be gone in the later one.
        still_open: Found by both.
        not_seen: Found by the earlier run; the later one cannot tell.
        only_earlier: Sites of the earlier run only.
        only_later: Sites of the later run only.
    """

    earlier: str
    later: str
    new: tuple[Entry, ...]
    fixed: tuple[Entry, ...]
    still_open: tuple[Entry, ...]
    not_seen: tuple[Entry, ...]
    only_earlier: tuple[str, ...]
    only_later: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """Return 2 where something is new, else 0."""
        return 2 if self.new else 0


def compare(earlier: RunReport, later: RunReport) -> Comparison:
    """Return what changed from one run to a later one.

    Results are gone through once each; only what is wrong is kept.
    """
    before: dict[FindingName, Finding] = {}
    looked: dict[tuple[str, str], Sighting] = {}
    for result in earlier.results:
        sighting = sighting_of(result)
        before |= {finding.name: finding for finding in sighting.findings}
        looked[result.site, result.url] = Sighting(result.site, result.url, sighting.looked)
    new: list[Entry] = []
    fixed: list[Entry] = []
    still: list[Entry] = []
    unseen: list[Entry] = []
    left = _by_site(before.values())
    only_later: list[str] = []
    for result in later.results:
        sighting = sighting_of(result)
        known = looked.pop((result.site, result.url), None)
        if known is None:
            only_later.append(result.site)
        for finding in sighting.findings:
            old = before.get(finding.name)
            remark = "" if old else _unknown_before(known, finding)
            (still if old else new).append(Entry(finding, old, remark))
        found = {finding.name for finding in sighting.findings}
        for finding in left.pop((result.site, result.url), ()):
            if finding.name in found:
                continue
            if sighting.mends(finding.name):
                fixed.append(Entry(finding, finding))
            else:
                unseen.append(Entry(finding, finding, _why_unseen(sighting, result.status.value)))
    for finding in chain.from_iterable(left.values()):
        unseen.append(Entry(finding, finding, "the site was not in the later run"))
    return Comparison(
        earlier.run_id,
        later.run_id,
        tuple(new),
        tuple(fixed),
        tuple(still),
        tuple(unseen),
        tuple(site for site, _ in looked),
        tuple(only_later),
    )


def daily(points: Iterable[TrendPoint], zone: tzinfo) -> list[tuple[date, TrendPoint]]:
    """Return the last point of each key and day, oldest day first.

    Args:
        points: The points, oldest first.
        zone: Whose days are meant.
    """
    last = {(point.at.astimezone(zone).date(), point.key): point for point in points}
    return [(day, last[day, key]) for day, key in sorted(last)]


def mean_time_to_fix(findings: Sequence[StoredFinding]) -> float | None:
    """Return the mean seconds that findings were open before they were gone; None without any."""
    fixes = sum(each.fixes for each in findings)
    return sum(each.fixing for each in findings) / fixes if fixes else None


def _by_site(findings: Iterable[Finding]) -> dict[tuple[str, str], list[Finding]]:
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.name[:2], []).append(finding)
    return found


def _unknown_before(known: Sighting | None, finding: Finding) -> str:
    """Return why the earlier run could not have found this; empty where it could."""
    if known is None:
        return "the site was not in the earlier run"
    if finding.name.key and not known.looked:
        return "the earlier run could not look at the site"
    return ""


def _why_unseen(sighting: Sighting, status: str) -> str:
    if sighting.looked:
        return "the later run did not check this key"
    kind = next((finding.kind for finding in sighting.findings if finding.kind), None)
    ended = status.replace("_", " ")
    return f"the site ended {ended} ({kind})" if kind else f"the site ended {ended}"
