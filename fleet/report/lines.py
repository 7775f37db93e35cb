"""Writes a report as JSON Lines: one line for the run, one for each site, one for the end.

For programs that read while the file is still being written, or that never want it whole. Every
line fits the schema that ships beside this module as ``lines.schema.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import cast

from fleet.report.data import run_document, safe_json, site_document
from fleet.report.sink import Sink
from fleet.results import RunReport

__all__ = ["LINES_SCHEMA", "lines_schema", "write_lines"]

LINES_SCHEMA = "jetfleet/report-lines/1"
"""Name and version of the lines."""

_FIRST = ("run_id", "operation", "parameters", "read_only", "started")
_LAST = ("finished", "interrupted", "halted", "exit_code", "totals", "usage")


def write_lines(report: RunReport, sink: Sink) -> None:
    """Write the header, the sites in the order of the inventory, and the footer with the totals."""
    document = run_document(report)
    head = {"type": "run", "schema": LINES_SCHEMA}
    sink.write(_line({**head, **{name: document[name] for name in _FIRST}}))
    for result in report.results:
        sink.write(_line({"type": "site", **site_document(result)}))
    sink.write(_line({"type": "end", **{name: document[name] for name in _LAST}}))


def lines_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of each line."""
    text = files("fleet.report").joinpath("lines.schema.json").read_text(encoding="utf-8")
    return cast("dict[str, object]", json.loads(text))


def _line(document: Mapping[str, object]) -> str:
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    return safe_json(text) + "\n"
