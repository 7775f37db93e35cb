"""Killed at any moment and gone on with: every site as wanted, no change made twice."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from fleet.results import Status
from fleet.simulator.fleets import inventory_text
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import SiteSpec
from tests.policy.governed import policy_file
from tests.policy.killing import Trap, finish, kill, start

POINTS = int(os.environ.get("FLEET_KILL_POINTS", "6"))
SITES = int(os.environ.get("FLEET_KILL_SITES", "60"))
SEED = int(os.environ.get("FLEET_KILL_SEED", "4"))
REQUESTS_A_SITE = 9
POLICY = """
policies:
  - name: baseline
    modules: {active: [sitemaps, latex], inactive: [likes]}
    settings: {carousel_background_color: white}
rollout: {waves: [1, 10%, 100%], guard: {max_sites: 100%, max_deactivations: 1000000}}
"""
APPLY = ("apply", "-p", "policy.yaml", "--yes", "-c", "20", "--per-host", "20", "--quiet")
WANTED = {
    ("modules.sitemaps", True),
    ("modules.latex", True),
    ("modules.likes", False),
    ("settings.carousel_background_color", "white"),
}


def kill_points() -> list[int]:
    """Return the requests at which to kill, spread over the whole run; the seed is in the ids."""
    chance = random.Random(SEED)  # noqa: S311 - reproducible, no secret
    planning = SITES * REQUESTS_A_SITE
    return sorted(chance.randint(planning, 2 * planning) for _ in range(POINTS))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("point", kill_points(), ids=lambda point: f"seed {SEED} request {point}")
async def test_a_killed_apply_goes_on_to_the_wanted_state(point: int, tmp_path: Path) -> None:
    world = Trap()
    specs = [
        SiteSpec(f"s{number:03}", era="13.9", modules=("likes", "notes")) for number in range(SITES)
    ]
    for spec in specs:
        world.add(spec)
    policy_file(tmp_path, POLICY)
    async with SimulatorServer(world) as server:
        (tmp_path / "inventory.yaml").write_text(inventory_text(specs, server.base_url))
        process = await start(tmp_path, *APPLY)
        world.set(lambda: kill(process), after=point)
        killed = await finish(process)
        assert killed.code == -9, f"{world.count} requests in all: {killed.err}"
        freed = await finish(await start(tmp_path, "runs", "list", "--limit", "1"))
        if " apply " in freed.out:
            run_id = freed.out.split()[0]
            await finish(await start(tmp_path, "unlock", run_id))
            resumed = await finish(
                await start(
                    tmp_path, "resume", run_id, "-o", "json", "-c", "20", "--per-host", "20"
                )
            )
        else:
            resumed = await finish(await start(tmp_path, *APPLY, "-o", "json"))
        assert resumed.code == 0, resumed.err
    for site in world:
        changes = [change for write in site.ledger for change in write.changes]
        assert {(key, after) for key, _, after in changes} == WANTED, site.spec.name
        assert max(Counter(key for key, _, _ in changes).values()) == 1, site.spec.name
    assert f'"{Status.CHANGED.value}": {SITES}' in resumed.out
