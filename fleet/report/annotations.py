"""Annotations of a run for GitHub's list of them: few, one for each cause, and never a command.

GitHub reads commands out of a job's log: ``::error title=...::message``. In a message percent signs
and line ends are escaped, in a property colons and commas as well
(docs.github.com/actions/reference/workflows-and-actions/workflow-commands).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fleet.errors import KINDS
from fleet.report.causes import Cause, KeyOutcome
from fleet.report.digest import Digest
from fleet.report.gather import Named
from fleet.report.inert import inert
from fleet.report.layout import plural
from fleet.results import RunReport, Status, Verdict

__all__ = ["MOST", "Annotation", "annotate", "workflow_command"]

MOST = 10
"""Annotations of a run; GitHub shows ten of a kind for a step, and nobody reads more."""

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}
_ESCAPED = str.maketrans(_DATA)
_ESCAPED_PROPERTY = str.maketrans(_PROPERTY)
_NAMED = 5
_TITLE = 120
_TEXT = 300


@dataclass(frozen=True, slots=True)
class Annotation:
    """One piece of news.

    Args:
        level: ``error``, ``warning`` or ``notice``.
        title: What happened, inert.
        lines: More about it, each inert.
    """

    level: str
    title: str
    lines: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """Return it as GitHub reads it, in one line."""
        text = "\n".join(self.lines) or self.title
        return workflow_command(self.level, text, {"title": self.title})


def workflow_command(name: str, text: str, properties: Mapping[str, str] | None = None) -> str:
    """Return a command for GitHub's runner in one line, whatever `text` holds.

    Args:
        name: Our own word, such as ``error``.
        text: Its message.
        properties: Values by our own names.
    """
    told = ",".join(
        f"{key}={value.translate(_ESCAPED_PROPERTY)}" for key, value in (properties or {}).items()
    )
    return f"::{name}{' ' if told else ''}{told}::{text.translate(_ESCAPED)}"


def annotate(report: RunReport, *, drift: bool = True) -> list[Annotation]:
    """Return the news of a run, the gravest first, `MOST` at most.

    Args:
        report: The run.
        drift: Tell what differs from what is wanted, too.
    """
    digest = Digest(report)
    found = [*_endings(report), *map(_of_cause, digest.causes)]
    if drift:
        found += [_of_drift(outcome) for outcome in digest.outcomes(Verdict.DRIFT)]
    if len(found) <= MOST:
        return found
    level = "error" if any(each.level == "error" for each in found[MOST - 1 :]) else "warning"
    hidden = len(found) - MOST + 1
    return [*found[: MOST - 1], Annotation(level, f"{hidden:,} more causes; see the report")]


def _endings(report: RunReport) -> Iterator[Annotation]:
    if report.halted:
        yield Annotation("error", "The run was stopped", (inert(report.halted.reason, _TEXT),))
    if report.interrupted:
        waiting = report.totals[Status.NOT_STARTED]
        told = f"by {inert(report.interrupted, 16)}; {plural(waiting, 'site')} not started"
        yield Annotation("error", "The run was interrupted", (told,))


def _of_cause(cause: Cause) -> Annotation:
    row = KINDS.get(cause.kind or "")
    kind = f" ({inert(cause.kind, 64)})" if cause.kind else ""
    title = f"{plural(cause.sites.count, 'site')} {cause.status.value.replace('_', ' ')}{kind}"
    lines = [row.meaning] if row else []
    for text, _ in cause.messages[:1]:
        if not row or text != row.meaning:
            lines.append(inert(text, _TEXT))
    lines += [f"the site said: {inert(text, _TEXT)}" for text, _ in cause.said[:1]]
    lines.append(f"sites: {_names(cause.sites)}")
    lines += [f"what to do: {row.hint}"] if row else []
    level = "warning" if cause.status is Status.SKIPPED else "error"
    return Annotation(level, inert(title, _TITLE), tuple(lines))


def _of_drift(outcome: KeyOutcome) -> Annotation:
    title = f"{outcome.key} differs on {plural(outcome.sites.count, 'site')}"
    change = f"{inert(outcome.before, _TEXT)} instead of {inert(outcome.after, _TEXT)}"
    return Annotation("warning", inert(title, _TITLE), (change, f"sites: {_names(outcome.sites)}"))


def _names(sites: Named) -> str:
    shown = ", ".join(inert(site, 64) for site in sites.first[:_NAMED])
    hidden = sites.count - min(sites.count, _NAMED, len(sites.first))
    return f"{shown} and {hidden:,} more" if hidden else shown
