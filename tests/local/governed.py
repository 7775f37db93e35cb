"""A fleet with a policy and a plan, for commands that are interrupted while they carry it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fleet.engine.fleet import Fleet
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretResolver
from fleet.journal.journal import open_journal
from fleet.policy.document import PolicyDocument
from fleet.policy.plan import render_plan
from fleet.policy.planning import make_plan
from fleet.report.data import render_json
from fleet.report.writer import write_file
from fleet.simulator.faults import Fault
from fleet.simulator.fleets import PASSWORD_VARIABLE
from fleet.simulator.site import DEFAULT_USERS, SiteSpec
from fleet.simulator.wire import SimRequest
from tests.local.processes import Snare, fleet, serving
from tests.policy.governed import policy_file

__all__ = ["PHASES", "brought_home", "planned", "report_again"]

POLICY = """
policies:
  - name: baseline
    modules: {active: [sitemaps], inactive: [likes]}
rollout: {guard: {max_sites: 100%}}
"""
WANTED = Counter({("modules.likes", False): 1, ("modules.sitemaps", True): 1})


def _logs_in(request: SimRequest) -> bool:
    return request.method == "POST" and request.path.endswith("/wp-login.php")


def _reads(request: SimRequest) -> bool:
    return request.method == "GET" and "/jetpack/v4/" in request.path


def _writes(request: SimRequest) -> bool:
    return request.method == "POST" and "/jetpack/v4/" in request.path


PHASES = {
    "login": (_logs_in, 2, False),
    "before the intent": (_reads, 2, False),
    "after the intent": (_writes, 2, True),
    "mid-write": (_writes, 3, False),
    "read back": (_reads, 5, False),
}
"""By name of a phase: the requests of an apply that belong to it, at which of them to strike, and
whether before the site has done it."""


@asynccontextmanager
async def planned(
    folder: Path, count: int, policy: str = POLICY, faults: tuple[Fault, ...] = ()
) -> AsyncIterator[Snare]:
    """Yield the world behind an inventory and a plan in `folder`."""
    specs = [
        SiteSpec(f"s{number:02}", era="13.9", modules=("likes",), faults=faults)
        for number in range(count)
    ]
    document = PolicyDocument.load([policy_file(folder, policy)])
    async with serving(folder, specs) as world:
        inventory = Inventory.load([folder / "inventory.yaml"])
        resolver = SecretResolver({PASSWORD_VARIABLE: DEFAULT_USERS[0].password})
        plan, _ = await make_plan(Fleet(inventory, resolver=resolver), document, inventory)
        write_file(folder / "plan.json", render_plan(plan))
        for site in world:
            site.requests.clear()
        yield world


async def report_again(folder: Path) -> str:
    """Return the report of the last run as the journal has it."""
    async with open_journal(str(folder / "state" / "journal.db")) as journal:
        return render_json(await journal.report("last"))


async def brought_home(folder: Path, world: Snare, *, locked: bool = False) -> None:
    """Go on with the last run, and see that every site is as wanted and no change made twice."""
    async with open_journal(str(folder / "state" / "journal.db")) as journal:
        run_id = (await journal.run("last")).run_id
        assert len(await journal.leases()) == locked
        if locked:
            await journal.unlock(run_id)
    resumed = await fleet(folder, "resume", run_id, "-q")
    assert resumed.code == 0, resumed.out + resumed.err
    for site in world:
        changes = [(key, after) for write in site.ledger for key, _, after in write.changes]
        assert Counter(changes) == WANTED, site.spec.name
