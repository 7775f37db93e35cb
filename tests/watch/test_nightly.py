"""A nightly audit that nobody watches: one night after the other, on simulated sites."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fleet.front.watch.checking import check
from fleet.journal.journal import open_journal
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import DEFAULT_USERS, SiteSpec
from fleet.simulator.world import World
from tests.watch.support import (
    FakeClock,
    Receiver,
    Watched,
    minutes,
    receiver,
    until,
    utc,
    watcher_of,
    watching,
    written,
)

ADMIN = DEFAULT_USERS[0]
POLICY = """
version: 1
policies: [{name: base, modules: {active: [sitemaps]}}]
"""
PLAN = """
version: 1
schedules:
  - name: nightly
    run: audit
    cron: "30 2 * * *"
    tz: Europe/Vienna
    grace: 2h
    heartbeat: env:BEAT
alerts:
  - {name: ops, channels: [hook]}
channels:
  hook: {type: webhook, url: "env:HOOK"}
"""


@dataclass
class Nights:
    """A fleet with a nightly audit.

    Args:
        folder: Its files.
        world: Its sites.
        hook: Takes its alerts.
        beat: Takes its heartbeats.
        clock: The time.
    """

    folder: Path
    world: World
    hook: Receiver
    beat: Receiver
    clock: FakeClock

    @property
    def store(self) -> Path:
        return self.folder / "state" / "journal.db"

    def watch(self) -> Watched:
        environ = {"PW": ADMIN.password, "HOOK": self.hook.url, "BEAT": self.beat.url}
        return watcher_of(self.folder / "fleet.yaml", self.store, self.clock, environ)

    async def told(self, count: int) -> str:
        """Return the last alert, once there are `count`."""
        await until(lambda: len(self.hook.taken) >= count, f"{len(self.hook.taken)} alerts")
        assert len(self.hook.taken) == count
        return self.hook.texts[-1]

    def set_module(self, site: str, active: bool) -> None:
        modules = self.world.site(site).state.modules
        (modules.add if active else modules.discard)("sitemaps")


@asynccontextmanager
async def nights(folder: Path, plan: str = PLAN) -> AsyncIterator[Nights]:
    world = World()
    for name in ("a", "b", "c"):
        world.add(SiteSpec(name, era="13.9", modules=("sitemaps",)))
    async with SimulatorServer(world) as server, receiver() as hook, receiver() as beat:
        head = "version: 1\ndefaults: {auth: {username: %s, password: 'env:PW'}}\nsites:\n"
        sites = "".join(f"  {name}: '{server.url_of(name)}'\n" for name in ("a", "b", "c"))
        (folder / "inventory.yaml").write_text(head % ADMIN.name + sites)
        (folder / "policy.yaml").write_text(POLICY)
        written(folder, plan)
        yield Nights(folder, world, hook, beat, FakeClock(utc("2026-11-23", "12:00")))


async def test_a_nightly_audit_alerts_on_change_only(tmp_path: Path) -> None:
    async with nights(tmp_path) as here, watching(here.watch()) as watched:
        assert watched.lines == ["nightly: audit, next Tue 2026-11-24 02:30 CET"]

        line = await watched.tick()
        assert "3 unchanged" in line
        assert "nothing to tell; next Wed 2026-11-25 02:30 CET" in line
        await until(lambda: len(here.beat.taken) == 1)
        assert here.hook.taken == []

        here.set_module("b", active=False)
        line = await watched.tick()
        assert "2 unchanged, 1 drift" in line
        assert "1 new, told to hook" in line
        text = await here.told(1)
        assert "New drift (1)\n  b  modules.sitemaps  false, wanted true" in text

        assert "1 drift" in await watched.tick()
        assert "nothing to tell" in await watched.tick()
        assert len(here.hook.taken) == 1

        here.set_module("b", active=True)
        assert "1 over, told to hook" in await watched.tick()
        assert "As wanted again (1)\n  b  modules.sitemaps" in await here.told(2)
        await until(lambda: len(here.beat.taken) == 5)


async def test_a_machine_that_slept_over_a_run_tells_it(tmp_path: Path) -> None:
    async with nights(tmp_path) as here, watching(here.watch()) as watched:
        await watched.tick()
        here.clock.jump(utc("2026-11-27", "12:00"))
        text = await here.told(1)
        assert "Missed (1)" in text
        assert "nightly: 3 runs, the last one due at Fri 2026-11-27 02:30 CET" in text
        await watched.idle()
        assert "3 runs missed, the last one due Fri 2026-11-27 02:30 CET" in watched.lines[-1]

        await watched.tick()
        assert "Runs again (1)\n  nightly" in await here.told(2)


async def test_a_run_that_is_late_within_its_grace_is_made_once(tmp_path: Path) -> None:
    async with nights(tmp_path) as here:
        async with watching(here.watch()) as watched:
            await watched.tick()
        here.clock.jump(utc("2026-11-25", "02:30"))  # an hour late, and nobody was there
        async with watching(here.watch()) as watched:
            await until(lambda: len(watched.lines) > 1)
            await watched.idle()
            assert "3 unchanged" in watched.lines[1]
            assert here.hook.taken == []


async def test_a_restart_tells_nothing_twice(tmp_path: Path) -> None:
    async with nights(tmp_path) as here:
        here.set_module("b", active=False)
        async with watching(here.watch()) as watched:
            await watched.tick()
            await here.told(1)
        async with watching(here.watch()) as watched:
            assert "nothing to tell" in await watched.tick()
        await here.told(1)


async def test_a_receiver_that_fails_gets_the_same_message_again(tmp_path: Path) -> None:
    async with nights(tmp_path) as here:
        here.set_module("b", active=False)
        here.hook.answers = [500, 302, 200]
        async with watching(here.watch()) as watched:
            await watched.tick()
            await here.told(1)
            await watched.idle(outbox=True)
            assert (
                "alert to hook failed, it is tried again: the receiver answered 500"
                in (watched.lines[-1])
            )
            here.clock.jump(here.clock.at + minutes(0.1))
            await here.told(2)
            await watched.idle(outbox=True)
        async with watching(here.watch()) as watched:  # also after a restart
            here.clock.jump(here.clock.at + minutes(1))
            await here.told(3)
            await watched.idle()
            here.clock.jump(here.clock.at + minutes(60))
            await watched.idle()
        ids = {each.headers["Idempotency-Key"] for each in here.hook.taken}
        assert len(ids) == 1
        assert {each.value["id"] for each in here.hook.taken} == ids
        assert len(here.hook.taken) == 3


async def test_a_run_that_cannot_be_made_is_told_and_the_next_one_is_made(tmp_path: Path) -> None:
    async with nights(tmp_path) as here, watching(here.watch()) as watched:
        good = (tmp_path / "policy.yaml").read_text()
        (tmp_path / "policy.yaml").write_text("version: 1\npolices: []\n")
        assert "unknown key" in await watched.tick()
        assert "it could not be made" in await here.told(1)
        assert len(here.beat.taken) == 0
        (tmp_path / "policy.yaml").write_text(good)
        assert "3 unchanged" in await watched.tick()
        assert "Runs again" in await here.told(2)


async def test_a_site_that_fails_is_told_and_its_drift_stays_known(tmp_path: Path) -> None:
    async with nights(tmp_path) as here, watching(here.watch()) as watched:
        here.set_module("b", active=False)
        await watched.tick()
        await here.told(1)
        path = tmp_path / "inventory.yaml"
        good = path.read_text()
        path.write_text(re.sub(r"/b(/?)'", r"/nowhere\1'", good))
        await watched.tick()
        text = await here.told(2)
        assert "Newly failing (1)\n  b  " in text
        assert "drift" not in text.lower()
        path.write_text(good)
        await watched.tick()
        text = await here.told(3)
        assert "Answers again (1)" in text
        assert "drift" not in text.lower()


async def test_another_process_finds_a_missed_run(tmp_path: Path) -> None:
    async with nights(tmp_path) as here:
        async with watching(here.watch()) as watched:
            await watched.tick()
            plan = watched.plan
        async with open_journal(str(here.store)) as journal:
            lines, good = await check(plan, journal, utc("2026-11-24", "12:00"))
            assert good
            assert lines[0].startswith("nightly: ran Tue 2026-11-24 02:30 CET, run ")
            lines, good = await check(plan, journal, utc("2026-11-25", "03:00"))
            assert good
            lines, good = await check(plan, journal, utc("2026-11-25", "04:00"))
            assert not good
            assert "1 run missed, the last one due Wed 2026-11-25 02:30 CET" in lines[0]


async def test_a_schedule_can_be_run_once_by_others(tmp_path: Path) -> None:
    async with nights(tmp_path) as here:
        here.set_module("b", active=False)
        watched = here.watch()
        assert await watched.watcher.once(watched.plan.schedules["nightly"]) == 2
        assert "New drift (1)" in await here.told(1)
        assert await watched.watcher.once(watched.plan.schedules["nightly"]) == 2
        await here.told(1)
