from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator, FormatChecker

from fleet.errors import InputError
from fleet.report.data import (
    load_report,
    render_json,
    report_document,
    report_schema,
    write_json,
)
from fleet.results import KeyResult, RunReport, SiteResult, Status, Verdict
from tests.report.made import broken, ended, healthy, run, switched, url
from tests.report.strategies import hostile_reports, patient, run_reports

VALIDATOR = Draft202012Validator(report_schema(), format_checker=FormatChecker())


def a_report() -> RunReport:
    return run([switched("a"), broken("b", "net.dns", "No such host."), healthy("c", hits=3)])


def test_the_schema_is_a_schema_and_closed_at_every_level_of_ours() -> None:
    schema = report_schema()
    Draft202012Validator.check_schema(schema)
    objects = [schema]
    for node in objects:
        below = [value for value in node.values() if isinstance(value, dict)]
        objects.extend(below)
    closed = [node for node in objects if "properties" in node and "type" in node]
    assert len(closed) >= 5
    assert all(node["additionalProperties"] is False for node in closed)


@pytest.mark.parametrize(
    "place", [(), ("usage",), ("totals",), ("results", 0), ("results", 0, "keys", 0)], ids=str
)
def test_the_schema_refuses_what_it_does_not_know_and_misses_what_it_does(
    place: tuple[str | int, ...],
) -> None:
    document: Any = report_document(a_report())
    node = document
    for step in place:
        node = node[step]
    node["more"] = 1
    assert not VALIDATOR.is_valid(document)
    del node["more"]
    assert VALIDATOR.is_valid(document)
    node.popitem()
    assert not VALIDATOR.is_valid(document)


@patient
@given(run_reports())
def test_every_report_fits_the_schema_and_comes_back_equal(report: RunReport) -> None:
    text = render_json(report)
    VALIDATOR.validate(json.loads(text))
    assert load_report(text) == report


@patient
@given(hostile_reports)
def test_hostile_reports_are_plain_ascii_fit_the_schema_and_settle(report: RunReport) -> None:
    text = render_json(report)
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert "##[" not in text
    VALIDATOR.validate(json.loads(text))
    assert render_json(load_report(text)) == text
    written = io.StringIO()
    write_json(report, written)
    assert written.getvalue() == text


def test_the_document_says_what_the_report_says() -> None:
    document: dict[str, Any] = report_document(a_report())
    assert document["schema"] == "jetfleet/report/1"
    assert document["started"] == "2026-11-23T23:14:05+00:00"
    assert document["finished"] == "2026-11-23T23:14:17.400000+00:00"
    assert document["exit_code"] == 3
    assert document["totals"]["sites"] == 3
    assert document["totals"]["unreachable"] == 1
    assert document["totals"]["skipped"] == 0
    assert document["results"][1]["hint"].startswith("Check the spelling")
    assert document["results"][0]["keys"][0]["verdict"] == "changed"


def test_keys_come_in_the_order_of_the_schema() -> None:
    schema: dict[str, Any] = report_schema()
    document: dict[str, Any] = report_document(a_report())
    site, key = document["results"][0], document["results"][0]["keys"][0]
    assert list(document) == list(schema["properties"])
    assert list(site) == list(schema["$defs"]["site"]["properties"])
    assert list(key) == list(schema["$defs"]["key"]["properties"])
    assert list(document["usage"]) == list(schema["$defs"]["usage"]["properties"])
    assert list(document["totals"]) == list(schema["properties"]["totals"]["properties"])


def test_values_json_has_no_word_for_become_harmless() -> None:
    odd = {"nan": float("nan"), "inf": float("-inf"), "cut": "\ud83d", "pair": (1, 2)}
    result = SiteResult("a", url("a"), Status.UNCHANGED, data={**odd, "set": {1}})
    (site,) = json.loads(render_json(run([result])))["results"]
    expected = {"nan": None, "inf": None, "cut": "\ufffd", "pair": [1, 2], "set": "{1}"}
    assert site["data"] == expected


def test_values_nested_without_end_are_cut_off() -> None:
    value: object = 1
    for _ in range(5_000):
        value = [value]
    key = KeyResult("k", Verdict.REJECTED, before=value)
    assert "(nested too deeply to report)" in render_json(run([ended("a", Status.FAILED, key)]))


def test_commands_of_ci_systems_do_not_appear_in_the_text_but_in_its_values() -> None:
    text = render_json(run([broken("a", "net.dns", "x", "##[error]\x7f")]))
    assert "##[" not in text
    assert "\x7f" not in text
    assert load_report(text).results[0].said == "##[error]\x7f"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "line 1 column 1", id="empty"),
        pytest.param("{", "line 1 column 2", id="no JSON"),
        pytest.param("[" * 100_000, "this is not a report", id="nested without end"),
        pytest.param('{"schema": NaN}', "NaN is not a JSON value", id="not a number"),
        pytest.param("[]", "names no schema", id="another shape"),
        pytest.param("{}", "names no schema", id="no schema"),
        pytest.param('{"schema": "x/2"}', "has the schema 'x/2'", id="another schema"),
        pytest.param('{"schema": "jetfleet/report/1"}', "run_id: Field required", id="cut short"),
    ],
)
def test_what_is_no_report_is_refused_with_a_reason(text: str, words: str) -> None:
    with pytest.raises(InputError) as refused:
        load_report(text)
    assert words in refused.value.message


def site_of(document: Any) -> Any:
    return document["results"][1]


DAMAGES: list[tuple[Callable[[Any], object], str]] = [
    (lambda it: it.update(extra=1), "extra: Extra inputs"),
    (lambda it: it.update(started="yesterday"), "started: Input should be a valid datetime"),
    (lambda it: it.update(started="2026-11-23T23:14:05"), "started: Input should have timezone"),
    (lambda it: it.update(read_only="yes"), "read_only: Input should be a valid boolean"),
    (lambda it: it["totals"].pop("drift"), "the totals do not agree"),
    (lambda it: it["results"].pop(), "the totals do not agree"),
    (lambda it: it["totals"].update(sites=9), "the totals do not agree"),
    (lambda it: site_of(it).update(status="fine"), "results.1.status: Input should be 'unchanged'"),
    (lambda it: site_of(it).update(kind="no.such"), "results.1.kind: Value error, an error kind"),
    (lambda it: site_of(it).update({"a\x1b": 1}), "results.1.a\\x1b: Extra inputs"),
    (lambda it: site_of(it)["usage"].update(requests="3"), "results.1.usage.requests: Input"),
    (lambda it: site_of(it)["usage"].update(more=3), "results.1.usage.more: "),
]


@pytest.mark.parametrize(("damage", "words"), DAMAGES, ids=[words for _, words in DAMAGES])
def test_a_damaged_report_is_refused_with_its_place(
    damage: Callable[[Any], object], words: str
) -> None:
    document = copy.deepcopy(report_document(a_report()))
    damage(document)
    with pytest.raises(InputError) as refused:
        load_report(json.dumps(document))
    assert words in refused.value.message
