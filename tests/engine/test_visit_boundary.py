"""A bug of ours ends one site, and nothing that it says reaches anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.operations.base import Decision, Operation, WriteLog
from fleet.report.data import render_json
from fleet.results import Change, Status
from fleet.simulator.site import SiteSpec
from fleet.site.client import JetpackClient, JetpackReader
from tests.engine.simulated import simulated

WORDS = "unpublished words"


class Broken(Operation[None]):
    """Breaks on some sites, wherever it is told to."""

    name = "test.broken"
    summary = "Break."
    routes = ("GET module/all",)

    def __init__(self, where: str) -> None:
        self._where = where

    async def observe(self, reader: JetpackReader) -> None:
        modules = await reader.modules(["protect"])
        if modules["protect"].activated:
            self._break("observe")

    def decide(self, state: None) -> Decision:
        self._break("decide")
        return Decision()

    async def enact(
        self, client: JetpackClient, state: None, changes: tuple[Change, ...], log: WriteLog
    ) -> None:
        raise AssertionError("there is nothing to do")

    def found(self, state: None, key: str) -> object:
        return None

    def _break(self, where: str) -> None:
        if where == self._where:
            raise ValueError(WORDS) from LookupError(WORDS)


async def test_a_bug_ends_the_site_it_meets_and_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    specs = SiteSpec("broken", modules=("protect",)), SiteSpec("sound", modules=())
    async with simulated(tmp_path, *specs) as running:
        report = await running.fleet.run(Broken("observe"))
    ends = {result.site: (result.status, result.kind) for result in report.results}
    assert ends == {
        "broken": (Status.FAILED, "internal.bug"),
        "sound": (Status.UNCHANGED, None),
    }
    assert report.exit_code == 1
    broken = next(result for result in report.results if result.site == "broken")
    assert broken.message.startswith("ValueError at test_visit_boundary.py:")
    assert broken.usage.requests > 0
    assert WORDS not in repr(report) + render_json(report) + caplog.text


@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_bug_in_a_decision_is_one_as_well(tmp_path: Path, *, dry_run: bool) -> None:
    async with simulated(tmp_path, SiteSpec("site", modules=())) as running:
        report = await running.fleet.run(Broken("decide"), dry_run=dry_run)
        assert running.site("site").ledger == []
    assert [(result.status, result.kind) for result in report.results] == [
        (Status.FAILED, "internal.bug")
    ]
    assert report.exit_code == 1
    assert WORDS not in repr(report)
