"""Only one run at a time changes a site: the contract of both back ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from fleet.errors import InputError, LeaseLost, LockHeld
from fleet.journal.journal import open_journal
from fleet.journal.records import HeldLease, Owner
from tests.journal.made import AT, OWNER, Clock, Opens

OTHER = Owner("bob", "ops-2", 99)


async def test_a_held_site_is_refused_with_everything_about_its_holder(opens: Opens) -> None:
    async with opens() as journal, opens() as other:
        await journal.acquire("run-1", ["a", "b", "c"], OWNER)
        with pytest.raises(LockHeld) as caught:
            await other.acquire("run-2", ["x", "b", "c"], OTHER)

    for part in ("run run-1 of ann@ops-1 pid 4711", "2 of the 3 sites", "since 2", " s ago"):
        assert part in str(caught.value)
    assert str(caught.value).endswith("fleet unlock run-1")


async def test_it_is_all_sites_or_none(opens: Opens) -> None:
    async with opens() as journal:
        await journal.acquire("run-1", ["b"], OWNER)
        with pytest.raises(LockHeld):
            await journal.acquire("run-2", ["a", "b"], OTHER)
        assert (await journal.acquire("run-3", ["a", "c", "a"], OTHER)).sites == ("a", "c")


async def test_the_largest_holder_is_named_and_others_counted(opens: Opens) -> None:
    async with opens() as journal:
        await journal.acquire("run-1", ["a"], OWNER)
        await journal.acquire("run-2", ["b", "c"], OWNER)
        with pytest.raises(LockHeld, match=r"run run-2 .* 2 of the 3 sites .*\(1 more hold others"):
            await journal.acquire("run-3", ["a", "b", "c"], OTHER)


async def test_released_sites_are_free_and_tokens_grow_for_ever(opens: Opens) -> None:
    async with opens() as journal:
        first = await journal.acquire("run-1", ["a"], OWNER)
        await journal.release(first)
        await journal.release(first)
        second = await journal.acquire("run-2", ["a"], OTHER)
        await journal.release(first)

        assert [each.run_id for each in await journal.leases()] == ["run-2"]
    async with opens() as journal:
        await journal.release(second)
        third = await journal.acquire("run-3", ["b"], OTHER)

    assert first.token < second.token < third.token


async def test_a_lease_covers_thousands_of_sites(opens: Opens) -> None:
    names = [f"s{number}" for number in range(1201)]
    async with opens() as journal:
        await journal.acquire("run-1", names, OWNER)
        (held,) = await journal.leases()
        assert held.sites == 1201
        with pytest.raises(LockHeld, match="1201 of the 1202 sites"):
            await journal.acquire("run-2", [*names, "more"], OTHER)


async def test_an_expired_lease_is_taken_over(opens: Opens) -> None:
    async with opens() as journal:
        old = await journal.acquire("run-1", ["a", "b"], OWNER, ttl=0)
        new = await journal.acquire("run-2", ["b"], OTHER)

        assert new.token > old.token
        with pytest.raises(LeaseLost, match="run-1 no longer holds"):
            await journal.renew(old)
        assert [each.run_id for each in await journal.leases()] == ["run-2"]


async def test_an_expired_lease_that_nobody_took_is_renewed(opens: Opens) -> None:
    async with opens() as journal:
        lease = await journal.acquire("run-1", ["a"], OWNER, ttl=0)
        await journal.renew(lease)
        with pytest.raises(LockHeld):
            await journal.acquire("run-2", ["a"], OTHER)


async def test_unlocking_takes_the_sites_away(opens: Opens) -> None:
    async with opens() as journal:
        lease = await journal.acquire("run-1", ["a", "b"], OWNER)
        (held,) = await journal.leases()

        assert await journal.unlock("run-1") == held
        assert (held.run_id, held.owner, held.sites) == ("run-1", OWNER, 2)
        with pytest.raises(LeaseLost):
            await journal.renew(lease)
        with pytest.raises(InputError, match="run-1 holds no sites"):
            await journal.unlock("run-1")


async def test_of_many_that_want_a_site_at_once_one_gets_it(opens: Opens) -> None:
    async with opens() as one, opens() as two:
        found = await asyncio.gather(
            *(
                journal.acquire(f"run-{number}", ["a", f"own-{number}"], OWNER)
                for number, journal in enumerate([one, two] * 3)
            ),
            return_exceptions=True,
        )

    assert sorted(type(each).__name__ for each in found) == ["Lease", *["LockHeld"] * 5]


async def test_in_a_file_leases_live_by_the_given_clock(file: Path, clock: Clock) -> None:
    async with open_journal(str(file), now=clock) as journal:
        lease = await journal.acquire("run-1", ["a"], OWNER)
        clock.pass_by(50)
        await journal.renew(lease)
        clock.pass_by(74)
        with pytest.raises(LockHeld, match="last heartbeat 74 s ago"):
            await journal.acquire("run-2", ["a"], OTHER)

        assert await journal.leases() == [
            HeldLease(
                "run-1",
                OWNER,
                1,
                AT,
                AT + timedelta(seconds=50),
                AT + timedelta(seconds=125),
            )
        ]
        clock.pass_by(1)
        await journal.acquire("run-2", ["a"], OTHER)


@pytest.mark.postgres
async def test_in_a_server_leases_live_by_its_clock(
    postgres: object, request: pytest.FixtureRequest, clock: Clock
) -> None:
    """Hosts whose clocks differ must agree on who holds what."""
    url = request.getfixturevalue("postgres").url(request.getfixturevalue("database"))
    async with open_journal(url, now=clock) as journal:
        await journal.acquire("run-1", ["a"], OWNER)
        clock.pass_by(86400)
        with pytest.raises(LockHeld):
            await journal.acquire("run-2", ["a"], OTHER)
