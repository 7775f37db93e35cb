"""Writes a client's month as a page, as text, as Markdown and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from fleet.report.client import ClientReport, SiteFigure, Undone, Work
from fleet.report.data import json_text
from fleet.report.inert import inert
from fleet.report.layout import plural
from fleet.report.leaves import number_text
from fleet.report.markdown import LIMIT, prose
from fleet.report.pages import write_page
from fleet.report.sink import Sink
from fleet.report.values import json_value

__all__ = ["CLIENT_FORMATS", "CLIENT_SCHEMA", "Brand", "ClientRenderer"]

CLIENT_SCHEMA = "jetfleet/client-report/1"
_MOST = 400
"""Rows of a list in a page; the rest is counted."""
_MOST_MARKDOWN = 60
_STATES = {
    "well": ("unchanged", "in order"),
    "open": ("drift", "with open points"),
    "trouble": ("failed", "not reached or not worked on"),
    "unseen": ("not_started", "not looked at"),
}


@dataclass(frozen=True, slots=True)
class Brand:
    """Whose report it is.

    Args:
        title: Heading; the client's name if empty.
        intro: Sentences of the agency's own at the top.
        agency: Name of who sends it.
        accent: A colour such as ``#0b5cab``, checked.
        logo: A picture as a ``data:`` address, or empty.
    """

    title: str = ""
    intro: str = ""
    agency: str = ""
    accent: str = ""
    logo: str = ""


ClientRenderer = Callable[[ClientReport, Brand, Sink], None]


def write_client_html(report: ClientReport, brand: Brand, sink: Sink) -> None:
    """Write the page; it loads nothing."""
    states = Counter(site.state for site in report.sites)
    values = {
        "report": report,
        "brand": brand,
        "title": _title(report, brand),
        "month": _month(report),
        "summary": _summary(report),
        "share": {_STATES[state][0]: states[state] for state in _STATES},
        "states": _STATES,
        "counts": states,
        "work": _by_words(report.work)[:_MOST],
        "work_hidden": max(len(_by_words(report.work)) - _MOST, 0),
        "figures": _figures(report.figures),
        "most": _MOST,
        "day": _day,
    }
    css = f":root{{--brand:{brand.accent or '#0b5cab'}}}"
    write_page("client.html", values, sink, extra_css=css)


def write_client_text(report: ClientReport, brand: Brand, sink: Sink) -> None:
    """Write plain text."""
    for line in _text_lines(report, brand):
        sink.write(f"{line}\n")


def write_client_markdown(report: ClientReport, brand: Brand, sink: Sink) -> None:
    """Write Markdown in fewer than 65,000 characters."""
    room = LIMIT - 200
    for line in _markdown_lines(report, brand):
        room -= len(line) + 1
        if room < 0:
            sink.write("\nThe report is longer than services allow; it goes on in -o html.\n")
            return
        sink.write(f"{line}\n")


def write_client_json(report: ClientReport, brand: Brand, sink: Sink) -> None:
    """Write JSON for programs."""
    del brand
    document = {
        "schema": CLIENT_SCHEMA,
        "client": report.client,
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "runs": report.runs,
        "changes": report.changes,
        "sites": [
            {
                "site": site.name,
                "url": site.url,
                "state": site.state,
                "words": site.words,
                "seen": site.seen.isoformat() if site.seen else None,
                "changes": site.changes,
            }
            for site in report.sites
        ],
        "work": [
            {
                "at": each.at.isoformat(),
                "site": each.site,
                "words": each.words,
                "before": each.before,
                "after": each.after,
            }
            for each in report.work
        ],
        "risks": [_undone(each) for each in report.risks],
        "not_done": [_undone(each) for each in report.undone],
        "figures": [
            {"site": each.site, "name": each.name, "values": list(each.values)}
            for each in report.figures
        ],
    }
    value = json_value(document)
    sink.write(json_text(value if isinstance(value, Mapping) else {}))


CLIENT_FORMATS: Mapping[str, ClientRenderer] = MappingProxyType(
    {
        "html": write_client_html,
        "text": write_client_text,
        "md": write_client_markdown,
        "json": write_client_json,
    }
)
"""Every format of a client's report, by name."""


@dataclass(frozen=True, slots=True)
class _Done:
    """A change that was made on one or more sites."""

    words: str
    sites: tuple[str, ...]
    last: datetime


@dataclass(frozen=True, slots=True)
class _Measured:
    """A figure of all sites together, with each site's trend."""

    name: str
    total: str
    change: str
    sites: tuple[SiteFigure, ...]


def _by_words(work: Sequence[Work]) -> list[_Done]:
    """Return the changes, the same one on several sites as one."""
    groups: dict[str, list[Work]] = {}
    for each in work:
        groups.setdefault(each.words, []).append(each)
    return [
        _Done(words, tuple(dict.fromkeys(each.site for each in group)), group[-1].at)
        for words, group in groups.items()
    ]


def _figures(figures: Sequence[SiteFigure]) -> list[_Measured]:
    groups: dict[str, list[SiteFigure]] = {}
    for figure in figures:
        groups.setdefault(figure.name, []).append(figure)
    return [
        _Measured(
            name,
            number_text(sum(figure.latest for figure in group)),
            _signed(sum(figure.change for figure in group)),
            tuple(sorted(group, key=lambda figure: -figure.latest)),
        )
        for name, group in groups.items()
    ]


def _signed(change: float) -> str:
    if not change:
        return "unchanged in this month"
    sign = "+" if change > 0 else "\u2212"
    return f"{sign}{number_text(abs(change))} in this month"


def _title(report: ClientReport, brand: Brand) -> str:
    return inert(brand.title or f"Website care for {report.client}", 120)


def _month(report: ClientReport) -> str:
    return f"{report.since:%B %Y}"


def _day(at: datetime) -> str:
    moment = at.astimezone(UTC)
    return f"{moment.day} {moment:%B}"


def _summary(report: ClientReport) -> str:
    well = sum(site.state == "well" for site in report.sites)
    looks = f"We looked after {plural(len(report.sites), 'website')}"
    done = f"made {plural(report.changes, 'change')}, each of them checked afterwards"
    open_ = len(report.risks) + len(report.undone)
    end = (
        f"{plural(open_, 'point')} {'is' if open_ == 1 else 'are'} open"
        if open_
        else "nothing is open"
    )
    return f"{looks} and {done}. {well:,} of them {'is' if well == 1 else 'are'} in order; {end}."


def _text_lines(report: ClientReport, brand: Brand) -> Iterator[str]:
    yield _title(report, brand)
    yield _month(report)
    yield ""
    if brand.intro:
        yield inert(brand.intro, 2_000)
        yield ""
    yield _summary(report)
    for title, rows in _sections(report):
        yield ""
        yield title
        yield from (f"  {inert(row, 600)}" for row in rows)


def _sections(report: ClientReport) -> Iterator[tuple[str, Sequence[str]]]:
    done = [f"{each.words}: {_where(each.sites)}" for each in _by_words(report.work)]
    yield "Work done", done or ["Nothing was changed in this month."]
    risks = [f"{each.site}: {each.words}" for each in report.risks]
    yield "Open risks", risks or ["None that we know of."]
    undone = [f"{each.site}: {each.words}. {each.why}" for each in report.undone]
    yield "Not done, and why", undone or ["Everything that was planned was done."]
    figures = [f"{each.name}: {each.total} ({each.change})" for each in _figures(report.figures)]
    if figures:
        yield "Figures", figures
    yield "The websites now", [f"{site.name}: {site.words}" for site in report.sites]


def _where(sites: Sequence[str]) -> str:
    return ", ".join(sites) if len(sites) <= 5 else f"on {len(sites):,} websites"


def _markdown_lines(report: ClientReport, brand: Brand) -> Iterator[str]:
    yield f"# {prose(_title(report, brand))}"
    yield ""
    yield f"**{_month(report)}**"
    yield ""
    if brand.intro:
        yield prose(brand.intro, 2_000)
        yield ""
    yield _summary(report)
    for title, rows in _sections(report):
        yield ""
        yield f"## {title}"
        yield ""
        yield from (f"- {prose(row, 400)}" for row in rows[:_MOST_MARKDOWN])
        if hidden := len(rows[_MOST_MARKDOWN:]):
            yield f"- and {hidden:,} more"


def _undone(each: Undone) -> dict[str, object]:
    return {"site": each.site, "words": each.words, "why": each.why, "at": each.at.isoformat()}
