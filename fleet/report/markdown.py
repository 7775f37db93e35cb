"""Writes a report as Markdown for a comment or a job summary on GitHub or GitLab.

Both refuse a text of 65,536 characters, so a long report is cut in the middle: the totals, what
needs a person and the way to the whole report stay. Whatever a site supplied stands in a code
span, in which neither makes a link, a mention, a reference or markup of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from fleet.errors import KINDS
from fleet.report.causes import Cause, KeyOutcome
from fleet.report.digest import REFUSED, Digest
from fleet.report.gather import Named
from fleet.report.inert import inert
from fleet.report.layout import duration, plural
from fleet.report.sink import Sink
from fleet.results import RunReport, SiteResult, Status, Verdict

__all__ = ["LIMIT", "code", "code_cell", "prose", "write_markdown"]

LIMIT = 65_000
"""Characters a report stays below."""

_CAUSES = 25
_ROWS = 100
_NAMED = 10
_TEXT = 160
_RESERVE = 400
"""Characters kept for the sentence that tells what was left out."""

_PIPES = re.compile(r"(\\*)\|")
_SIGNS = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>()#+-!|~&@$"})
_NAMES = re.compile(r"@|#|:(?=//)|www(?=\.)")
_TICKS = re.compile(r"`+")


def write_markdown(report: RunReport, sink: Sink) -> None:
    """Write the report in fewer than `LIMIT` characters."""
    digest = Digest(report)
    paper = _Paper(LIMIT - _RESERVE)
    paper.add(_head(report))
    paper.add(_causes(digest.causes))
    _add_table(paper, "Could not be set", _outcomes(digest.outcomes(*REFUSED)))
    _add_table(paper, "Differs from what is wanted", _outcomes(digest.outcomes(Verdict.DRIFT)))
    _add_table(paper, "Changed", _outcomes(digest.outcomes(Verdict.CHANGED)))
    notes = [(code_cell(note.text), _where(note.sites)) for note in digest.notes]
    _add_table(paper, "Worth knowing", [("Note", "Sites"), *notes])
    if digest.readings.told:
        told = [(code_cell(path), code_cell(words)) for path, words in digest.readings.rows()]
        title = f"Read from {plural(digest.readings.told, 'site')}"
        _add_table(paper, title, [("Value", "All sites together"), *told])
    _add_sites(paper, report)
    sink.write("".join(paper.lines))
    sink.write(_foot(report, paper.left_out))


def code(text: str, limit: int = _TEXT) -> str:
    """Return `text` as a code span, or nothing for an empty one."""
    line = inert(text, limit)
    if not line.strip():
        return ""
    fence = "`" * (max((len(ticks) for ticks in _TICKS.findall(line)), default=0) + 1)
    pad = " " if line[0] in "` " or line[-1] in "` " else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def code_cell(text: str, limit: int = _TEXT) -> str:
    """Return `text` as a code span in a table.

    A pipe after a backslash becomes a broken bar: parsers disagree on whether that pipe ends
    the cell.
    """

    def bar(found: re.Match[str]) -> str:
        return f"{found[1]}\u00a6" if found[1] else r"\|"

    return _PIPES.sub(bar, code(text, limit))


def prose(text: str, limit: int = 400) -> str:
    """Return `text` as words of a paragraph in which nothing is markup, a link or a mention.

    Services look for mentions and addresses in the finished page, where a backslash is gone, so
    an invisible blank parts what would be one.
    """
    return _NAMES.sub("\\g<0>\u200b", inert(text, limit).translate(_SIGNS))


class _Paper:
    def __init__(self, room: int) -> None:
        self.lines: list[str] = []
        self.left_out = 0
        self._room = room

    def fits(self, line: str) -> bool:
        return len(line) + 1 <= self._room

    def add(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._room -= len(line) + 1
            self.lines.append(f"{line}\n")


def _head(report: RunReport) -> Iterator[str]:
    yield f"## {code(report.operation, 64)}: {_verdict(report)}"
    yield ""
    spent = f", took {duration(report.usage.seconds)}" if report.finished else ""
    began = report.started.strftime("%Y-%m-%d %H:%M:%S %Z")
    yield f"Run {code(report.run_id, 64)}, started {began}{spent}."
    if report.interrupted:
        yield f"**Interrupted** by {code(report.interrupted, 16)}."
    if report.halted:
        yield f"**Halted:** {code(report.halted.reason, 400)}"
    yield ""
    yield "| Sites | Status |"
    yield "| ---: | :--- |"
    for status, count in report.totals.items():
        if count:
            yield f"| {count:,} | {_word(status)} |"
    yield f"| **{len(report.results):,}** | **all** |"


def _verdict(report: RunReport) -> str:
    totals, sites = report.totals, len(report.results)
    good = sum(count for status, count in totals.items() if status.good)
    return f"{good:,} of {plural(sites, 'site')} as asked"


def _causes(found: Sequence[Cause]) -> Iterator[str]:
    if not found:
        return
    count = sum(cause.sites.count for cause in found)
    yield ""
    verb = "needs" if count == 1 else "need"
    yield f"### {plural(count, 'site')} {verb} attention"
    for cause in found[:_CAUSES]:
        yield ""
        yield from _cause(cause)
    if hidden := sum(cause.sites.count for cause in found[_CAUSES:]):
        yield ""
        yield f"And {plural(hidden, 'site')} for other causes."


def _cause(cause: Cause) -> Iterator[str]:
    row = KINDS.get(cause.kind or "")
    kind = f" ({code(cause.kind, 64)})" if cause.kind else ""
    yield f"**{plural(cause.sites.count, 'site')} {_word(cause.status)}**{kind}"
    yield ""
    if row:
        yield f"- {row.meaning}"
    for text, sites in cause.messages[:2]:
        if not row or text != row.meaning:
            yield f"- {code(text, 300)}{_of(sites, cause)}"
    for text, sites in cause.said[:2]:
        yield f"- the site said: {code(text, 300)}{_of(sites, cause)}"
    yield f"- sites: {_names(cause.sites)}"
    if row:
        yield f"- what to do: {row.hint}"


def _of(sites: int, cause: Cause) -> str:
    return f" ({plural(sites, 'site')})" if sites < cause.sites.count else ""


def _names(sites: Named) -> str:
    shown = ", ".join(code(site, 64) for site in sites.first[:_NAMED])
    hidden = sites.count - min(sites.count, _NAMED, len(sites.first))
    return f"{shown} and {hidden:,} more" if hidden else shown


def _where(sites: Named) -> str:
    named = ", ".join(code_cell(site, 64) for site in sites.first[:3]) if sites.count <= 3 else ""
    return named or plural(sites.count, "site")


def _outcomes(found: Sequence[KeyOutcome]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [("Key", "Before", "After", "Sites", "Why")]
    for outcome in found:
        why = outcome.reasons[0][0] if outcome.reasons else outcome.kind or ""
        cells = (outcome.key, outcome.before, outcome.after)
        rows.append((*map(code_cell, cells), _where(outcome.sites), code_cell(why)))
    return rows


def _add_table(paper: _Paper, title: str, rows: Sequence[Sequence[str]]) -> None:
    header, *body = rows
    if not body:
        return
    top = ["", f"### {title}", "", _row(header), _row([":---"] * len(header))]
    if not paper.fits("\n".join(top)):
        paper.left_out += len(body)
        return
    paper.add(top)
    for at, cells in enumerate(body):
        line = _row(cells)
        if at >= _ROWS or not paper.fits(line):
            paper.left_out += len(body) - at
            return
        paper.add([line])


def _add_sites(paper: _Paper, report: RunReport) -> None:
    """Add a row for each site that is not as asked, until the paper is full."""
    bad = sum(count for status, count in report.totals.items() if not status.good)
    top = ["", "### Sites not as asked", "", "| Site | Status | Why |", "| :--- | :--- | :--- |"]
    if not bad or not paper.fits("\n".join(top)):
        paper.left_out += bad
        return
    paper.add(top)
    for result in report.results:
        if result.status.good:
            continue
        line = _row((code_cell(result.site, 64), _word(result.status), code_cell(_why(result))))
        if not paper.fits(line):
            break
        paper.add([line])
        bad -= 1
    paper.left_out += bad


def _why(result: SiteResult) -> str:
    differing = ", ".join(key.key for key in result.keys if not key.verdict.good)
    return ": ".join(filter(None, (result.kind, result.message or differing)))


def _foot(report: RunReport, left_out: int) -> str:
    pointer = f"fleet report {report.run_id} -o html=report.html"
    cut = f"{plural(left_out, 'row')} left out here. " if left_out else ""
    return f"\n{cut}The whole report: {code(pointer, 200)}\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _word(status: Status) -> str:
    return status.value.replace("_", " ")
