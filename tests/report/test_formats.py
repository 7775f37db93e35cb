"""Every format says the same of a run, parses strictly, and keeps hostile text inert."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator, FormatChecker
from junitparser import JUnitXml
from markdown_it import MarkdownIt

from fleet.report.inert import inert
from fleet.report.junit import OUTCOMES, write_junit
from fleet.report.lines import lines_schema, write_lines
from fleet.report.markdown import LIMIT, code, code_cell, write_markdown
from fleet.report.table import COLUMNS, write_csv
from fleet.report.writer import RENDERERS, Renderer
from fleet.results import KeyResult, RunReport, SiteResult, Status, Verdict
from tests.report.made import broken, healthy, run, switched, url
from tests.report.strategies import hostile_reports, patient

LINES = Draft202012Validator(lines_schema(), format_checker=FormatChecker())
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = (
    "<script>alert(1)</script>",
    "]]>",
    "::error::forged",
    "##[error]forged",
    "a|b\\|c",
    "`code` ``more``",
    "@everyone [x](http://evil.example) #1 !2",
    "=HYPERLINK(1)",
    "+1+1",
    "\x1b[2J\x08\x00",
    "\u202egnp.exe",
    "a\r\nb",
    "\ud800",
)


def rendered(render: Renderer, report: RunReport) -> str:
    sink = io.StringIO()
    render(report, sink)
    return sink.getvalue()


def every_status() -> RunReport:
    results = [SiteResult(f"s-{status}", url(status), status) for status in Status]
    return run([*results, switched("more"), broken("dns", "net.dns", "No such host.")])


def hostile_run() -> RunReport:
    sites = [
        SiteResult(
            f"s{at}{text}",
            f"https://{text}",
            status,
            kind="jetpack.refused",
            message=text,
            said=text,
            keys=(KeyResult(text, Verdict.REJECTED, text, text, text, "net.dns", text),),
            data={text: text, "n": {"value": at, "unit": text}},
            notes=(text,),
        )
        for at, text in enumerate(HOSTILE)
        for status in (Status.FAILED, Status.UNCHANGED)
    ]
    return replace(run(sites, read_only=True), operation=HOSTILE[0] + HOSTILE[5])


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text.encode())  # noqa: S314 - made a moment ago


def junit_outcomes(text: str) -> Counter[str]:
    cases = parsed(text).iter("testcase")
    found = (next((e.tag for e in case if e.tag in OUTCOMES.values()), "passed") for case in cases)
    return Counter(found)


def markdown_cells(text: str) -> list[list[str]]:
    """Return the cells of each row of each table, as source."""
    rows: list[list[str]] = []
    tokens = MARKDOWN.parse(text)
    for at, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("td_open", "th_open"):
            rows[-1].append(tokens[at + 1].content)
    return rows


def test_the_totals_agree_in_all_formats() -> None:
    report = every_status()
    totals = {status.value: count for status, count in report.totals.items()}
    sites = len(report.results)
    document = json.loads(rendered(RENDERERS["json"], report))
    assert document["totals"] == {**totals, "sites": sites}
    lines = [json.loads(line) for line in rendered(write_lines, report).splitlines()]
    assert lines[-1]["totals"] == document["totals"]
    assert Counter(line["status"] for line in lines[1:-1]) == totals
    rows = [row for row in csv_rows(rendered(write_csv, report)) if row["row"] == "site"]
    assert Counter(row["status"] for row in rows) == totals
    outcomes: Counter[str] = Counter()
    for status, count in report.totals.items():
        outcomes[OUTCOMES.get(status, "passed")] += count
    assert junit_outcomes(rendered(write_junit, report)) == outcomes
    table = markdown_cells(rendered(write_markdown, report))[1 : len(Status) + 2]
    told = {name.replace(" ", "_").strip("*"): int(count.strip("*")) for count, name in table}
    assert told == {**totals, "all": sites}
    (total,) = (
        line for line in rendered(RENDERERS["text"], report).splitlines() if "Total " in line
    )
    assert f"{sites} sites: " in total


@pytest.mark.parametrize("name", RENDERERS)
def test_a_run_without_sites_can_be_told(name: str) -> None:
    assert rendered(RENDERERS[name], run([])).strip()


@pytest.mark.parametrize("name", RENDERERS)
def test_hostile_text_is_one_inert_line_in_every_format(name: str) -> None:
    text = rendered(RENDERERS[name], hostile_run())
    visible = text.replace("\r\n", "\n").replace("\n", "")
    assert inert(visible, len(visible) * 10) == visible
    assert not re.search(r"^\s*::", text, re.MULTILINE)


@patient
@given(hostile_reports)
def test_each_line_fits_its_schema_whatever_sites_say(report: RunReport) -> None:
    text = rendered(write_lines, report)
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        LINES.validate(line)
    assert [line["type"] for line in lines] == ["run", *["site"] * len(report.results), "end"]
    assert text.isascii()


def test_the_schema_of_the_lines_refuses_what_it_does_not_know() -> None:
    Draft202012Validator.check_schema(lines_schema())
    for line in rendered(write_lines, every_status()).splitlines():
        assert not LINES.is_valid({**json.loads(line), "more": 1})


@patient
@given(hostile_reports)
def test_no_cell_is_a_formula_and_each_row_has_all_columns(report: RunReport) -> None:
    text = rendered(write_csv, report)
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert tuple(rows[0]) == COLUMNS
    assert all(len(row) == len(COLUMNS) for row in rows)
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "@", "+", "-")) or re.fullmatch(r"[+-]?[\d.]+", cell)
    assert sum(row[1] == "site" for row in rows) == len(report.results)


def test_a_site_has_a_row_for_itself_and_for_each_key_and_value() -> None:
    report = run([switched("a"), healthy("b", views={"value": 7, "unit": "views"})])
    rows = [
        (row["row"], row["site"], row["key"], row["found"])
        for row in csv_rows(rendered(write_csv, report))
    ]
    assert rows == [
        ("site", "a", "", ""),
        ("key", "a", "modules.protect", "true"),
        ("site", "b", "", ""),
        ("value", "b", "views", "7"),
    ]


@patient
@given(hostile_reports)
def test_junit_is_read_by_strict_parsers(report: RunReport) -> None:
    text = rendered(write_junit, report)
    (suite,) = JUnitXml.fromstring(text.encode())
    root = parsed(text)
    outcomes = junit_outcomes(text)
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (
        len(report.results),
        outcomes["failure"],
        outcomes["error"],
        outcomes["skipped"],
    )
    assert len(root.findall("./testsuite/testcase")) == len(report.results)
    assert all(re.fullmatch(r"\d+\.\d{3}", case.get("time", "")) for case in root.iter("testcase"))


def test_drift_and_refusals_fail_and_what_was_not_seen_is_an_error() -> None:
    root = parsed(rendered(write_junit, every_status()))
    ends = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert ends["s-drift"] == ends["s-failed"] == ["failure"]
    assert ends["s-unreachable"] == ends["s-blocked"] == ends["dns"] == ["error"]
    assert ends["s-skipped"] == ends["s-not_started"] == ["skipped"]
    assert ends["s-changed"] == []
    (error,) = (case.find("error") for case in root.iter("testcase") if case.get("name") == "dns")
    assert error is not None
    assert error.get("type") == "net.dns"
    assert "what to do: " in (error.text or "")


def test_junit_that_does_not_say_what_the_report_says_is_not_passed_on() -> None:
    class Lying(RunReport):
        @property
        def totals(self) -> dict[Status, int]:
            return {**dict.fromkeys(Status, 0), Status.FAILED: 1}

    report = run([healthy("a")])
    lying = Lying(**{name: getattr(report, name) for name in RunReport.__dataclass_fields__})
    sink = io.StringIO()
    with pytest.raises(ValueError, match="holds"):
        write_junit(lying, sink)
    assert sink.getvalue() == ""


@patient
@given(hostile_reports)
def test_markdown_holds_no_markup_of_a_site(report: RunReport) -> None:
    text = rendered(write_markdown, report)
    harmless_markdown(text)


def test_markdown_keeps_the_worst_text_in_code() -> None:
    harmless_markdown(rendered(write_markdown, hostile_run()))


def harmless_markdown(text: str) -> None:
    assert len(text) < LIMIT
    width = 0
    for token in MARKDOWN.parse(text):
        assert token.type not in ("html_block", "fence", "code_block", "blockquote_open")
        for child in token.children or ():
            assert child.type in ("text", "code_inline", "strong_open", "strong_close", "softbreak")
            assert child.type != "text" or not re.search(r"[@<`]|://", child.content)
    for row in markdown_cells(text):
        width = len(row) if row[0] in HEADERS else width
        assert len(row) == width


HEADERS = ("Sites", "Key", "Note", "Value", "Site")


@pytest.mark.parametrize("text", ["a|b", r"a\|b", "a\\", "`", "``|", " x ", "|", "\\\\|"])
def test_a_code_span_in_a_table_is_one_cell(text: str) -> None:
    rows = markdown_cells(f"| a | b |\n| - | - |\n| {code_cell(text)} | end |\n")
    assert rows[1][1] == "end"


def test_nothing_is_no_code_span() -> None:
    assert code("") == code("  ") == ""


def test_long_markdown_is_cut_in_the_middle_and_says_so() -> None:
    results = [
        broken(f"site-{at:05}", "net.dns", f"No {at} host.", "x" * 150) for at in range(5000)
    ]
    text = rendered(write_markdown, run(results))
    assert 60_000 < len(text) < LIMIT
    assert "| **5,000** | **all** |" in text
    assert "**5,000 sites unreachable** (`net.dns`)" in text
    assert re.search(r"\n[\d,]+ rows left out here\. The whole report: `fleet report ", text)
    assert (
        text.count("\n| `site-")
        + int(
            re.search(r"([\d,]+) rows left", text)[1].replace(",", "")  # type: ignore[index]
        )
        == 5000
    )
