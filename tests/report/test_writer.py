from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.errors import InputErrors
from fleet.report.data import load_report
from fleet.report.sink import Sink
from fleet.report.text import render_text
from fleet.report.writer import Output, parse_outputs, write_file, write_outputs
from fleet.results import RunReport
from tests.report.made import broken, run

REPORT = run([broken("a", "net.dns", "No such host.", "Café")])


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def refusal(*values: str) -> str:
    with pytest.raises(InputErrors) as refused:
        parse_outputs(values)
    return str(refused.value)


def test_formats_go_to_stdout_or_to_files(tmp_path: Path) -> None:
    file = tmp_path / "a=b.json"
    outputs = parse_outputs(["text", f"json={file}"])
    assert outputs == (Output("text"), Output("json", file))
    assert parse_outputs(["json=-"]) == (Output("json"),)
    assert parse_outputs([]) == ()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param(["jsn"], "-o jsn: there is no format 'jsn'; did you mean 'json'?", id="typo"),
        pytest.param(
            ["pdf"], "known formats: text, json, jsonl, csv, md, junit, html", id="unknown"
        ),
        pytest.param(["x\x1b=y"], "-o x\\x1b=y: ", id="hostile"),
        pytest.param(["json="], "a file name is missing after '='", id="no file"),
        pytest.param(["text", "json"], "only one format can go to stdout", id="stdout twice"),
    ],
)
def test_a_mistake_in_a_flag_is_named(values: list[str], words: str) -> None:
    assert words in refusal(*values)


def test_the_same_file_twice_is_refused_however_it_is_written(tmp_path: Path) -> None:
    first, second = tmp_path / "r", tmp_path / "." / ".." / tmp_path.name / "r"
    assert "asked for twice" in refusal(f"json={first}", f"text={second}")


def test_what_cannot_be_replaced_by_a_file_is_refused_before_the_run(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    assert "does not exist" in refusal(f"json={tmp_path}/no/such/r.json")
    assert "symbolic link" in refusal(f"json={link}")
    assert "not an ordinary file" in refusal(f"json={tmp_path}")
    assert "not an ordinary file" in refusal("json=/dev/null")


def test_every_mistake_is_told_in_one_pass() -> None:
    assert len(refusal("pdf", "json=", "text").splitlines()) == 2


def test_each_output_gets_its_format(tmp_path: Path) -> None:
    stdout, file = io.StringIO(), tmp_path / "r.json"
    file.write_text("old")
    faults = write_outputs(REPORT, [Output("text"), Output("json", file)], stdout)
    assert faults == ()
    assert stdout.getvalue() == render_text(REPORT)
    assert load_report(file.read_text()) == REPORT


@pytest.mark.usefixtures("umask")
def test_a_file_is_for_its_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    file = tmp_path / "r.txt"
    write_file(file, "Café\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text(encoding="utf-8") == "Café\n"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "r.txt"
    file.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_file(file, "new \ud800")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_one_output_that_fails_does_not_cost_the_others(tmp_path: Path) -> None:
    stdout, gone = io.StringIO(), tmp_path / "gone" / "r.json"
    (fault,) = write_outputs(REPORT, [Output("json", gone), Output("text")], stdout)
    assert f"the json report could not be written to {gone}" in fault
    assert stdout.getvalue() == render_text(REPORT)


def test_a_full_disk_behind_stdout_is_told() -> None:
    with pytest.raises(OSError, match="No space"), Path("/dev/full").open("w") as stdout:  # noqa: PT012
        (fault,) = write_outputs(REPORT, [Output("text")], stdout)
        assert "could not be written to stdout" in fault


def test_a_reader_that_went_away_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError), os.fdopen(writing, "w") as stdout:
        assert write_outputs(REPORT, [Output("text")], stdout) == ()


def test_letters_stdout_has_no_code_for_are_escaped() -> None:
    raw = io.BytesIO()
    stdout = io.TextIOWrapper(raw, encoding="ascii", errors="strict")
    write_outputs(REPORT, [Output("text")], stdout)
    assert b"Caf\\xe9" in raw.getvalue()


def test_the_formats_can_be_replaced() -> None:
    def name(report: RunReport, sink: Sink) -> None:
        sink.write(report.run_id)

    stdout = io.StringIO()
    write_outputs(REPORT, [Output("text")], stdout, {"text": name})
    assert stdout.getvalue() == REPORT.run_id
