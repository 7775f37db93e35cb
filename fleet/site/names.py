"""Addresses of host names, looked up in threads of their own.

The system's lookup blocks its thread, for half a minute where the name servers of a domain are
dead, and the event loop has only a few threads for everybody. Here a dead name costs a thread
of its own and holds up only those who ask for it.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["Names", "may_be_a_site"]

_REMEMBERED = 300.0
"""Seconds for which an address is good."""

_MOST = 4096
"""Hosts that are remembered; each is asked for ahead of its visit, and by the visit soon after."""

Outcome = tuple[str, ...] | OSError


@dataclass(slots=True, eq=False)
class _Lookup:
    """A question to the system, and what those who wait for it are told."""

    host: str
    told: asyncio.Future[Outcome]
    begun: float = 0.0
    late: asyncio.TimerHandle | None = None


class Names:
    """The addresses of a run's hosts, each looked up once for all who ask.

    A lookup cannot be called off: one that takes too long is only waited for no longer. Its
    threads are daemons, so that none keeps the process from ending.

    Args:
        patience: Seconds for one name.
        threads: Lookups at once, with those that nobody waits for any longer.
        clock: Seconds that only grow.
    """

    def __init__(
        self, patience: float, threads: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._patience = patience
        self._threads = threads
        self._clock = clock
        self._known: dict[str, tuple[float, Outcome]] = {}
        self._asked: dict[str, _Lookup] = {}
        self._queue: deque[_Lookup] = deque()
        self._running = 0

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Return the IP addresses that `host` leads to, of both families.

        Raises:
            OSError: It leads nowhere, or nobody could tell in time.
        """
        until, outcome = self._known.get(host, (0.0, None))
        if outcome is None or self._clock() >= until:
            lookup = self._asked.get(host) or self._ask(host)
            # Others wait for the same, so that who is called off leaves it alone.
            outcome = await asyncio.shield(lookup.told)
        if isinstance(outcome, OSError):
            raise type(outcome)(*outcome.args)
        return outcome

    def learn(self, host: str, addresses: tuple[str, ...]) -> None:
        """Take up what somebody else has found out."""
        self._remember(host, addresses, _REMEMBERED)

    def close(self) -> None:
        """Wait for nothing any longer; lookups that go on end unheard."""
        for lookup in self._asked.values():
            _tell(lookup, socket.gaierror(socket.EAI_AGAIN, "the run is over"))
        self._queue.clear()
        self._asked.clear()

    def _ask(self, host: str) -> _Lookup:
        lookup = _Lookup(host, asyncio.get_running_loop().create_future())
        self._asked[host] = lookup
        self._queue.append(lookup)
        self._begin()
        return lookup

    def _begin(self) -> None:
        while self._queue and self._running < self._threads:
            lookup = self._queue.popleft()
            loop = lookup.told.get_loop()
            lookup.begun = self._clock()
            late = socket.gaierror(socket.EAI_AGAIN, f"no answer within {self._patience:g} s")
            lookup.late = loop.call_later(self._patience, _tell, lookup, late)
            self._running += 1
            try:
                threading.Thread(target=self._work, args=(loop, lookup), daemon=True).start()
            except RuntimeError:
                full = OSError(errno.EAGAIN, "this machine can start no more threads")
                loop.call_soon(self._settle, lookup, full)

    def _work(self, loop: asyncio.AbstractEventLoop, lookup: _Lookup) -> None:
        """Ask the system, in a thread."""
        outcome: Outcome
        try:
            outcome = _look_up(lookup.host)
        except OSError as error:
            outcome = error.with_traceback(None)
        except ValueError:  # a label that is empty or too long
            outcome = socket.gaierror(socket.EAI_NONAME, "not the name of a host")
        with suppress(RuntimeError):  # the loop has ended, and with it all who could wait
            loop.call_soon_threadsafe(self._settle, lookup, outcome)

    def _settle(self, lookup: _Lookup, outcome: Outcome) -> None:
        """Tell and remember; what failed is remembered as long as it took, so that a retry counts.

        A name that took half a minute to fail is left alone for half a minute.
        """
        self._running -= 1
        self._asked.pop(lookup.host, None)
        good = self._clock() - lookup.begun if isinstance(outcome, OSError) else _REMEMBERED
        self._remember(lookup.host, outcome, good)
        _tell(lookup, outcome)
        self._begin()

    def _remember(self, host: str, outcome: Outcome, seconds: float) -> None:
        self._known.pop(host, None)
        if len(self._known) >= _MOST:
            del self._known[next(iter(self._known))]
        self._known[host] = self._clock() + seconds, outcome


def _tell(lookup: _Lookup, outcome: Outcome) -> None:
    if lookup.late is not None:
        lookup.late.cancel()
    if not lookup.told.done():
        lookup.told.set_result(outcome)


def _look_up(host: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except socket.gaierror:
        # Where no file can be opened, the system says that it does not know the name.
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
        raise
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def may_be_a_site(address: str) -> bool:
    """Return whether a name may lead there.

    Clouds tell secrets to whoever asks at a link-local address, and 0.0.0.0 is this machine.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # with a zone, as only link-local addresses have one
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return not (ip.is_link_local or ip.is_unspecified or ip.is_multicast)
