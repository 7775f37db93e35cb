"""What a run says is wrong, as alerts count it: pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from fleet.front.watch.nouns import AlertKind
from fleet.inventory.model import Inventory
from fleet.journal.findings import Finding, Sighting, sighting_of
from fleet.policy.document import PolicyDocument
from fleet.policy.rules import Severity
from fleet.report.inert import inert
from fleet.report.values import shown
from fleet.results import RunReport

__all__ = ["Condition", "Grade", "Seen", "grade_by", "missed", "seen_in"]

Grade = Callable[[str, str], Severity]
"""Returns how grave a difference is, by site and key."""


class Condition(NamedTuple):
    """Something wrong that people may want to know.

    Args:
        kind: What sort of thing: drift, failing or missed.
        site: The site; empty for a missed run.
        key: The key that differs; empty for a site that fails; the schedule for a missed run.
        severity: How grave it is.
        text: What it is, one inert line.
        error: Kind of the error, if it is one.
    """

    kind: AlertKind
    site: str
    key: str
    severity: Severity
    text: str
    error: str = ""

    @property
    def id(self) -> str:
        """Return what makes it the same in two runs."""
        return "|".join((self.kind.value, self.site, self.key))


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run saw.

    Args:
        conditions: What is wrong, by id.
        sites: What was seen of each site.
    """

    conditions: Mapping[str, Condition]
    sites: Mapping[str, Sighting]

    def ended(self, kind: AlertKind, site: str, key: str) -> bool:
        """Return whether a condition is shown to be over."""
        if kind is AlertKind.MISSED:
            return True
        found = self.sites.get(site)
        if found is None:
            return False
        return key in found.good if kind is AlertKind.DRIFT else found.looked

    def moot(self, kind: AlertKind, site: str, key: str) -> bool:
        """Return whether nobody asks any more: the site or the key is not looked at."""
        found = self.sites.get(site)
        if kind is AlertKind.MISSED:
            return False
        if found is None:
            return True
        return kind is AlertKind.DRIFT and found.looked and key not in found.good


def seen_in(report: RunReport, grade: Grade) -> Seen:
    """Return what is wrong in a run, and what it looked at.

    Only what is left after a run's own retries is in its report.
    """
    conditions: dict[str, Condition] = {}
    sites: dict[str, Sighting] = {}
    for result in report.results:
        sighting = sighting_of(result)
        sites[result.site] = sighting
        for finding in sighting.findings:
            condition = _condition(finding, grade)
            conditions[condition.id] = condition
    return Seen(conditions, sites)


def missed(schedule: str, text: str) -> Condition:
    """Return the condition that a schedule did not run."""
    return Condition(AlertKind.MISSED, "", schedule, Severity.HIGH, inert(text, 400))


def grade_by(document: PolicyDocument | None, inventory: Inventory, report: RunReport) -> Grade:
    """Return how grave differences are by the policies that ask for the keys."""
    if document is None:
        return lambda _site, _key: Severity.MEDIUM
    today = report.started.date()

    def grade(name: str, key: str) -> Severity:
        site = inventory.sites.get(name)
        if site is None:
            return Severity.MEDIUM
        desired = document.desired(site, today)
        if key in desired.rules:
            return desired.rules[key].rule.severity
        found = (each.severity for each in desired.requirements if each.key == key)
        return next(found, Severity.MEDIUM)

    return grade


def _condition(finding: Finding, grade: Grade) -> Condition:
    name = finding.name
    if not name.key:
        text = inert(f"{name.error}: {finding.reason}" if finding.reason else name.error, 200)
        return Condition(AlertKind.FAILING, name.site, "", Severity.HIGH, text, name.error)
    text = f"{shown(finding.found, 40)}, wanted {shown(finding.wanted, 40)}"
    if finding.kind:
        text = inert(f"{finding.kind}: {finding.reason}", 200)
    severity = grade(name.site, name.key)
    return Condition(AlertKind.DRIFT, name.site, name.key, severity, text, finding.kind or "")
