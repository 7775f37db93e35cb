"""Every command that visits sites goes on with the sessions of earlier commands."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fleet.simulator.fleets import inventory_text
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import SiteSpec
from tests.policy.governed import policy_file
from tests.policy.killing import Trap, fleet, kill, start

POLICY = """
policies:
  - name: baseline
    modules: {active: [sitemaps], inactive: [likes]}
rollout: {guard: {max_sites: 100%}}
"""
WATCH = """
version: 1
schedules: [{name: nightly, run: audit, cron: "30 2 * * *"}]
"""
COMMANDS = (
    "run modules.list",
    "audit",
    "plan -o plan.json",
    "apply plan.json",
    "rollback last --yes",
    "apply -p policy.yaml --yes",
    "api GET jetpack/v4/connection",
    'api POST jetpack/v4/settings --write --body {"sharing_label":"x"}',
    "policy capture one",
    "policy mine",
    "watch --once nightly",
)
"""In the order in which they are run."""


def logins(world: Trap) -> int:
    return sum(site.login_attempts for site in world)


async def test_no_command_logs_in_where_an_earlier_one_has(tmp_path: Path) -> None:
    """The first run logs in to each of the two sites; of all that follow, none does."""
    world = Trap()
    specs = [SiteSpec("one", modules=("likes",)), SiteSpec("two", modules=("likes",))]
    for spec in specs:
        world.add(spec)
    policy_file(tmp_path, POLICY)
    (tmp_path / "fleet.yaml").write_text(WATCH)
    async with SimulatorServer(world) as server:
        (tmp_path / "inventory.yaml").write_text(inventory_text(specs, server.base_url))
        first = await fleet(tmp_path, "run", "modules.list")
        assert (first.code, logins(world)) == (0, 2)
        for command in COMMANDS:
            before = world.count
            ended = await fleet(tmp_path, *command.split())
            assert ended.code in (0, 2), f"{command}: {ended.err}"
            assert world.count > before, f"{command} has asked no site"
            assert logins(world) == 2, command
        anew = await fleet(tmp_path, "audit", "--no-session-cache")
        assert (anew.code, logins(world)) == (0, 4)


async def test_a_run_that_was_killed_and_one_that_goes_on_with_it_log_in_once(
    tmp_path: Path,
) -> None:
    world = Trap()
    specs = [SiteSpec("one", modules=("likes",)), SiteSpec("two", modules=("likes",))]
    for spec in specs:
        world.add(spec)
    policy_file(tmp_path, POLICY)
    async with SimulatorServer(world) as server:
        (tmp_path / "inventory.yaml").write_text(inventory_text(specs, server.base_url))
        assert (await fleet(tmp_path, "plan", "-o", "plan.json")).code == 0
        process = await start(tmp_path, "apply", "plan.json", "-c", "1")
        world.set(lambda: kill(process), path="module/all/active")
        await world.sprung.wait()
        await process.wait()
        ended = await fleet(tmp_path, "resume", "last")
        assert ended.code == 0, ended.err
        assert logins(world) == 2


async def test_two_commands_at_once_share_the_cache(tmp_path: Path) -> None:
    """Both write to it behind the back of their runs; neither fails or warns, and it holds."""
    world = Trap()
    specs = [SiteSpec(f"s{number:02}") for number in range(40)]
    for spec in specs:
        world.add(spec)
    async with SimulatorServer(world) as server:
        (tmp_path / "inventory.yaml").write_text(inventory_text(specs, server.base_url))
        flags = ("-c", "20", "--per-host", "20")
        both = await asyncio.gather(
            *(
                fleet(
                    tmp_path, "run", name, *flags, FLEET_STORE=str(tmp_path / name / "journal.db")
                )
                for name in ("modules.list", "connection.status")
            )
        )
        assert [(ended.code, "sessions" in ended.err) for ended in both] == [(0, False)] * 2
        before = logins(world)
        assert 40 <= before <= 80
        again = await fleet(tmp_path, "run", "modules.list", *flags)
        assert (again.code, logins(world)) == (0, before)
