"""Who of several processes visits which site.

All sites of one server go to one process, which alone counts how many of them are worked on at
once. Which one that is follows from the server's address, so nothing has to be kept for each of a
hundred thousand. A process is given a few sites more than it works on, and more as it asks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from zlib import crc32

import anyio

from fleet.engine.addresses import host_of, is_known
from fleet.inventory.model import Site

__all__ = ["Dealer", "Dealt", "Hand"]

_AHEAD = 128
"""Names looked up at once: a dead one takes seconds, and must not hold up the others."""

_STOCK = 64
"""Sites that lie ready for each process, so that none waits for a name."""

_MOST = 10_000
"""Sites that lie ready for one process at most, while another has none."""


class Dealt(NamedTuple):
    """A site by its number, its lane, and the addresses that were found for it."""

    item: int
    server: str
    addresses: tuple[str, ...]


class Hand:
    """What one process is given.

    Args:
        give: Gives it sites.
        moved: Called when it may be given more.
    """

    def __init__(self, give: Callable[[Sequence[Dealt]], None], moved: Callable[[], None]) -> None:
        self._give = give
        self._moved = moved
        self._ready: deque[Dealt] = deque()
        self._room = 0
        self.lost = False

    @property
    def hungry(self) -> bool:
        """Return whether it could soon be given more than lies ready."""
        return not self.lost and len(self._ready) < _STOCK

    @property
    def full(self) -> bool:
        """Return whether so much lies ready that others have to wait."""
        return not self.lost and len(self._ready) >= _MOST

    @property
    def empty(self) -> bool:
        """Return whether nothing lies ready."""
        return not self._ready

    def offer(self, dealt: Dealt) -> None:
        """Give a site as soon as there is room."""
        if not self.lost:
            self._ready.append(dealt)
            self._pass()

    def more(self, count: int) -> None:
        """Make room for so many more sites."""
        self._room += count
        self._pass()
        self._moved()

    def lose(self) -> None:
        """Give nothing more: nobody is there."""
        self.lost = True
        self._ready.clear()
        self._moved()

    def _pass(self) -> None:
        count = min(self._room, len(self._ready))
        if count and not self.lost:
            self._room -= count
            self._give([self._ready.popleft() for _ in range(count)])


class Dealer:
    """Deals the sites of one wave out.

    Args:
        sites: The sites, in the order in which they are to be started.
        count: How many processes there are.
        lookup: Returns the addresses behind a host name.
    """

    def __init__(
        self,
        sites: Sequence[Site],
        lookup: Callable[[str], Awaitable[tuple[str, ...]]],
    ) -> None:
        self._sites = sites
        self._lookup = lookup
        self._hands: list[Hand] = []
        self._event: anyio.Event | None = None
        self._over = False

    def hand(self, give: Callable[[Sequence[Dealt]], None]) -> Hand:
        """Return the hand of one more process, which `give` gives sites; before any is dealt."""
        self._hands.append(Hand(give, self._moved))
        return self._hands[-1]

    def stop(self) -> None:
        """Deal no more."""
        self._over = True
        self._moved()

    async def deal(self) -> None:
        """Return when every site lies ready or was given, or nobody is there to take one."""
        items = iter(range(len(self._sites)))

        async def resolver() -> None:
            while await self._wanted():
                item = next(items, None)
                if item is None:
                    return
                dealt = await self._placed(item)
                self._hands[crc32(dealt.server.encode()) % len(self._hands)].offer(dealt)

        async with anyio.create_task_group() as tasks:
            for _ in range(min(_AHEAD, len(self._sites))):
                tasks.start_soon(resolver)

    async def given(self) -> None:
        """Return when nothing lies ready any more."""
        while not self._over and not all(hand.empty for hand in self._hands):
            await self._wait()

    async def _wanted(self) -> bool:
        """Return True when one more site should be dealt, and False when none should ever."""
        while not self._over and not all(hand.lost for hand in self._hands):
            if any(hand.hungry for hand in self._hands) and not any(h.full for h in self._hands):
                return True
            await self._wait()
        return False

    async def _wait(self) -> None:
        self._event = self._event or anyio.Event()
        await self._event.wait()

    def _moved(self) -> None:
        if self._event is not None:
            self._event.set()
            self._event = None

    async def _placed(self, item: int) -> Dealt:
        host = host_of(self._sites[item])
        if is_known(host):
            return Dealt(item, host, ())
        try:
            addresses = await self._lookup(host)
        except OSError:
            # No error here: the site's own visit will say so.
            return Dealt(item, host, ())
        return Dealt(item, addresses[0], addresses)
