"""An audit that a page starts is a real process that leaves its run in the journal."""

from __future__ import annotations

from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from fleet.errors import InputError
from fleet.front.simulated import simulated_fleet
from fleet.front.web.audits import Audits
from fleet.journal.overview import open_overview

POLICY = """\
version: 1
policies:
  - name: baseline
    modules: {active: [protect]}
"""


def is_on(audits: Audits) -> bool:
    return audits.running


async def test_an_audit_is_started_once_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, journal = tmp_path / "policy.yaml", tmp_path / "state" / "journal.db"
    policy.write_text(POLICY)
    async with simulated_fleet(tmp_path, 3, faults=False) as made_up:
        for name, text in made_up.environ.items():
            monkeypatch.setenv(name, text)
        flags = [f"--inventory={made_up.inventory}", f"--policy={policy}"]
        audits = Audits(flags, str(journal))
        await audits.start()
        assert is_on(audits)
        with pytest.raises(InputError, match="still running"):
            await audits.start()
        with anyio.fail_after(40):
            while is_on(audits):
                await anyio.lowlevel.checkpoint()
        await audits.close()
    async with open_overview(str(journal)) as overview:
        (run,) = await overview.runs(5)
        assert (run.kind, run.read_only, run.sites) == ("audit", True, 3)
        assert run.finished


async def test_an_audit_ends_with_the_dashboard(tmp_path: Path) -> None:
    audits = Audits([f"--inventory={tmp_path}"], str(tmp_path / "state" / "journal.db"))
    await audits.start()
    await audits.close()
    assert not is_on(audits)
