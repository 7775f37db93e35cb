"""Tells people how a run ended: what needs them first, what is well in a line.

Read at three in the morning by somebody tired. Five thousand healthy sites take a few lines; a
failure says what happened, what to do about it, where, and what the site said in its own words.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from fleet.errors import KINDS
from fleet.report.causes import Cause, KeyOutcome
from fleet.report.digest import REFUSED, Digest
from fleet.report.gather import Counts, Named
from fleet.report.inert import inert
from fleet.report.layout import (
    Page,
    duration,
    joined,
    megabytes,
    names,
    padded,
    plural,
    sites_named,
    times,
)
from fleet.report.readings import add_readings
from fleet.report.sink import Sink
from fleet.report.spent import add_spent
from fleet.report.values import shown
from fleet.results import RunReport, Status, Verdict

__all__ = ["print_text", "render_lines", "render_text", "write_text"]

_STYLES = {
    Status.FAILED: "bold red",
    Status.UNKNOWN: "bold magenta",
    Status.PARTIAL: "bold yellow",
    Status.BLOCKED: "bold yellow",
    Status.UNREACHABLE: "bold yellow",
    Status.SKIPPED: "bold blue",
    Status.NOT_STARTED: "bold blue",
    Status.DRIFT: "cyan",
    Status.CHANGED: "green",
}

_ROWS = 9
_NOTES = 3
"""Lines of a section before ``-v`` is needed: 5,000 healthy sites take under 25 in all."""

_WORDINGS = 2
"""Different wordings shown of one cause before ``-v`` is needed."""


def render_lines(
    report: RunReport, *, verbose: bool = False, width: int = 100, next_command: str | None = None
) -> list[Text]:
    """Return the report as styled lines, remote text inert.

    Args:
        verbose: Name every site and show every line.
        width: Columns.
        next_command: The command that helps now; without one, the gravest cause of failure is
            offered to be explained.
    """
    page = Page(width, verbose=verbose)
    digest = Digest(report, verbose=verbose)
    found = digest.causes
    _add_headline(page, report)
    _add_causes(page, found, len(report.results))
    _add_not_started(page, digest.waiting)
    _add_keys(page, digest)
    _add_notes(page, digest)
    add_readings(page, digest.readings)
    add_spent(page, digest.spent.rows())
    _add_totals(page, report)
    kinds = [cause.kind for cause in found if cause.kind]
    command = next_command or (f"fleet explain {kinds[0]}" if kinds else "")
    if command:
        page.line(("Next     ", "dim"), (inert(command, 500), "bold"))
    return page.lines


def render_text(
    report: RunReport, *, verbose: bool = False, width: int = 100, next_command: str | None = None
) -> str:
    """Return the report as plain text without colour; see `render_lines`."""
    lines = render_lines(report, verbose=verbose, width=width, next_command=next_command)
    return "".join(f"{line.plain.rstrip()}\n" for line in lines)


def write_text(report: RunReport, sink: Sink) -> None:
    """Write the report as plain text; see `render_text`."""
    for line in render_lines(report):
        sink.write(f"{line.plain.rstrip()}\n")


def print_text(
    console: Console, report: RunReport, *, verbose: bool = False, next_command: str | None = None
) -> None:
    """Print the report on a console, coloured where the console is; see `render_lines`."""
    width = console.width if console.is_terminal else 100
    for line in render_lines(report, verbose=verbose, width=width, next_command=next_command):
        console.print(_speakable(line, console.encoding), soft_wrap=True)


def _speakable(line: Text, encoding: str) -> Text:
    """Return the line, with escapes for what the encoding of the terminal has no letters for."""
    spoken = line.plain.encode(encoding, "backslashreplace").decode(encoding)
    return line if spoken == line.plain else Text(spoken)


def _add_headline(page: Page, report: RunReport) -> None:
    page.line(("Run      ", "dim"), (inert(report.run_id, 64), "bold"))
    given = (f"{inert(name, 40)}={shown(value)}" for name, value in report.parameters.items())
    asked = " ".join((inert(report.operation, 64), *given))
    page.paragraph(asked if page.verbose else inert(asked, 160), label="Asked    ")
    began = report.started.strftime("%Y-%m-%d %H:%M:%S %Z")
    if report.interrupted or report.halted:
        stopped = (
            f"interrupted by {inert(report.interrupted, 16)}" if report.interrupted else "halted"
        )
        page.line(("Started  ", "dim"), f"{began}, ", (stopped, "bold yellow"), _after(report))
    else:
        ended = ", took" + _after(report)[6:] if report.finished else ", no end is recorded"
        page.line(("Started  ", "dim"), began + ended)
    if report.halted:
        page.paragraph(inert(report.halted.reason, 400), label="Halted   ")


def _after(report: RunReport) -> str:
    return f" after {duration(report.usage.seconds)}" if report.finished else ""


def _add_causes(page: Page, found: Sequence[Cause], sites: int) -> None:
    if not found:
        return
    count = sum(len(cause.sites) for cause in found)
    verb = "needs" if count == 1 else "need"
    page.heading(f"{count:,} of {plural(sites, 'site')} {verb} attention", "bold red")
    for cause in found:
        page.blank()
        _add_cause(page, cause)


def _add_cause(page: Page, cause: Cause) -> None:
    head = f"{plural(len(cause.sites), 'site')} {_word(cause.status)}"
    page.line("  ", (head, _STYLES[cause.status]), (f"  {inert(cause.kind or '', 64)}", "dim"))
    row = KINDS.get(cause.kind or "")
    meaning = row.meaning if row else ""
    if meaning:
        page.paragraph(meaning, indent=4)
    messages = tuple(pair for pair in cause.messages if pair[0] != meaning)
    _add_quotes(page, "details:    ", messages, len(cause.sites))
    said = tuple(('"' + text.replace('"', "'") + '"', count) for text, count in cause.said)
    _add_quotes(page, "site said:  ", said, len(cause.sites))
    page.paragraph(names(cause.sites, verbose=page.verbose), indent=4, label="sites:      ")
    if row:
        page.paragraph(row.hint, indent=4, label="what to do: ")


def _add_quotes(page: Page, label: str, counts: Counts, sites: int) -> None:
    """Add the most frequent texts, each with its number of sites where it is not all of them."""
    kept = counts if page.verbose else counts[:_WORDINGS]
    for text, count in kept:
        where = f" ({plural(count, 'site')})" if count < sites else ""
        page.paragraph(text + where, indent=4, label=label)
    if hidden := len(counts) - len(kept):
        page.paragraph(f"and {plural(hidden, 'other wording')}", indent=4, label=label)


def _add_not_started(page: Page, waiting: Named) -> None:
    if waiting.count:
        was = "was" if waiting.count == 1 else "were"
        style = _STYLES[Status.NOT_STARTED]
        page.heading(f"{plural(waiting.count, 'site')} {was} not started", style)
        page.paragraph(names(waiting, verbose=page.verbose), indent=2)


def _add_keys(page: Page, digest: Digest) -> None:
    _add_outcomes(page, "Could not be set", digest.outcomes(*REFUSED))
    _add_outcomes(page, "Differs from what is wanted", digest.outcomes(Verdict.DRIFT))
    _add_outcomes(page, "Changed", digest.outcomes(Verdict.CHANGED))
    if page.verbose:
        _add_outcomes(page, "Already as wanted", digest.outcomes(Verdict.UNCHANGED))


def _add_outcomes(page: Page, title: str, found: Sequence[KeyOutcome]) -> None:
    if not found:
        return
    page.heading(title)
    ends = [_end(outcome) for outcome in found]
    column = min(max(map(cell_len, ends)), page.width * 2 // 5)
    rows = [
        (f"{outcome.key}:", f"{padded(end, column)}  {_where(outcome, page)}")
        for outcome, end in zip(found, ends, strict=True)
    ]
    page.rows(rows, indent=2, most=_ROWS)


def _end(outcome: KeyOutcome) -> str:
    match outcome.verdict:
        case Verdict.CHANGED | Verdict.DRIFT:
            return f"{outcome.before} -> {outcome.after}"
        case Verdict.UNCHANGED:
            return outcome.after
        case Verdict.UNKNOWN:
            return f"to {outcome.after} (sent, result not known)"
        case _:
            return f"to {outcome.after} ({outcome.verdict})"


def _where(outcome: KeyOutcome, page: Page) -> str:
    where = times(sites_named(outcome.sites, verbose=page.verbose))
    reasons = "; ".join(text for text, _ in outcome.reasons[:_WORDINGS])
    why = ": ".join(filter(None, (inert(outcome.kind or "", 64), reasons)))
    return f"{where}\n{why}" if why else where


def _add_notes(page: Page, digest: Digest) -> None:
    found = digest.notes
    if found:
        page.heading("Worth knowing")
        rows = [(sites_named(note.sites, verbose=page.verbose), note.text) for note in found]
        page.rows(rows, indent=2, most=_NOTES)


def _add_totals(page: Page, report: RunReport) -> None:
    page.blank()
    totals = joined(
        f"{count:,} {_word(status)}" for status, count in report.totals.items() if count
    )
    sites = plural(len(report.results), "site")
    page.paragraph(f"{sites}: {totals}" if totals else sites, label="Total    ", style="bold")
    used = report.usage
    spent = [
        plural(used.requests, "request"),
        plural(used.logins, "login"),
        plural(used.writes, "write"),
        f"{megabytes(used.received)} received",
    ]
    if report.finished:
        spent.append(duration(used.seconds))
    page.paragraph(joined(spent), label="Used     ")


def _word(status: Status) -> str:
    return status.replace("_", " ")
