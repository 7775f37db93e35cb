"""What the process of a run hears from a worker process, and what it gives and tells it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress

import anyio
from anyio.abc import TaskGroup

from fleet.engine.channel import Ask, Channel
from fleet.engine.dealing import Dealt
from fleet.engine.guarding import Record
from fleet.engine.protocol import (
    Begin,
    Broken,
    Ended,
    Finished,
    Give,
    Last,
    Logged,
    Login,
    LoginOver,
    Met,
    More,
    Owners,
    Reject,
    Rejected,
    Started,
    StopNow,
)
from fleet.engine.sharing import Sharing
from fleet.errors import SiteError
from fleet.inventory.secrets import SecretRef

__all__ = ["Conversation"]

_LOG = logging.getLogger("fleet")


class Conversation:
    """Holds the conversation with one worker process.

    Args:
        channel: To it.
        sharing: The wave that it works on.
    """

    def __init__(self, channel: Channel, sharing: Sharing) -> None:
        self._channel = channel
        self._sharing = sharing
        self._hand = sharing.dealer.hand(self._give)
        self._refs: set[SecretRef] = set()
        self._logins = 0
        self._finished = False

    async def hold(self, begin: Begin) -> None:
        """Hold it until the worker has finished, or is there no more."""
        self._channel.tell(begin)
        async with anyio.create_task_group() as tasks:
            async for message in self._channel.messages():
                await self._hear(message, tasks)
                if self._finished:
                    break
            tasks.cancel_scope.cancel()
        self._hand.lose()
        for _ in range(self._logins):
            self._sharing.guards.logins.withdraw()
        if not self._finished:
            _LOG.warning("a worker process ended early; what it has left is done by this one")

    def last(self) -> None:
        """Tell that no more sites come."""
        self._channel.tell(Last())

    def stop(self) -> None:
        """Tell that no more sites are to be started; said again, that all visits are to end."""
        self._channel.tell(StopNow())

    def _give(self, dealt: Sequence[Dealt]) -> None:
        given = tuple(map(self._sharing.given, dealt))
        known = self._sharing.passwords
        refs = {each.site.auth.password for each in given} - self._refs
        self._refs |= refs
        self._channel.tell(Give(given, {ref: known[ref] for ref in refs if ref in known}))

    async def _hear(self, message: object, tasks: TaskGroup) -> None:
        match message:
            case Ended(item, result):
                await self._sharing.end(item, result)
            case Started(item, site):
                self._sharing.start(item, site)
            case Ask():
                await self._answer(message, tasks)
            case More(count):
                self._hand.more(count)
            case Met(site, identity):
                await self._keep(site, identity)
            case LoginOver(rejected, withdrawn):
                self._login_over(rejected, withdrawn=withdrawn)
            case _:
                self._hear_of_itself(message)

    def _hear_of_itself(self, message: object) -> None:
        match message:
            case Logged():
                self._sharing.log(message)
            case Broken(where):
                _LOG.warning("a worker process met a bug: %s", where)
            case Finished(halted):
                self._finished = True
                if halted is not None:
                    self._sharing.stop.halt(halted)

    async def _answer(self, ask: Ask, tasks: TaskGroup) -> None:
        match ask.question:
            case Owners(marks, site):
                self._channel.answer(ask, await self._sharing.guards.known.owners(marks, site))
            case Login():
                # It may have to wait for others, whose ends have to be heard meanwhile.
                tasks.start_soon(self._let_in, ask)
            case Rejected(site, fingerprint):
                self._channel.answer(ask, await self._rejected(site, fingerprint))
            case Reject(site, fingerprint):
                self._channel.answer(ask, await self._reject(site, fingerprint))

    async def _let_in(self, ask: Ask) -> None:
        logins = self._sharing.guards.logins
        try:
            await logins.enter()
        except SiteError as error:
            self._channel.answer(ask, error)
            return
        self._logins += 1
        self._channel.answer(ask, logins.trusted)

    def _login_over(self, rejected: bool | None, *, withdrawn: bool) -> None:
        self._logins -= 1
        if withdrawn:
            self._sharing.guards.logins.withdraw()
        else:
            self._sharing.guards.logins.end(rejected=rejected)

    async def _rejected(self, site: str, fingerprint: str) -> object:
        try:
            return await self._sharing.guards.recorded(self._record.rejected(site, fingerprint))
        except SiteError as error:
            return error

    async def _reject(self, site: str, fingerprint: str) -> object:
        try:
            return await self._sharing.guards.recorded(self._record.reject(site, fingerprint))
        except SiteError as error:
            return error

    async def _keep(self, site: str, identity: Mapping[str, object]) -> None:
        with suppress(SiteError):  # the run halts, and the worker is told so
            await self._sharing.guards.recorded(self._record.put_identity(site, identity))

    @property
    def _record(self) -> Record:
        record = self._sharing.guards.record
        if record is None:
            raise RuntimeError("the run keeps no record")
        return record
