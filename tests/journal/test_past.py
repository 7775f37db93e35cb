"""A stretch of time is read back: its runs in order, and how some sites ended."""

from __future__ import annotations

from datetime import timedelta

from fleet.results import Status
from tests.journal.made import AT, OWNER, Opens, result, start

HOUR = timedelta(hours=1)


async def test_runs_of_a_stretch_come_oldest_first_without_its_end(opens: Opens) -> None:
    async with opens() as opened:
        for name, hours in (("late", 2), ("first", 0), ("before", -1), ("middle", 1)):
            await opened.begin(start(name, at=AT + hours * HOUR), owner=OWNER)
        rows = await opened.history.runs(AT, AT + 2 * HOUR)
        assert [row.run_id for row in rows] == ["first", "middle"]
        assert await opened.history.runs(AT + 3 * HOUR, AT + 4 * HOUR) == []


async def test_only_the_sites_that_are_asked_for_are_read(opens: Opens) -> None:
    names = [f"s{at}" for at in range(1200)]
    async with opens() as opened:
        await opened.begin(start(sites=names), owner=OWNER)
        for name in names:
            await opened.record("run-1", result(name))
        wanted = [*names[:1100], "stranger"]
        found = [each.result async for each in opened.history.outcomes("run-1", wanted)]
        assert {each.site for each in found} == set(names[:1100])
        assert {each.status for each in found} == {Status.CHANGED}
        assert [each async for each in opened.history.outcomes("run-1", [])] == []
