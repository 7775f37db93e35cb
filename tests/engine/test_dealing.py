"""Who visits which site: each is dealt once, a server to one process, no more than asked for."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.engine.dealing import Dealer, Dealt, Hand
from tests.engine.sites import site

NAMES = {"one.example": ("192.0.2.1",), "two.example": ("192.0.2.1", "192.0.2.9")}


async def lookup(host: str) -> tuple[str, ...]:
    if host not in NAMES:
        raise OSError(host)
    return NAMES[host]


@dataclass
class Worker:
    """Takes sites a few at a time."""

    at_once: int
    got: list[Dealt] = field(default_factory=list)
    hand: Hand | None = None

    def give(self, dealt: Sequence[Dealt]) -> None:
        assert self.hand is not None
        assert len(dealt) <= self.at_once
        self.got += dealt
        asyncio.get_running_loop().call_soon(self.hand.more, len(dealt))

    def begin(self, dealer: Dealer) -> None:
        self.hand = dealer.hand(self.give)
        self.hand.more(self.at_once)


async def dealt_out(addresses: list[str], counts: list[int]) -> list[Worker]:
    dealer = Dealer([site(f"s{at}", each) for at, each in enumerate(addresses)], lookup)
    workers = [Worker(count) for count in counts]
    for worker in workers:
        worker.begin(dealer)
    await dealer.deal()
    await dealer.given()
    return workers


@given(
    addresses=st.lists(st.sampled_from([f"192.0.2.{n}" for n in range(20)]), max_size=300),
    counts=st.lists(st.integers(1, 20), min_size=1, max_size=4),
)
def test_every_site_is_dealt_once_and_a_server_to_one(
    addresses: list[str], counts: list[int]
) -> None:
    workers = asyncio.run(dealt_out(addresses, counts))
    items = [dealt.item for worker in workers for dealt in worker.got]
    assert sorted(items) == list(range(len(addresses)))
    homes: defaultdict[str, set[int]] = defaultdict(set)
    for number, worker in enumerate(workers):
        for dealt in worker.got:
            assert dealt.server == addresses[dealt.item]
            homes[dealt.server].add(number)
    assert all(len(home) == 1 for home in homes.values())


async def test_names_of_one_address_are_one_server() -> None:
    (worker,) = await dealt_out(["one.example", "two.example", "none.example"], [5])
    assert sorted(worker.got) == [
        (0, "192.0.2.1", ("192.0.2.1",)),
        (1, "192.0.2.1", ("192.0.2.1", "192.0.2.9")),
        (2, "none.example", ()),
    ]


async def test_a_process_that_is_lost_holds_up_nobody() -> None:
    sites = [site(f"s{at}", f"192.0.2.{at % 250}") for at in range(2_000)]
    dealer = Dealer(sites, lookup)
    gone, there = dealer.hand(lambda _: None), Worker(10)
    there.begin(dealer)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(dealer.deal)
        await anyio.lowlevel.checkpoint()
        gone.lose()
    await dealer.given()
    assert 0 < len(there.got) < len(sites)


async def test_nothing_is_dealt_where_nobody_is_left() -> None:
    dealer = Dealer([site("s", "192.0.2.1")], lookup)
    dealer.hand(lambda _: pytest.fail("given to nobody")).lose()
    await dealer.deal()
    await dealer.given()


async def test_a_stop_ends_the_dealing() -> None:
    dealer = Dealer([site(f"s{at}", "192.0.2.1") for at in range(1_000)], lookup)
    dealer.hand(lambda _: None)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(dealer.deal)
        tasks.start_soon(dealer.given)
        await anyio.lowlevel.checkpoint()
        dealer.stop()
