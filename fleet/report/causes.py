"""Groups what happened: sites that ended for the same cause, keys that ended the same way.

A thousand sites behind one broken firewall are one piece of news. Two messages are the same cause
when they differ only in the site they speak of, so its own address and name are factored out
before they are compared. Knows nothing of layout.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeVar

from fleet.report.inert import inert
from fleet.report.values import shown
from fleet.results import KeyResult, SiteResult, Status, Verdict

__all__ = ["Cause", "Counts", "KeyOutcome", "Note", "causes", "key_outcomes", "notes"]

ATTENTION = (
    Status.FAILED,
    Status.UNKNOWN,
    Status.PARTIAL,
    Status.BLOCKED,
    Status.UNREACHABLE,
    Status.SKIPPED,
)
"""Statuses that need a person, the gravest first."""

_ALIKE = 3
"""Different messages of one kind that still stand as causes of their own."""

_PORT = re.compile(r":\d+$")
_GLUED_LEFT = re.compile(r"[\w.-]$")
_GLUED_RIGHT = re.compile(r"[\w-]|\.\w")

_LONGEST = 2_000
"""Characters of a text that are looked at; what is shown is shorter still."""

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
Counts = tuple[tuple[str, int], ...]
"""Inert texts with how many sites each, the most frequent first."""


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
    sites: tuple[str, ...]


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
    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing that is no error, and the sites it holds for."""

    text: str
    sites: tuple[str, ...]


class _Ended(NamedTuple):
    site: SiteResult
    key: KeyResult
    before: str
    after: str


def causes(results: Iterable[SiteResult]) -> list[Cause]:
    """Return what needs a person, the gravest status first, then by number of sites.

    A kind whose messages differ on nearly every site is kept as one cause with many messages,
    so that the list stays as short as the list of kinds.
    """
    bad = [result for result in results if result.status in ATTENTION]
    found: list[Cause] = []
    for alike in _grouped(bad, lambda result: (result.status, result.kind)).values():
        by_message = _grouped(alike, _message)
        groups = by_message.values() if len(by_message) <= _ALIKE else [alike]
        found.extend(_cause(group) for group in groups)
    return sorted(found, key=lambda cause: (ATTENTION.index(cause.status), -len(cause.sites)))


def key_outcomes(results: Iterable[SiteResult], *verdicts: Verdict) -> list[KeyOutcome]:
    """Return how the keys with these verdicts ended, by key and then by number of sites."""
    ended = [
        _Ended(site, key, *_values(key))
        for site in results
        for key in site.keys
        if key.verdict in verdicts
    ]
    found: list[KeyOutcome] = []
    for alike in _grouped(ended, lambda end: (end.key.key, end.key.verdict, end.key.kind)).values():
        groups: Collection[list[_Ended]]
        groups = _grouped(alike, lambda end: (end.before, end.after)).values()
        if len(groups) > _ALIKE:
            groups = _grouped(alike, lambda end: end.after).values()
        if len(groups) > _ALIKE:
            groups = [alike]
        found.extend(_outcome(group) for group in groups)
    return sorted(found, key=lambda outcome: (outcome.key, -len(outcome.sites)))


def notes(results: Iterable[SiteResult]) -> list[Note]:
    """Return the notes of all sites, the most frequent first."""
    pairs = [(result, note) for result in results for note in result.notes]
    groups = _grouped(pairs, lambda pair: _factored(pair[1], pair[0])).values()
    found = [
        Note(_counted(group)[0][0], tuple(result.site for result, _ in group))
        for group in groups
        if group[0][1]
    ]
    return sorted(found, key=lambda note: -len(note.sites))


def _cause(group: Sequence[SiteResult]) -> Cause:
    return Cause(
        status=group[0].status,
        kind=group[0].kind,
        messages=_counted([(result, result.message) for result in group]),
        said=_counted([(result, result.said) for result in group]),
        sites=tuple(result.site for result in group),
    )


def _outcome(group: Sequence[_Ended]) -> KeyOutcome:
    key = group[0].key
    return KeyOutcome(
        key=inert(key.key, 64),
        verdict=key.verdict,
        kind=key.kind,
        before=_one({end.before for end in group}),
        after=_one({end.after for end in group}),
        reasons=_counted([(end.site, end.key.reason) for end in group]),
        sites=tuple(end.site.site for end in group),
    )


def _values(key: KeyResult) -> tuple[str, str]:
    after = key.found if key.verdict is Verdict.CHANGED else key.wanted
    return shown(key.before), shown(after)


def _one(values: set[str]) -> str:
    return values.pop() if len(values) == 1 else "(various)"


def _counted(pairs: Sequence[tuple[SiteResult, str]]) -> Counts:
    """Count what was said about sites; a text about a single site keeps its address."""
    if len(pairs) == 1:
        texts = Counter(inert(text) for _, text in pairs)
    else:
        texts = Counter(_factored(text, result) for result, text in pairs)
    return tuple((text, count) for text, count in texts.most_common() if text)


def _message(result: SiteResult) -> str:
    return _factored(result.message, result)


def _factored(text: str, result: SiteResult) -> str:
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


def _grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
