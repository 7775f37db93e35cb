"""Writes a report as JUnit XML, the format in which CI systems read test results.

The operation is the suite and each site a case. What was asked and not had is a failure, what
could not be found out an error, what was not tried is skipped. The whole document is read back
before any of it is passed on, so that no CI system meets one that it cannot parse.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import IO
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from fleet.report.inert import defuse_line, xml_text
from fleet.report.sink import Sink
from fleet.report.values import shown
from fleet.results import KeyResult, RunReport, SiteResult, Status

__all__ = ["OUTCOMES", "write_junit"]

OUTCOMES: Mapping[Status, str] = {
    Status.DRIFT: "failure",
    Status.FAILED: "failure",
    Status.PARTIAL: "failure",
    Status.UNKNOWN: "error",
    Status.UNREACHABLE: "error",
    Status.BLOCKED: "error",
    Status.SKIPPED: "skipped",
    Status.NOT_STARTED: "skipped",
}
"""The element that tells how a site ended; a case without one has passed."""

_LONGEST = 2_000
"""Characters of one text."""


def write_junit(report: RunReport, sink: Sink) -> None:
    """Write the document, once it was read back and its cases were counted.

    Raises:
        ValueError: What was written does not say what the report says.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", prefix="fleet-junit-") as file:
        for piece in _pieces(report):
            file.write(piece)
        file.seek(0)
        _read_back(file, report)
        file.seek(0)
        shutil.copyfileobj(file, sink)


def _pieces(report: RunReport) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for status, count in report.totals.items():
        counts[OUTCOMES.get(status, "passed")] += count
    sites, seconds = len(report.results), f"{max(report.usage.seconds, 0):.3f}"
    shared = {
        "tests": str(sites),
        "failures": str(counts["failure"]),
        "errors": str(counts["error"]),
        "time": seconds,
    }
    suite = {
        "name": report.operation,
        **shared,
        "skipped": str(counts["skipped"]),
        # The schema of xUnit knows no time zone here.
        "timestamp": report.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "hostname": "fleet",
    }
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield _open("testsuites", {"name": f"fleet {report.run_id}", **shared})
    yield _open("testsuite", suite)
    yield from _properties(report)
    for result in report.results:
        yield from _case(result, report.operation)
    yield "</testsuite>\n</testsuites>\n"


def _properties(report: RunReport) -> Iterator[str]:
    values = {
        "run_id": report.run_id,
        "exit_code": str(report.exit_code),
        **{f"sites.{status.value}": str(count) for status, count in report.totals.items()},
    }
    if report.interrupted:
        values["interrupted"] = report.interrupted
    if report.halted:
        values["halted"] = report.halted.reason
    yield "<properties>\n"
    for name, value in values.items():
        yield f"<property{_attributes({'name': name, 'value': value})}/>\n"
    yield "</properties>\n"


def _case(result: SiteResult, operation: str) -> Iterator[str]:
    seconds = f"{max(result.usage.seconds, 0):.3f}"
    yield _open("testcase", {"name": result.site, "classname": operation, "time": seconds})
    if outcome := OUTCOMES.get(result.status):
        about = {"message": _headline(result)}
        if outcome != "skipped":
            about["type"] = result.kind or result.status.value
        yield _open(outcome, about)[:-1]
        yield escape("\n".join(_details(result))) + f"</{outcome}>\n"
    elif notes := "\n".join(_line(note) for note in result.notes):
        yield f"<system-out>{escape(notes)}</system-out>\n"
    yield "</testcase>\n"


def _headline(result: SiteResult) -> str:
    if result.message:
        return result.message
    status = result.status.value.replace("_", " ")
    bad = [key.key for key in result.keys if not key.verdict.good]
    return f"{status}: {', '.join(bad)}" if bad else status


def _details(result: SiteResult) -> Iterator[str]:
    yield _line(f"{result.status.value}: {result.url}")
    if result.said:
        yield _line(f"the site said: {result.said}")
    if result.hint:
        yield _line(f"what to do: {result.hint}")
    yield from (_line(_key_text(key)) for key in result.keys if not key.verdict.good)
    yield from map(_line, result.notes)


def _key_text(key: KeyResult) -> str:
    words = f"{key.key}: {shown(key.found)} found, {shown(key.wanted)} wanted ({key.verdict})"
    return f"{words}: {key.reason}" if key.reason else words


def _line(text: str) -> str:
    return defuse_line(xml_text(text[:_LONGEST]))


def _open(name: str, attributes: Mapping[str, str]) -> str:
    return f"<{name}{_attributes(attributes)}>\n"


def _attributes(values: Mapping[str, str]) -> str:
    texts = {name: xml_text(text[:_LONGEST]) for name, text in values.items()}
    return "".join(f" {name}={quoteattr(text)}" for name, text in texts.items())


def _read_back(file: IO[str], report: RunReport) -> None:
    found: Counter[str] = Counter()
    # The document is ours, made in the lines above.
    for _, element in ElementTree.iterparse(file):  # noqa: S314
        if element.tag == "testcase":
            outcomes = [child.tag for child in element if child.tag in OUTCOMES.values()]
            found[outcomes[0] if outcomes else "passed"] += 1
            element.clear()
    meant: Counter[str] = Counter()
    for status, count in report.totals.items():
        meant[OUTCOMES.get(status, "passed")] += count
    if found != +meant:
        raise ValueError(f"the JUnit document holds {dict(found)} instead of {dict(meant)}")
