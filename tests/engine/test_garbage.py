"""What a visit leaves is gone with it, not only when Python looks for cycles of garbage.

Between two such looks a run makes thousands of visits, and what they held would stay until then.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fleet.operations.base import Task, WriteLog
from fleet.operations.connection import ConnectionStatus
from fleet.operations.module_list import ListModules
from fleet.operations.modules import ActivateModules
from fleet.results import Change
from fleet.simulator.faults import Fault
from fleet.simulator.site import SiteSpec
from tests.engine.simulated import ADMIN, Simulated, simulated

NAMES = ("harbour", "fjord", "mill", "dune")
HELD = {"Allowance", "_Counted", "Retrier", "Site", "Auth", "Http", "LazyOrigins"}
"""What others hold that know themselves until somebody looks: asyncio's transports, and tenacity
where it asks again; and a run its list of sites, which keeps the few that were made last. It is
little, and does not grow with the visits."""


@contextmanager
def saved() -> Iterator[list[object]]:
    """Yield what will have been garbage that only a look for cycles found, the test's own too."""
    found: list[object] = []
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def left_by_each(running: Simulated, task: Task) -> set[str]:
    """Return the types of which the visit to each site left an object to be found."""
    with saved() as found:
        report = await running.fleet.run(task)
        assert len(report.results) == len(NAMES)
        del report
    kinds = Counter(type(each) for each in found)
    ours = [kind for kind, count in kinds.items() if count >= len(NAMES) and is_ours(kind)]
    return {kind.__name__ for kind in ours} - HELD


def is_ours(kind: type) -> bool:
    """Return whether a type is of the product, or of what it keeps addresses in."""
    module = kind.__module__
    return module.startswith(("fleet.", "yarl")) and not module.startswith("fleet.simulator")


@pytest.mark.parametrize("method", ["cookie", "application-password"])
@pytest.mark.parametrize("task", [ConnectionStatus(), ListModules(), ActivateModules(("protect",))])
async def test_a_visit_is_gone_when_it_is_over(task: Task, method: str, tmp_path: Path) -> None:
    password = ADMIN.password if method == "cookie" else ADMIN.application_passwords[0]
    specs = [SiteSpec(name) for name in NAMES]
    async with simulated(tmp_path, *specs, method=method, password=password) as running:
        assert not await left_by_each(running, task)


@pytest.mark.parametrize(
    "kind", ["server_error", "fatal", "no_rest", "hidden_login", "lockout", "reset_before"]
)
async def test_so_is_a_visit_that_trouble_ended(kind: str, tmp_path: Path) -> None:
    async with simulated(tmp_path, *(SiteSpec(name) for name in NAMES)) as running:
        for name in NAMES:
            running.site(name).faults.add(Fault(kind))
        assert not await left_by_each(running, ListModules())


async def test_nothing_is_sent_after_the_visit() -> None:
    log = WriteLog()
    log.end()
    with pytest.raises(RuntimeError, match="visit was over"):
        await log.sending([Change("modules.protect", before=False, after=True)])
    assert not log.sent
