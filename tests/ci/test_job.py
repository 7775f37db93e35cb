"""What a job of a CI system is told: commands that nobody can forge, files, and masks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import InputError
from fleet.front.ci.job import SUMMARY_ROOM, GitHubJob, GitLabJob, Job, job_of, shortened
from fleet.front.ci.marker import is_marker, marker
from fleet.front.ci.news import RunNews
from fleet.report.annotations import MOST, Annotation, annotate, workflow_command
from fleet.results import RunReport
from tests.ci.runner import command_in, commands, outputs
from tests.report.made import broken as site
from tests.report.made import run
from tests.report.strategies import hostile_reports, patient

HOSTILE = (
    "::error title=x::y\n::add-mask::z\r::stop-commands::t\n##[error]w %0A::warning::v \u2028 %25"
)
TEXTS = st.one_of(st.text(), st.text("::%\r\n,=#[]A0D25 error"), st.just(HOSTILE))


@given(TEXTS, TEXTS)
def test_a_command_is_read_back_as_it_was_meant(text: str, title: str) -> None:
    line = workflow_command("error", text, {"title": title})
    assert "\n" not in line
    assert "\r" not in line
    if "##[" in line:
        return  # the older form, which `inert` takes out before anything comes here
    found = command_in(line)
    assert found is not None
    assert (found.name, found.text) == ("error", text)
    assert found.properties["title"].strip() == title.strip()


def broken(*messages: str) -> RunReport:
    return run(
        site(f"s{number:03}", "site.server_error", message, message)
        for number, message in enumerate(messages)
    )


@patient
@given(hostile_reports | st.lists(TEXTS, max_size=30).map(lambda texts: broken(*texts)))
def test_whatever_sites_say_annotations_are_few_and_our_own(report: RunReport) -> None:
    found = annotate(report)
    assert len(found) <= MOST
    log = "\n".join(each.command for each in found)
    read = commands(log)
    assert [each.name for each in read] == [each.level for each in found]
    assert {each.name for each in read} <= {"error", "warning"}


def test_one_cause_is_one_annotation_however_many_sites() -> None:
    (found,) = annotate(broken(*["the disk is full"] * 300))
    assert found.title == "300 sites failed (site.server_error)"
    assert "the disk is full" in found.lines
    assert "sites: s000, s001, s002, s003, s004 and 295 more" in found.lines


def test_more_causes_than_fit_are_counted() -> None:
    kinds = ["net.dns", "net.refused", "net.timeout", "net.reset", "tls.expired", "tls.untrusted"]
    kinds += ["tls.name", "proto.not_json", "auth.bad_credentials", "auth.locked_out"]
    kinds += ["site.maintenance", "block.waf"]
    found = annotate(run(site(kind, kind, kind) for kind in kinds))
    assert len(found) == MOST
    assert found[-1] == Annotation("error", "3 more causes; see the report")


@given(st.integers(2_000, 60_000), st.integers(0, 3_000))
def test_a_summary_keeps_its_beginning_and_its_end(room: int, count: int) -> None:
    lines = [f"line {number} é\n" for number in range(count)]
    text = "".join(lines)
    found = shortened(text, room)
    assert len(found.encode()) <= room
    if len(text.encode()) > room:
        assert found.startswith(lines[0])
        assert found.endswith(lines[-1])
        assert "(lines are left out here)" in found
    else:
        assert found == text


def test_a_step_gets_summary_and_outputs(tmp_path: Path) -> None:
    summary, output, log = (tmp_path / name for name in ("summary", "output", "log"))
    summary.write_text("x" * (SUMMARY_ROOM - 3_000))
    environ = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output)}
    news = RunNews(broken(*[f"{HOSTILE} {number}" for number in range(200)]), 3)
    with log.open("w") as stream:
        assert GitHubJob(environ, stream).tell(news) == []
        assert GitHubJob(environ, stream).tell(news) == []
    assert summary.stat().st_size <= SUMMARY_ROOM
    assert "The whole report:" in summary.read_text()
    found = outputs(output)
    assert (found["exit-code"], found["failed"], found["changed"]) == ("3", "200", "0")
    assert found["run-id"] == news.report.run_id
    ends = re.findall(r"<<(\S+)", output.read_text())
    assert len(set(ends)) == 2
    assert {each.name for each in commands(log.read_text())} == {"error"}


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    environ = {"GITHUB_OUTPUT": str(tmp_path / "none" / "output")}
    with (tmp_path / "log").open("w") as log:
        (fault,) = GitHubJob(environ, log).tell(RunNews(broken("x"), 3))
    assert "could not be written" in fault


def test_gitlab_gets_variables(tmp_path: Path) -> None:
    file = tmp_path / "fleet.env"
    GitLabJob({"FLEET_DOTENV": str(file)}).tell(RunNews(broken(HOSTILE), 3))
    lines = file.read_text().splitlines()
    assert "JETFLEET_OUT_EXIT_CODE=3" in lines
    assert all(re.fullmatch(r"JETFLEET_OUT_[A-Z_]+=[\w.:-]*", line) for line in lines)


@pytest.mark.parametrize(
    ("system", "environ", "kind"),
    [
        ("auto", {}, Job),
        ("auto", {"GITHUB_ACTIONS": "true"}, GitHubJob),
        ("auto", {"GITLAB_CI": "true"}, GitLabJob),
        ("none", {"GITHUB_ACTIONS": "true"}, Job),
        ("github", {}, GitHubJob),
        ("gitlab", {}, GitLabJob),
    ],
)
def test_a_job_is_known_by_its_variables(
    system: str, environ: dict[str, str], kind: type[Job]
) -> None:
    assert type(job_of(system, environ)) is kind  # type: ignore[arg-type]


def test_a_secret_is_never_written_where_no_runner_hides_it(tmp_path: Path) -> None:
    for environ in ({}, {"GITHUB_ACTIONS": "true"}):
        log = tmp_path / "log"
        with log.open("w") as stream:
            GitHubJob(environ, stream).mask("a password of some length")
        assert log.read_text() == ""


@pytest.mark.parametrize("name", ["", "a--b", "-->", "a b", "a\n", "x" * 65, "--", "é"])
def test_a_marker_cannot_end_early(name: str) -> None:
    with pytest.raises(InputError, match="--marker"):
        marker(name)


def test_a_marker_is_known_again() -> None:
    assert is_marker(marker("shop-plan.2")[:-1])
    assert not is_marker("<!-- other: x -->")
