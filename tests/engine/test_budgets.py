"""What each operation may take of a site, held against docs/performance.md.

``python -m tests.engine.test_budgets`` prints the table that stands there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import anyio
import pytest

from fleet.engine.sessions import SessionCache
from fleet.operations.base import Task
from fleet.operations.module_list import ListModules
from fleet.operations.registry import REGISTRY, build
from fleet.policy.document import PolicyDocument
from fleet.policy.examine import audit
from fleet.policy.planning import make_plan
from fleet.results import RunReport, Usage
from fleet.simulator.site import DEFAULT_USERS, SiteSpec
from tests.engine.simulated import Simulated, simulated
from tests.policy.governed import policy_file

DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"
ERAS = ("16.1", "6.1")
POLICY = """
policies:
  - name: baseline
    modules: {active: [sitemaps], inactive: [carousel]}
    settings: {sharing_label: "Share this:"}
"""
GIVEN: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "api": {"path": "jetpack/v4/settings"},
        "modules.activate": {"modules": ("latex", "monitor")},
        "modules.deactivate": {"modules": ("sitemaps", "stats")},
        "modules.options": {"module": "sharedaddy", "values": {"sharing_label": "Tell:"}},
        "modules.show": {"module": "stats"},
        "notices.dismiss": {"notice": "welcome"},
        "settings.diff": {"from": "source"},
        "settings.set": {"values": {"sharing_label": "Tell:"}},
        "settings.sync": {"from": "source", "only": ("sharing_label",)},
    }
)
NAMED = "modules.list --modules"
CASES = (*sorted(REGISTRY), NAMED, "audit", "plan")


@dataclass(frozen=True, slots=True)
class Spent:
    """What one site took.

    Args:
        cold: On a first visit.
        warm: On one that goes on with the session of an earlier run.
    """

    cold: Usage
    warm: Usage


def _task(case: str) -> Task:
    if case == NAMED:
        return ListModules(("sitemaps", "stats"))
    return build(case, GIVEN.get(case, {}))


async def _run(sim: Simulated, case: str, folder: Path) -> RunReport:
    inventory = sim.fleet.inventory
    if case not in ("audit", "plan"):
        task = _task(case)
        everything = "from" in GIVEN.get(case, {})
        selected = inventory if everything else inventory.select(sites=("shop",))
        return await sim.fleet.run(task, selected, confirm=len(selected.sites))
    document = PolicyDocument.load([policy_file(folder, POLICY)])
    selected = inventory.select(sites=("shop",))
    if case == "audit":
        return await audit(sim.fleet, document, selected)
    return (await make_plan(sim.fleet, document, selected))[1]


async def _visit(folder: Path, case: str, era: str, method: str, *, warm: bool) -> Usage:
    await anyio.Path(folder).mkdir()
    modules = ("sitemaps", "stats", "sharedaddy", "protect")
    specs = [SiteSpec(name, era=era, modules=modules) for name in ("shop", "source")]
    user = DEFAULT_USERS[0]
    password = user.password if method == "cookie" else user.application_passwords[0]
    sessions = SessionCache(folder / "cache" / "sessions.db", folder / "key")
    async with simulated(
        folder, *specs, method=method, password=password, sessions=sessions
    ) as sim:
        if warm:
            await sim.fleet.run(ListModules(("stats",)))
        report = await _run(sim, case, folder)
    return next(result.usage for result in report.results if result.site == "shop")


async def spent(folder: Path, case: str, era: str, method: str = "cookie") -> Spent:
    """Return what `case` takes of a site, first and with the session of another operation."""
    cold = await _visit(folder / f"{case}-{era}-cold", case, era, method, warm=False)
    return Spent(cold, await _visit(folder / f"{case}-{era}-warm", case, era, method, warm=True))


def documented() -> dict[str, list[int]]:
    """Return the figures in the document: first and again, for each of `ERAS`."""
    rows = re.findall(r"^\| `([^`]+)` \|((?: \d+ \|)+)$", DOCUMENT.read_text(), re.M)
    return {case: [int(cell) for cell in cells.split("|")[:-1]] for case, cells in rows}


def table(found: Mapping[str, list[int]]) -> str:
    """Return the figures as the document has them."""
    head = ["operation", *(f"{era}: {visit}" for era in ERAS for visit in ("first", "again"))]
    rows = [head, ["---", *("--:" for _ in head[1:])]]
    rows += [[f"`{case}`", *map(str, figures)] for case, figures in found.items()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def test_every_operation_is_in_the_document() -> None:
    assert tuple(documented()) == CASES
    assert table(documented()) in DOCUMENT.read_text()


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("case", CASES)
async def test_each_operation_takes_what_the_document_says(
    case: str, era: str, tmp_path: Path
) -> None:
    place = 2 * ERAS.index(era)
    first, again = documented()[case][place : place + 2]
    taken = await spent(tmp_path, case, era)
    assert (taken.cold.requests, taken.warm.requests) == (first, again)
    assert (taken.cold.logins, taken.warm.logins) == (1, 0)


@pytest.mark.parametrize(("case", "again"), [("audit", 3), (NAMED, 3), ("settings.get", 2)])
async def test_application_passwords_take_an_index_and_what_is_read(
    case: str, again: int, tmp_path: Path
) -> None:
    taken = await spent(tmp_path, case, "16.1", "application-password")
    assert taken.warm.requests == again
    assert (taken.cold.logins, taken.warm.logins) == (0, 0)


async def _measured(folder: Path) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for case in CASES:
        for era in ERAS:
            taken = await spent(folder, case, era)
            found.setdefault(case, []).extend((taken.cold.requests, taken.warm.requests))
    return found


if __name__ == "__main__":
    with TemporaryDirectory() as here:
        print(table(anyio.run(_measured, Path(here))))  # noqa: T201 - its purpose
