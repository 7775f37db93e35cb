"""Killed at any moment and gone on with: every site as wanted, no change made twice."""

from __future__ import annotations

import json
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
from tests.policy.killing import Ended, Trap, finish, kill, start

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


RESUME = ("resume", "last", "-o", "json", "-c", "20", "--per-host", "20")


def kill_points() -> list[tuple[int, int]]:
    """Return at which request to kill the apply, and at which its resume, if at any.

    They are spread over the whole run; the seed is in the ids.
    """
    chance = random.Random(SEED)  # noqa: S311 - reproducible, no secret
    planning = SITES * REQUESTS_A_SITE
    first = (chance.randint(planning, 2 * planning) for _ in range(POINTS))
    return sorted((point, chance.choice([0, chance.randint(1, planning // 2)])) for point in first)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("point", "again"), kill_points(), ids=lambda point: f"seed {SEED} request {point}"
)
async def test_a_killed_apply_goes_on_to_the_wanted_state(
    point: int, again: int, tmp_path: Path
) -> None:
    world = Trap()
    specs = [
        SiteSpec(f"s{number:03}", era="13.9", modules=("likes", "notes")) for number in range(SITES)
    ]
    for spec in specs:
        world.add(spec)
    policy_file(tmp_path, POLICY)
    async with SimulatorServer(world) as server:
        (tmp_path / "inventory.yaml").write_text(inventory_text(specs, server.base_url))
        killed = await killed_at(world, point, tmp_path, *APPLY)
        assert killed.code == -9, f"{world.count} requests in all: {killed.err}"
        history = await finish(await start(tmp_path, "runs", "list", "--limit", "1"))
        command = RESUME if " apply " in history.out else (*APPLY, "-o", "json")
        if again:
            await killed_at(world, again, tmp_path, *command)
            history = await finish(await start(tmp_path, "runs", "list", "--limit", "1"))
            command = RESUME if " apply " in history.out else command
        resumed = await finish(await start(tmp_path, *command))
        assert resumed.code == 0, resumed.err
    for site in world:
        changes = [change for write in site.ledger for change in write.changes]
        assert {(key, after) for key, _, after in changes} == WANTED, site.spec.name
        assert max(Counter(key for key, _, _ in changes).values()) == 1, site.spec.name
    assert f'"{Status.CHANGED.value}": {SITES}' in resumed.out


async def test_what_a_killed_run_changed_stays_said_and_can_be_undone(tmp_path: Path) -> None:
    world = Trap()
    spec = SiteSpec("s000", era="13.9", modules=("likes", "notes"))
    world.add(spec)
    policy_file(tmp_path, POLICY)
    async with SimulatorServer(world) as server:
        (tmp_path / "inventory.yaml").write_text(inventory_text([spec], server.base_url))
        process = await start(tmp_path, *APPLY)
        world.set(lambda: kill(process), path="/module/likes/active")
        assert (await finish(process)).code == -9
        world.site("s000").state.options["carousel_background_color"] = "grey-by-hand"
        resumed = await finish(await start(tmp_path, *RESUME))
        assert resumed.code == 3
        (result,) = json.loads(resumed.out)["results"]
        verdicts = {key["key"]: key["verdict"] for key in result["keys"]}
        assert result["status"] == "partial"
        assert verdicts.pop("modules.likes") == "changed"
        assert set(verdicts.values()) == {"rejected"}
        undone = await finish(await start(tmp_path, "rollback", "last", "--yes"))
        assert undone.code == 0, undone.err
    assert world.site("s000").active_modules == {"likes", "notes"}
    assert world.site("s000").options["carousel_background_color"] == "grey-by-hand"


async def killed_at(world: Trap, point: int, folder: Path, *arguments: str) -> Ended:
    """Return how a command ended that was killed at its n-th request, if it made so many."""
    process = await start(folder, *arguments)
    world.set(lambda: kill(process), after=point)
    ended = await finish(process)
    world.set(lambda: None)
    return ended
