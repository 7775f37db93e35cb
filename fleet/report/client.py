"""What was done in a month for a client's sites, how they stand now, and what is open.

Gathered from the outcomes of all runs of the month, the oldest first. What is said last about a
site or a key stands; a change counts as done only where it was read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fleet.report.leaves import leaves
from fleet.report.wording import (
    asked_words,
    changed_words,
    figure_words,
    risk_words,
    trouble_words,
)
from fleet.results import KeyResult, SiteResult, Status, Verdict

__all__ = ["ClientReport", "ClientSite", "Gathering", "SiteFigure", "Undone", "Work"]

_MOST_WORK = 5_000
"""Changes listed; all are counted."""


@dataclass(frozen=True, slots=True)
class Work:
    """One change that was made and seen.

    Args:
        at: When.
        site: Name of the site.
        words: What was done.
        before: The value before.
        after: The value after.
    """

    at: datetime
    site: str
    words: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Undone:
    """Something that is open, or was not done.

    Args:
        site: Name of the site.
        words: What it is.
        why: Why it was not done; empty for a risk.
        at: When it was seen last.
    """

    site: str
    words: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SiteFigure:
    """A number that was read on a site in the course of the month.

    Args:
        site: Name of the site.
        name: What was counted.
        values: Each reading, the oldest first.
    """

    site: str
    name: str
    values: tuple[float, ...]

    @property
    def latest(self) -> float:
        """Return the last reading."""
        return self.values[-1]

    @property
    def change(self) -> float:
        """Return how much it grew in the month."""
        return self.values[-1] - self.values[0]


@dataclass(frozen=True, slots=True)
class ClientSite:
    """How a site stands at the end of the month.

    Args:
        name: Its name.
        url: Its address.
        state: ``well``, ``open`` (something differs), ``trouble`` or ``unseen`` in the month.
        words: The same in a sentence.
        seen: When it was looked at last, or None.
        changes: How many changes were made.
    """

    name: str
    url: str
    state: str
    words: str
    seen: datetime | None
    changes: int


@dataclass(frozen=True, slots=True)
class ClientReport:
    """One client's month.

    Args:
        client: Name of the client.
        since: First moment of the month.
        until: First moment after it.
        runs: How many runs looked at these sites.
        sites: Every site.
        work: What was done, the oldest first; at most 5,000 changes.
        changes: How many changes were made in all.
        risks: What differs from what was agreed.
        undone: What was not done and why.
        figures: What was measured.
    """

    client: str
    since: datetime
    until: datetime
    runs: int
    sites: tuple[ClientSite, ...]
    work: tuple[Work, ...]
    changes: int
    risks: tuple[Undone, ...]
    undone: tuple[Undone, ...]
    figures: tuple[SiteFigure, ...]


@dataclass(slots=True)
class _SiteSoFar:
    seen: datetime | None = None
    trouble: Undone | None = None
    keys: dict[str, tuple[KeyResult, datetime]] = field(default_factory=dict)
    figures: dict[str, list[float]] = field(default_factory=dict)
    changes: int = 0


class Gathering:
    """Takes outcomes, the oldest first, and makes the report of them.

    Args:
        sites: Address of each site of the client, by name.
    """

    def __init__(self, sites: Mapping[str, str]) -> None:
        self._urls = dict(sites)
        self._sites = {name: _SiteSoFar() for name in sites}
        self._work: list[Work] = []
        self._runs = 0

    def add_run(self, outcomes: Iterable[tuple[SiteResult, datetime]]) -> None:
        """Take what one run found; sites that are not the client's are passed over."""
        before = self._runs
        for result, at in outcomes:
            if result.site in self._sites:
                self._runs = before + 1
                self._add(self._sites[result.site], result, at)

    def report(self, client: str, since: datetime, until: datetime) -> ClientReport:
        """Return the report."""
        return ClientReport(
            client=client,
            since=since,
            until=until,
            runs=self._runs,
            sites=tuple(self._site(name) for name in self._sites),
            work=tuple(self._work),
            changes=sum(site.changes for site in self._sites.values()),
            risks=tuple(risk for name in self._sites for risk in self._risks(name)),
            undone=tuple(each for name in self._sites for each in self._undone(name)),
            figures=tuple(
                SiteFigure(name, figure, tuple(values))
                for name, site in self._sites.items()
                for figure, values in site.figures.items()
            ),
        )

    def _add(self, so_far: _SiteSoFar, result: SiteResult, at: datetime) -> None:
        if _looked_at(result):
            so_far.seen, so_far.trouble = at, None
        else:
            so_far.trouble = _trouble(result, at)
        for key in result.keys:
            so_far.keys[key.key] = (key, at)
            if key.verdict is Verdict.CHANGED:
                so_far.changes += 1
                if len(self._work) < _MOST_WORK:
                    words = changed_words(key.key, key.before, key.found)
                    self._work.append(Work(at, result.site, words, key.before, key.found))
        for leaf in leaves(result.data):
            if leaf.number is not None and leaf.unit:
                so_far.figures.setdefault(figure_words(leaf.path, leaf.unit), []).append(
                    leaf.number
                )

    def _risks(self, name: str) -> list[Undone]:
        return [
            Undone(name, risk_words(key.key, key.found, key.wanted), "", at)
            for key, at in self._sites[name].keys.values()
            if key.verdict is Verdict.DRIFT
        ]

    def _undone(self, name: str) -> list[Undone]:
        so_far = self._sites[name]
        found = [so_far.trouble] if so_far.trouble else []
        for key, at in so_far.keys.values():
            if key.verdict in (Verdict.REJECTED, Verdict.UNSUPPORTED, Verdict.UNKNOWN):
                why = trouble_words(key.kind, Status.FAILED)
                found.append(Undone(name, asked_words(key.key, key.wanted), why, at))
        return found

    def _site(self, name: str) -> ClientSite:
        so_far = self._sites[name]
        open_ = len(self._risks(name)) + len(self._undone(name))
        if so_far.trouble:
            state, words = "trouble", so_far.trouble.why
        elif so_far.seen is None:
            state, words = "unseen", "Not looked at in this month."
        elif open_:
            state, words = "open", f"{open_:,} {'point is' if open_ == 1 else 'points are'} open."
        else:
            state, words = "well", "All is as agreed."
        return ClientSite(name, self._urls[name], state, words, so_far.seen, so_far.changes)


def _looked_at(result: SiteResult) -> bool:
    """Return whether the site was worked on; trouble of single keys is told with the keys."""
    return bool(result.keys) or result.status.good or result.status is Status.DRIFT


def _trouble(result: SiteResult, at: datetime) -> Undone:
    why = trouble_words(result.kind, result.status)
    return Undone(result.site, "Work on the site", why, at)
