"""The same way from plan to rollback with the journal of a team: in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.engine.stop import Stop
from fleet.errors import LockHeld, Refused
from fleet.journal.journal import open_journal
from fleet.policy.apply import Applier
from fleet.policy.rollback import plan_rollback
from fleet.results import Event, SiteFinished, Status
from fleet.simulator.site import SiteSpec
from tests.journal.postgres import Postgres
from tests.policy.governed import governed

pytestmark = pytest.mark.postgres
BASELINE = """
policies:
  - name: baseline
    modules: {active: [sitemaps, latex], inactive: [likes]}
rollout: {waves: [1, 100%], guard: {max_sites: 100%}}
"""


def fleet_of(count: int) -> list[SiteSpec]:
    return [SiteSpec(f"s{number:02}", era="13.9", modules=("likes",)) for number in range(count)]


async def test_from_plan_to_rollback_with_an_interruption(
    postgres: Postgres, database: str, tmp_path: Path
) -> None:
    store = postgres.url(database)
    async with governed(tmp_path, BASELINE, *fleet_of(40), store=store) as running:
        plan = await running.plan()
        stop = Stop()
        ended = 0

        def interrupt(event: Event) -> None:
            nonlocal ended
            ended += isinstance(event, SiteFinished)
            if ended == 5 and stop.signal is None:
                stop.request("SIGTERM")

        first = await running.apply(plan, listeners=[interrupt], stop=stop)
        assert first.exit_code == 143
        second = await running.resume(first.run_id)
        assert second.totals[Status.CHANGED] == 40
        assert running.writes == 40 * 2
        with pytest.raises(Refused, match="already applied"):
            await running.apply(plan)
        undo, _ = await plan_rollback(
            running.fleet, running.journal, first.run_id, running.fleet.inventory
        )
        assert (await running.apply(undo)).totals[Status.CHANGED] == 40
        assert all(site.active_modules == {"likes"} for site in running.world)


async def test_a_second_machine_finds_the_sites_held(
    postgres: Postgres, database: str, tmp_path: Path
) -> None:
    store = postgres.url(database)
    async with (
        governed(tmp_path, BASELINE, *fleet_of(3), store=store) as running,
        open_journal(store) as elsewhere,
    ):
        mine, theirs = await running.plan(), await running.plan()
        refused: list[str] = []

        async def meanwhile() -> None:
            running.fleet.journal = elsewhere
            with pytest.raises(LockHeld) as caught:
                await Applier(running.fleet, theirs).apply()
            refused.append(str(caught.value))

        class Between(Stop):
            async def sleep(self, seconds: float) -> bool:
                await meanwhile()
                return await super().sleep(seconds)

        report = await running.apply(mine, stop=Between())
        assert report.totals[Status.CHANGED] == 3
        assert report.run_id in refused[0]
        assert running.writes == 3 * 2
