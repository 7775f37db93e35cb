"""Groups what happened: sites that ended for the same cause, keys that ended the same way.

A thousand sites behind one broken firewall are one piece of news. Two messages are the same cause
when they differ only in the site they speak of, so its own address and name are factored out
before they are compared. Sites are taken one at a time and none is kept, so that the report of
100,000 sites fits in little memory. Knows nothing of layout.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from fleet.report.gather import Counts, Finest, Named, Names, Same, Tally
from fleet.report.inert import inert
from fleet.report.values import shown
from fleet.results import SiteResult, Status, Verdict

__all__ = ["ATTENTION", "Cause", "Causes", "KeyOutcome", "KeyOutcomes", "Note", "Notes"]

ATTENTION = (
    Status.FAILED,
    Status.UNKNOWN,
    Status.PARTIAL,
    Status.BLOCKED,
    Status.UNREACHABLE,
    Status.SKIPPED,
)
"""Statuses that need a person, the gravest first."""

_MOST_GROUPS = 1_000
"""Different keys, or notes, told apart: far more than people read."""

_OTHER_KEYS = "(other keys)"
_OTHER_NOTES = "(other notes)"

_PORT = re.compile(r":\d+$")
_GLUED_LEFT = re.compile(r"[\w.-]$")
_GLUED_RIGHT = re.compile(r"[\w-]|\.\w")

_LONGEST = 2_000
"""Characters of a text that are looked at; what is shown is shorter still."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Sites that ended the same way for the same reason.

    Args:
        status: How they ended.
        kind: Their error kind, if they have one.
        messages: Inert sentences about it with how many sites each, the most frequent first.
        said: The sites' own words likewise.
        sites: Their names in the order of the inventory.
    """

    status: Status
    kind: str | None
    messages: Counts
    said: Counts
    sites: Named


@dataclass(frozen=True, slots=True)
class KeyOutcome:
    """One way a key ended, and where.

    Args:
        key: Inert name of the key.
        verdict: How it ended.
        kind: Error kind, if it has one.
        before: Inert value before, or ``(various)``.
        after: Inert value read last where it changed, else the value wanted.
        reasons: Inert sentences with how many sites each, the most frequent first.
        sites: Names of the sites.
    """

    key: str
    verdict: Verdict
    kind: str | None
    before: str
    after: str
    reasons: Counts
    sites: Named


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing that is no error, and the sites it holds for."""

    text: str
    sites: Named


class Causes:
    """What needs a person, gathered site by site.

    Args:
        kept: Names of sites kept per cause.
    """

    def __init__(self, kept: int) -> None:
        self._fresh = lambda: _CauseSoFar(kept)
        self._by_kind: dict[tuple[Status, str | None], Finest[_CauseSoFar]] = {}

    def add(self, result: SiteResult) -> None:
        """Take a site."""
        if result.status not in ATTENTION:
            return
        message = factored(result.message, result)
        found = self._by_kind.setdefault((result.status, result.kind), Finest(self._fresh))
        for cause in found.groups_of(message, ""):
            cause.names.add(result.site)
            cause.messages.add(message, result.message)
            cause.said.add(factored(result.said, result), result.said)

    def found(self) -> list[Cause]:
        """Return the causes, the gravest status first, then by number of sites.

        A kind whose messages differ on nearly every site is kept as one cause with many
        messages, so that the list stays as short as the list of kinds.
        """
        causes = [
            Cause(status, kind, each.messages.counts(), each.said.counts(), each.names.named())
            for (status, kind), finest in self._by_kind.items()
            for each in finest.groups()
        ]
        return sorted(causes, key=lambda cause: (ATTENTION.index(cause.status), -len(cause.sites)))


class KeyOutcomes:
    """How keys ended, gathered site by site.

    Args:
        kept: Names of sites kept per outcome.
    """

    def __init__(self, kept: int) -> None:
        self._fresh = lambda: _OutcomeSoFar(kept)
        self._by_key: dict[tuple[str, Verdict, str | None], Finest[_OutcomeSoFar]] = {}

    def add(self, result: SiteResult) -> None:
        """Take the keys of a site."""
        for key in result.keys:
            after = shown(key.found if key.verdict is Verdict.CHANGED else key.wanted)
            before = shown(key.before)
            place = (inert(key.key, 64), key.verdict, key.kind)
            if place not in self._by_key and len(self._by_key) >= _MOST_GROUPS:
                place = (_OTHER_KEYS, key.verdict, key.kind)
            found = self._by_key.setdefault(place, Finest(self._fresh))
            reason = factored(key.reason, result)
            for outcome in found.groups_of((before, after), after, ""):
                outcome.names.add(result.site)
                outcome.reasons.add(reason, key.reason)
                outcome.before.add(before)
                outcome.after.add(after)

    def found(self, *verdicts: Verdict) -> list[KeyOutcome]:
        """Return the outcomes with these verdicts, those of most sites first, then by key."""
        outcomes = [
            KeyOutcome(
                key,
                verdict,
                kind,
                before=each.before.value,
                after=each.after.value,
                reasons=each.reasons.counts(),
                sites=each.names.named(),
            )
            for (key, verdict, kind), finest in self._by_key.items()
            if verdict in verdicts
            for each in finest.groups()
        ]
        return sorted(outcomes, key=lambda outcome: (-len(outcome.sites), outcome.key))


class Notes:
    """What is worth knowing, gathered site by site.

    Args:
        kept: Names of sites kept per note.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._by_text: dict[str, _NoteSoFar] = {}

    def add(self, result: SiteResult) -> None:
        """Take the notes of a site."""
        for note in filter(None, result.notes):
            text = factored(note, result)
            if text not in self._by_text and len(self._by_text) >= _MOST_GROUPS:
                text = _OTHER_NOTES
            found = self._by_text.setdefault(text, _NoteSoFar(self._kept))
            found.names.add(result.site)
            found.texts.add(text, note)

    def found(self) -> list[Note]:
        """Return the notes, the most frequent first."""
        notes = [
            Note(each.texts.counts()[0][0], each.names.named()) for each in self._by_text.values()
        ]
        return sorted(notes, key=lambda note: -len(note.sites))


class _CauseSoFar:
    def __init__(self, kept: int) -> None:
        self.names = Names(kept)
        self.messages = Tally()
        self.said = Tally()


class _OutcomeSoFar:
    def __init__(self, kept: int) -> None:
        self.names = Names(kept)
        self.reasons = Tally()
        self.before = Same()
        self.after = Same()


class _NoteSoFar:
    def __init__(self, kept: int) -> None:
        self.names = Names(kept)
        self.texts = Tally()


def factored(text: str, result: SiteResult) -> str:
    """Return inert `text` with the site's own address, host and name replaced by placeholders."""
    if not text:
        return ""
    text = text[:_LONGEST]
    authority = result.url.partition("://")[2].partition("/")[0]
    own = {
        result.url: "<address>",
        result.url.rstrip("/"): "<address>",
        authority: "<host>",
        _PORT.sub("", authority): "<host>",
        result.site: "<site>",
    }
    for word in sorted(own, key=len, reverse=True):
        if word and word in text:
            text = _replaced(text, word, own[word])
    return inert(text)


def _replaced(text: str, word: str, mark: str) -> str:
    """Replace `word` where it stands alone; a pattern compiled per site is fifty times slower."""
    pieces = text.split(word)
    out = pieces[0]
    for before, after in pairwise(pieces):
        alone = not _GLUED_LEFT.search(before[-1:]) and not _GLUED_RIGHT.match(after)
        out += (mark if alone else word) + after
    return out
