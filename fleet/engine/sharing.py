"""One wave that several processes of this machine work on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pydantic import SecretStr

from fleet.engine.dealing import Dealer, Dealt
from fleet.engine.engines import Emit, Ended, LocalEngine
from fleet.engine.protocol import Given, Logged
from fleet.engine.stop import Stop
from fleet.inventory.model import Site
from fleet.inventory.secrets import SecretRef
from fleet.operations.base import Task
from fleet.results import Event, SiteFinished, SiteResult, SiteStarted

__all__ = ["Sharing"]

_LOG = logging.getLogger("fleet")


class Sharing:
    """One wave that several processes work on.

    Args:
        sites: Its sites.
        task_of: Returns the task of a site.
        passwords: The secrets of the sites.
        local: The engine of this process, whose guards know the sites.
        stop: Told where a worker has halted.
        ended: Awaited once for each site with its result.
        emit: Told starts and ends.
    """

    def __init__(  # noqa: PLR0913 - a wave, and all that its processes are given
        self,
        sites: Sequence[Site],
        task_of: Callable[[Site], Task],
        *,
        passwords: Mapping[SecretRef, SecretStr],
        local: LocalEngine,
        stop: Stop,
        ended: Ended,
        emit: Emit,
    ) -> None:
        self.passwords = passwords
        self.guards = local.guards
        self.dealer = Dealer(sites, local.connections.addresses)
        self.stop = stop
        self._sites = sites
        self._task_of = task_of
        self._settle = ended
        self._emit = emit
        self._started = bytearray(len(sites))
        self._ended = bytearray(len(sites))
        self._told: set[str] = set()
        self._again: set[str] = set()

    def given(self, dealt: Dealt) -> Given:
        """Return a site as a worker is given it."""
        site = self._sites[dealt.item]
        face = self.guards.known.face(site.name)
        # Where its settings were written is of no use there.
        slim = replace(site, origins={})
        return Given(dealt.item, slim, self._task_of(site), dealt.server, dealt.addresses, face)

    def start(self, item: int, site: str) -> None:
        """Tell that a visit begins."""
        if not self._started[item]:
            self._started[item] = True
            self._emit(SiteStarted(site))

    async def end(self, item: int, result: SiteResult) -> None:
        """Record and tell how a visit ended."""
        self._ended[item] = True
        self._emit(SiteFinished(await self._settle(result)))

    def log(self, message: Logged) -> None:
        """Pass words for people on, once where several processes say the same."""
        if message.text not in self._told:
            self._told.add(message.text)
            _LOG.log(message.level, "%s", message.text)

    def left(self) -> list[Site]:
        """Return the sites that have not ended."""
        left = []
        for item, (site, ended) in enumerate(zip(self._sites, self._ended, strict=True)):
            if not ended:
                left.append(site)
                if self._started[item]:
                    self._again.add(site.name)
        return left

    def emit_once(self, event: Event) -> None:
        """Tell an event, but for the start of a site whose start was told before."""
        if not isinstance(event, SiteStarted) or event.site not in self._again:
            self._emit(event)
