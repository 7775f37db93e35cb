"""How many wrong tokens came from where within a minute; pure but for the clock it is given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network, ip_address

__all__ = ["Guesses"]

_MINUTE = 60.0
_GUESSES = 20
"""Wrong tokens heard from one place within a minute before it has to wait for answers."""

_PLACES = 10_000
"""Places remembered at once; the one that was quiet longest goes first."""


class Guesses:
    """Counts wrong tokens by where they come from.

    Args:
        clock: Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._wrong: dict[str, deque[float]] = {}

    def add(self, peer: str) -> None:
        """Remember a wrong token from an address."""
        place = _place(peer)
        times = self._wrong.pop(place, None) or deque[float](maxlen=_GUESSES)
        times.append(self._clock())
        while len(self._wrong) >= _PLACES:
            del self._wrong[next(iter(self._wrong))]
        self._wrong[place] = times

    def are_many(self, peer: str) -> bool:
        """Return whether so many came from where an address is that answers have to take long."""
        times = self._wrong.get(_place(peer))
        if times is None or len(times) < _GUESSES:
            return False
        return times[0] > self._clock() - _MINUTE


def _place(peer: str) -> str:
    """Return whose an address is: who has one of IPv6 has all those that begin the same."""
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    if not isinstance(address, IPv6Address):
        return peer
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), 64), strict=False))
