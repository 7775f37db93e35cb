"""Plan, apply, rollback, resume and unlock as a person or a CI job runs them: as processes."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fleet.simulator.fleets import inventory_text
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import SiteSpec
from tests.policy.governed import policy_file
from tests.policy.killing import Trap, finish, fleet, start

POLICY = """
policies:
  - name: baseline
    modules: {active: [sitemaps], inactive: [likes]}
rollout: {guard: {max_sites: 100%}}
"""
QUICK = ("-c", "20", "--per-host", "20")


@asynccontextmanager
async def sites(folder: Path, count: int, policy: str = POLICY) -> AsyncIterator[Trap]:
    """Yield the world behind an inventory and a policy in `folder`."""
    world = Trap()
    specs = [SiteSpec(f"s{number:02}", era="13.9", modules=("likes",)) for number in range(count)]
    for spec in specs:
        world.add(spec)
    policy_file(folder, policy)
    async with SimulatorServer(world) as server:
        (folder / "inventory.yaml").write_text(inventory_text(specs, server.base_url))
        yield world


def writes(world: Trap) -> int:
    return sum(len(site.ledger) for site in world)


async def test_the_whole_way_from_plan_to_rollback(tmp_path: Path) -> None:
    async with sites(tmp_path, 4) as world:
        audit = await fleet(tmp_path, "audit")
        assert (audit.code, writes(world)) == (2, 0)
        plan = await fleet(tmp_path, "plan", "-o", "plan.json", "-o", "md=plan.md")
        assert plan.code == 0
        assert "modules.likes:     on -> off (baseline)  x 4 sites" in plan.out
        assert plan.out.endswith("Next     fleet apply plan.json\n")
        assert "| modules\\.likes |" in (tmp_path / "plan.md").read_text()
        assert (await fleet(tmp_path, "plan", "--detailed-exitcode")).code == 2
        apply = await fleet(tmp_path, "apply", "plan.json", *QUICK)
        assert (apply.code, writes(world)) == (0, 8)
        assert "Next     fleet rollback " in apply.out
        assert (await fleet(tmp_path, "plan", "--detailed-exitcode")).code == 0
        assert (await fleet(tmp_path, "audit")).code == 0
        again = await fleet(tmp_path, "apply", "plan.json")
        assert (again.code, writes(world)) == (5, 8)
        assert "already applied" in again.err
        undo = await fleet(tmp_path, "rollback", "last", "--yes")
        assert undo.code == 0
        assert all(site.active_modules == {"likes"} for site in world)
        history = await fleet(tmp_path, "runs", "list")
        assert [line.split()[3] for line in history.out.splitlines()] == [
            *("rollback", "plan", "audit", "plan"),
            *("apply", "plan", "plan", "audit"),
        ]


async def test_fault_57_one_byte_changed_in_a_plan_is_refused_without_a_connection(
    tmp_path: Path,
) -> None:
    async with sites(tmp_path, 2) as world:
        await fleet(tmp_path, "plan", "-o", "plan.json")
        file = tmp_path / "plan.json"
        file.write_text(file.read_text().replace("sitemaps", "sitemapz", 1))
        before = world.count
        ended = await fleet(tmp_path, "apply", "plan.json")
        assert ended.code == 5
        assert "not as fleet plan wrote it" in ended.err
        assert world.count == before


async def test_without_a_terminal_nothing_is_asked_and_nothing_changed(tmp_path: Path) -> None:
    async with sites(tmp_path, 2) as world:
        ended = await fleet(tmp_path, "apply", "-p", "policy.yaml")
        assert (ended.code, writes(world)) == (5, 0)
        assert "say --yes to go on" in ended.err
        assert (await fleet(tmp_path, "apply", "-p", "policy.yaml", "--yes")).code == 0
        assert writes(world) == 4


async def test_a_plan_beyond_its_guard_needs_its_number_of_sites(tmp_path: Path) -> None:
    narrow = POLICY.replace("100%", "30%")
    async with sites(tmp_path, 4, narrow) as world:
        plan = await fleet(tmp_path, "plan", "-o", "plan.json")
        assert plan.code == 0
        assert "Guard    4 of 4 sites would change, and 2 may" in plan.out
        assert "fleet apply plan.json --allow-sites 4" in plan.out
        for allowed in ((), ("--allow-sites", "3")):
            ended = await fleet(tmp_path, "apply", "plan.json", *allowed)
            assert (ended.code, writes(world)) == (5, 0)
            assert "4" in ended.err
        inherited = await fleet(tmp_path, "apply", "plan.json", FLEET_ALLOW_SITES="4")
        assert (inherited.code, writes(world)) == (64, 0)
        assert (await fleet(tmp_path, "apply", "plan.json", "--allow-sites", "4")).code == 0


async def test_fault_63_two_applies_at_once_are_one(tmp_path: Path) -> None:
    async with sites(tmp_path, 6) as world:
        for name in ("one.json", "two.json"):
            assert (await fleet(tmp_path, "plan", "-o", name)).code == 0
        first = await start(tmp_path, "apply", "one.json", *QUICK)
        world.set(lambda: os.kill(first.pid, signal.SIGSTOP), after=5)
        await world.sprung.wait()
        second = await fleet(tmp_path, "apply", "two.json", *QUICK)
        assert (second.code, writes(world)) == (6, 0)
        assert f"process {first.pid}" in second.err or f" {first.pid}" in second.err
        assert "fleet unlock " in second.err
        os.kill(first.pid, signal.SIGCONT)
        assert (await finish(first)).code == 0
        assert writes(world) == 12
        third = await fleet(tmp_path, "apply", "two.json", *QUICK)
        assert third.code in (0, 3)
        assert writes(world) == 12


async def test_a_holder_that_slept_past_its_lease_sends_nothing_more(tmp_path: Path) -> None:
    async with sites(tmp_path, 12) as world:
        for name in ("one.json", "two.json"):
            assert (await fleet(tmp_path, "plan", "-o", name)).code == 0
        first = await start(tmp_path, "apply", "one.json", "-c", "1")
        # It has read that s00 is to be changed, and sleeps before it does.
        world.set(
            lambda: os.kill(first.pid, signal.SIGSTOP), path="s00/wp-json/jetpack/v4/settings"
        )
        await world.sprung.wait()
        expire_leases(tmp_path)
        second = await fleet(tmp_path, "apply", "two.json", "--replan-stale", *QUICK)
        assert second.code == 0
        changed = writes(world)
        os.kill(first.pid, signal.SIGCONT)
        ended = await finish(first)
        assert (ended.code, writes(world)) == (6, changed)
        assert "taken over" in ended.out
        for site in world:
            keys = [key for write in site.ledger for key, _, _ in write.changes]
            assert sorted(keys) == ["modules.likes", "modules.sitemaps"]


async def test_unlock_frees_the_sites_of_a_dead_run(tmp_path: Path) -> None:
    async with sites(tmp_path, 6) as world:
        first = await start(tmp_path, "apply", "-p", "policy.yaml", "--yes", *QUICK)
        world.set(lambda: os.kill(first.pid, signal.SIGKILL), path="/jetpack/v4/settings", after=8)
        assert (await finish(first)).code == -9
        held = await fleet(tmp_path, "apply", "-p", "policy.yaml", "--yes")
        assert held.code == 6
        (run_id,) = re.findall(r"fleet unlock (\S+)", held.err)
        freed = await fleet(tmp_path, "unlock", run_id)
        assert freed.code == 0
        assert f"6 sites of run {run_id} are free" in freed.out
        assert (await fleet(tmp_path, "unlock", run_id)).code == 64
        assert (await fleet(tmp_path, "resume", run_id)).code == 0
        assert writes(world) == 12


async def test_a_signal_ends_a_run_that_can_be_gone_on_with(tmp_path: Path) -> None:
    async with sites(tmp_path, 12) as world:
        process = await start(tmp_path, "apply", "-p", "policy.yaml", "--yes", "-c", "2")
        world.set(lambda: os.kill(process.pid, signal.SIGTERM), after=12 * 7 + 20)
        ended = await finish(process)
        assert ended.code == 143
        assert "Next     fleet resume " in ended.out
        resumed = await fleet(tmp_path, "resume", "last", "-o", "json")
        assert resumed.code == 0
        assert json.loads(resumed.out)["totals"]["changed"] == 12
        assert writes(world) == 24


@pytest.mark.parametrize("room", range(0, 120_000, 24_000))
async def test_a_disk_that_fills_stops_the_run_before_the_next_write(
    room: int, tmp_path: Path
) -> None:
    async with sites(tmp_path, 40) as world:
        assert (await fleet(tmp_path, "plan", "-o", "plan.json")).code == 0
        largest = (tmp_path / "state" / "journal.db").stat().st_size + room
        process = await start(tmp_path, "apply", "plan.json", "-c", "4", largest_file=largest)
        ended = await finish(process)
        assert ended.code == 74, ended.err
        assert "journal" in ended.err + ended.out
        intents = recorded_intents(tmp_path)
        for site in world:
            for write in site.ledger:
                for key, _, _ in write.changes:
                    assert (site.spec.name, key) in intents
        assert writes(world) < 80
        # With room again, the run goes on; one that never began is applied from the start.
        if any(
            " apply " in line for line in (await fleet(tmp_path, "runs", "list")).out.splitlines()
        ):
            run_id = (await fleet(tmp_path, "runs", "list", "--limit", "1")).out.split()[0]
            await fleet(tmp_path, "unlock", run_id)
            ended = await fleet(tmp_path, "resume", run_id, *QUICK)
        else:
            ended = await fleet(tmp_path, "apply", "-p", "policy.yaml", "--yes", *QUICK)
        assert ended.code == 0, ended.err
        assert writes(world) == 80


async def test_only_what_ended_badly_is_run_again(tmp_path: Path) -> None:
    async with sites(tmp_path, 5) as world:
        world.site("s03").state.options["sitemaps"] = False
        first = await fleet(tmp_path, "run", "modules.activate", "--modules", "latex", *QUICK)
        assert first.code == 0
        run_id = (await fleet(tmp_path, "runs", "list", "--limit", "1")).out.split()[0]
        nothing = await fleet(
            tmp_path, "run", "connection.status", "--from-run", run_id, "--status", "failed"
        )
        assert nothing.code == 64
        assert f"no selected site ended failed in run {run_id}" in nothing.err
        before = {site.spec.name: len(site.requests) for site in world}
        again = await fleet(
            tmp_path, "run", "connection.status", "--from-run", "last", "--status", "changed",
            "--site", "s0[12]",
        )  # fmt: skip
        assert again.code == 0
        asked = {name for name in before if len(world.site(name).requests) > before[name]}
        assert asked == {"s01", "s02"}


def expire_leases(folder: Path) -> None:
    """Let the leases in the journal be over, as if much time had passed."""
    with sqlite3.connect(folder / "state" / "journal.db") as connection:
        connection.execute("update journal_leases set expires = '2020-01-01 00:00:00.000000'")


def recorded_intents(folder: Path) -> set[tuple[str, str]]:
    with sqlite3.connect(folder / "state" / "journal.db") as connection:
        return set(connection.execute("select site, key from journal_intents"))
