"""Writes a report as JSON for programs, and reads it back.

The document is a contract: its schema ships beside this module as ``report.schema.json``, keys
come in a fixed order, and what a document says can be turned into the same `RunReport` again. The
text is plain ASCII, so that remote text in it is inert wherever it is printed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from textwrap import indent
from typing import Annotated, Literal, NoReturn, Self, cast

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from fleet.errors import KINDS, InputError
from fleet.report.inert import CI_COMMAND, inert
from fleet.report.sink import Sink
from fleet.report.values import DEEPEST, json_value
from fleet.results import Halted, KeyResult, RunReport, SiteResult, Status, Usage

__all__ = [
    "SCHEMA",
    "json_text",
    "load_report",
    "render_json",
    "report_document",
    "report_schema",
    "run_document",
    "safe_json",
    "site_document",
    "write_json",
]

SCHEMA = "jetfleet/report/1"
"""Name and version of the document."""


def report_document(report: RunReport) -> dict[str, object]:
    """Return the whole report as JSON values, keys in a fixed order."""
    return {**run_document(report), "results": [site_document(site) for site in report.results]}


def run_document(report: RunReport) -> dict[str, object]:
    """Return what the document says of the run itself; times are ISO 8601 in UTC."""
    totals: dict[str, int] = {status.value: count for status, count in report.totals.items()}
    document: dict[str, object] = {
        "schema": SCHEMA,
        "run_id": report.run_id,
        "operation": report.operation,
        "parameters": report.parameters,
        "read_only": report.read_only,
        "started": _moment(report.started),
        "finished": _moment(report.finished) if report.finished else None,
        "interrupted": report.interrupted,
        "halted": _halted(report.halted),
        "exit_code": report.exit_code,
        "totals": {**totals, "sites": len(report.results)},
        "usage": _usage(report.usage),
    }
    return {name: json_value(value) for name, value in document.items()}


def site_document(result: SiteResult) -> dict[str, object]:
    """Return what the document says of one site."""
    # Two levels of the document are above a site.
    return cast("dict[str, object]", json_value(_site(result), DEEPEST - 1))


def write_json(report: RunReport, sink: Sink) -> None:
    """Write the document as `json_text` has it, one site after the other."""
    sink.write(safe_json(json.dumps(run_document(report), indent=2, allow_nan=False))[:-2])
    sink.write(',\n  "results": [')
    separator = "\n"
    for result in report.results:
        text = json.dumps(site_document(result), indent=2, allow_nan=False)
        sink.write(separator + indent(safe_json(text), "    "))
        separator = ",\n"
    sink.write("]\n}\n" if separator == "\n" else "\n  ]\n}\n")


def render_json(report: RunReport) -> str:
    """Return the document as indented ASCII text that ends with a newline."""
    return json_text(report_document(report))


def json_text(document: Mapping[str, object]) -> str:
    """Return a document of JSON values as indented ASCII text on which nothing acts."""
    return safe_json(json.dumps(document, indent=2, allow_nan=False)) + "\n"


def safe_json(text: str) -> str:
    """Return JSON text in which nothing is left that a terminal or a CI system acts upon."""
    return CI_COMMAND.sub(r"#\\u0023", text.replace("\x7f", "\\u007f"))


def load_report(text: str) -> RunReport:
    """Return the report a document tells.

    Raises:
        InputError: The text is no JSON, or no report of this version, or does not add up.
    """
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"this is not a report: {inert(str(error))}") from error
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema != SCHEMA:
        what = f"has the schema {inert(str(schema), 60)!r}" if schema else "names no schema"
        raise InputError(f"this is not a report: it {what}, expected {SCHEMA!r}")
    try:
        return _Document.model_validate_json(text).report()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = inert(".".join(map(str, first["loc"])) or "document")
        raise InputError(f"this report is damaged: {place}: {inert(first['msg'])}") from error


def report_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of the document."""
    text = files("fleet.report").joinpath("report.schema.json").read_text(encoding="utf-8")
    return cast("dict[str, object]", json.loads(text))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _halted(halted: Halted | None) -> dict[str, object] | None:
    return {"by": halted.by.value, "reason": halted.reason} if halted else None


def _usage(usage: Usage) -> dict[str, object]:
    return {
        "requests": usage.requests,
        "writes": usage.writes,
        "logins": usage.logins,
        "received": usage.received,
        "seconds": usage.seconds,
    }


def _site(result: SiteResult) -> dict[str, object]:
    return {
        "site": result.site,
        "url": result.url,
        "status": result.status.value,
        "kind": result.kind,
        "message": result.message,
        "hint": result.hint,
        "said": result.said,
        "keys": [_key(key) for key in result.keys],
        "data": result.data,
        "notes": result.notes,
        "usage": _usage(result.usage),
    }


def _key(key: KeyResult) -> dict[str, object]:
    return {
        "key": key.key,
        "verdict": key.verdict.value,
        "before": key.before,
        "wanted": key.wanted,
        "found": key.found,
        "kind": key.kind,
        "reason": key.reason,
    }


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _known_kind(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError("an error kind this version does not know")
    return kind


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class _Site(_Strict):
    site: str
    url: str
    status: Status
    kind: Annotated[str, AfterValidator(_known_kind)] | None
    message: str
    hint: str
    said: str
    keys: tuple[KeyResult, ...]
    data: dict[str, object]
    notes: tuple[str, ...]
    usage: Usage

    def result(self) -> SiteResult:
        return SiteResult(**{name: value for name, value in self if name != "hint"})


class _Document(_Strict):
    schema_: Annotated[Literal["jetfleet/report/1"], Field(alias="schema")]
    run_id: str
    operation: str
    parameters: dict[str, object]
    read_only: bool
    started: AwareDatetime
    finished: AwareDatetime | None
    interrupted: str | None
    halted: Halted | None
    exit_code: int
    totals: dict[str, int]
    usage: Usage
    results: tuple[_Site, ...]

    @model_validator(mode="after")
    def totals_agree(self) -> Self:
        counted = Counter(site.status.value for site in self.results)
        expected = {status.value: counted[status.value] for status in Status}
        if self.totals != {**expected, "sites": len(self.results)}:
            raise ValueError("the totals do not agree with the results")
        return self

    def report(self) -> RunReport:
        return RunReport(
            run_id=self.run_id,
            operation=self.operation,
            parameters=self.parameters,
            read_only=self.read_only,
            started=self.started,
            finished=self.finished,
            interrupted=self.interrupted,
            halted=self.halted,
            results=tuple(site.result() for site in self.results),
        )
