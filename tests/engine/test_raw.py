"""Raw calls: what they did is told by reading the same address, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import JsonValue

from fleet.front.app import run_command_line
from fleet.operations.base import Task
from fleet.operations.raw import CallApi, WriteApi
from fleet.results import RunReport, SiteResult, Status, Verdict
from fleet.simulator.faults import Fault
from fleet.simulator.site import SiteSpec
from tests.engine.simulated import simulated

SETTINGS = "jetpack/v4/settings"
WHITE: dict[str, JsonValue] = {"carousel_background_color": "white"}


async def ended(folder: Path, task: Task, *faults: Fault) -> SiteResult:
    spec = SiteSpec("s", options={"jetpack_protect_key": "canary"}, faults=faults)
    async with simulated(folder, spec) as running:
        report: RunReport = await running.fleet.run(task)
        (result,) = report.results
        return result


async def test_any_route_is_read_and_known_secrets_are_masked(tmp_path: Path) -> None:
    result = await ended(tmp_path, CallApi(f"/{SETTINGS}/"))
    assert result.data["status"] == 200
    assert "canary" not in repr(result)


async def test_an_error_is_an_answer_too(tmp_path: Path) -> None:
    result = await ended(tmp_path, CallApi("jetpack/v4/no/such"))
    assert (result.status, result.data["status"]) == (Status.UNCHANGED, 404)


@pytest.mark.parametrize(
    ("task", "faults", "status"),
    [
        pytest.param(WriteApi("POST", SETTINGS, WHITE), (), Status.CHANGED, id="changed"),
        pytest.param(WriteApi("PUT", SETTINGS, WHITE), (), Status.CHANGED, id="by another method"),
        pytest.param(
            WriteApi("POST", SETTINGS, {"sitemaps": None}), (), Status.FAILED, id="refused"
        ),
        pytest.param(WriteApi("POST", SETTINGS, {}), (), Status.UNCHANGED, id="nothing changed"),
        pytest.param(
            WriteApi("POST", "jetpack/v4/notice/welcome", {"dismissed": True}),
            (),
            Status.UNKNOWN,
            id="nothing to read",
        ),
        pytest.param(
            WriteApi("POST", SETTINGS, WHITE),
            (Fault("reset_after", methods=("POST",), where=f"/{SETTINGS}"),),
            Status.CHANGED,
            id="answer lost",
        ),
        pytest.param(
            WriteApi("POST", SETTINGS, WHITE),
            (Fault("reset_before", methods=("POST",), where=f"/{SETTINGS}"),),
            Status.UNKNOWN,
            id="request lost",
        ),
    ],
)
async def test_a_write_is_judged_by_reading(
    task: Task, faults: tuple[Fault, ...], status: Status, tmp_path: Path
) -> None:
    result = await ended(tmp_path, task, *faults)
    assert (result.status, result.usage.writes) == (status, 1)


async def test_each_field_sent_is_judged_by_itself(tmp_path: Path) -> None:
    body: dict[str, JsonValue] = {
        **WHITE,
        "carousel_display_exif": False,
        "sitemaps": True,
        "no_such": 1,
        "search_auto_config": False,
    }
    result = await ended(tmp_path, WriteApi("POST", SETTINGS, body))
    assert {key.key.removeprefix(f"POST {SETTINGS} "): key.verdict for key in result.keys} == {
        "carousel_background_color": Verdict.CHANGED,
        "carousel_display_exif": Verdict.UNCHANGED,
        "sitemaps": Verdict.CHANGED,
        "no_such": Verdict.UNKNOWN,
        "search_auto_config": Verdict.UNKNOWN,
    }
    assert (result.status, result.usage.writes) == (Status.UNKNOWN, 1)


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        pytest.param("lie_unchanged", Status.FAILED, "verify.mismatch", id="yes but no"),
        pytest.param("lie_applied", Status.CHANGED, None, id="no but yes"),
        pytest.param("server_error", Status.FAILED, "site.server_error", id="server error"),
    ],
)
async def test_a_field_is_believed_before_the_answer_is(
    kind: str, status: Status, error: str | None, tmp_path: Path
) -> None:
    fault = Fault(kind, methods=("POST",), where=f"/{SETTINGS}")
    result = await ended(tmp_path, WriteApi("POST", SETTINGS, WHITE), fault)
    assert (result.status, result.kind) == (status, error)


@pytest.mark.parametrize("path", ["", "/", "https://evil.example/x", "a/../b", "a\nb"])
def test_what_is_no_route_is_refused(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["api", "GET", path]) == 64
    assert "route" in capsys.readouterr().err


def test_a_write_has_to_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["api", "POST", SETTINGS]) == 5
    assert "--write" in capsys.readouterr().err


@pytest.mark.parametrize("body", ["[1]", "{", "3"])
def test_a_body_has_to_be_an_object(body: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["api", "POST", SETTINGS, "--write", "--body", body]) == 64
    assert "body" in capsys.readouterr().err
