"""The examples in Python run as they are printed, on simulated sites."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from anyio import to_thread

import fleet
from fleet.errors import InputError
from fleet.operations.stats import CollectStats
from fleet.simulator.site import DEFAULT_USERS, SiteSpec
from tests.engine.simulated import simulated

ROOT = Path(__file__).parent.parent
EXAMPLES = [
    pytest.param(text, id=f"{page}-{number}")
    for page in ("README.md", "docs/python-api.md")
    for number, text in enumerate(
        re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.S), 1
    )
]
SAID = {
    "README.md-1": "a changed",
    "docs/python-api.md-1": "<Status.DRIFT: 'drift'>: 1",
    "docs/python-api.md-2": "enough",
    "docs/python-api.md-3": '"site":',
}
LABELS = {"a": ", labels: {env: prod}", "b": ", labels: {env: dev}"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PW", DEFAULT_USERS[0].password)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("text", EXAMPLES)
async def test_an_example_runs(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    specs = [SiteSpec(name, "16.1", modules=()) for name in LABELS]
    code = compile(text, "example", "exec")
    async with simulated(tmp_path, *specs, also=LABELS) as rig:
        await to_thread.run_sync(exec, code, {"__name__": "example"})
        active = ["protect" in rig.site(name).state.modules for name in LABELS]
    name = request.node.callspec.id
    assert SAID[name] in capsys.readouterr().out
    assert active == [name == "README.md-1", False]


async def test_a_selector_takes_some_sites_and_never_none(tmp_path: Path) -> None:
    specs = [SiteSpec(name, "16.1") for name in LABELS]
    async with (
        simulated(tmp_path, *specs, also=LABELS),
        fleet.Fleet.open(tmp_path / "inventory.yaml", store=str(tmp_path / "j.db")) as opened,
    ):
        report = await opened.run(CollectStats(), select="env=dev")
        assert [result.site for result in report.results] == ["b"]
        with pytest.raises(InputError, match="no site is selected"):
            await opened.run(CollectStats(), select="env=none")


def test_nothing_else_is_there() -> None:
    with pytest.raises(AttributeError, match="flet"):
        _ = fleet.flet  # type: ignore[attr-defined]
