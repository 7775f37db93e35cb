"""What a worker process asks the process of its run, which alone has the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

from fleet.engine.channel import Channel
from fleet.engine.protocol import Login, LoginOver, Met, Owners, Reject, Rejected
from fleet.engine.stop import Stop
from fleet.errors import SiteError
from fleet.journal.keys import fingerprint, read_key
from fleet.results import Halt
from fleet.site.identity import Face

__all__ = ["AskedFaces", "AskedLogins", "AskedRecord"]


class AskedFaces:
    """`Known` of the sites that the worker has at the moment.

    Args:
        channel: To the process of the run.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._given: dict[str, Face] = {}

    def face(self, site: str) -> Face | None:
        """See `Known`."""
        return self._given.get(site)

    def keep(self, site: str, face: Face) -> None:
        """See `Known`; the run learns of it by `AskedRecord.put_identity`."""
        self._given[site] = face

    def forget(self, site: str) -> None:
        """Keep nothing more of a site that is done."""
        self._given.pop(site, None)

    async def owners(self, marks: Sequence[str], site: str) -> Sequence[str]:
        """See `Known`."""
        return cast("list[str]", await self._channel.ask(Owners(tuple(marks), site)))


class AskedRecord:
    """`Record`, kept by the process of the run.

    Args:
        channel: To it.
        key_file: The key of the fingerprints.
    """

    def __init__(self, channel: Channel, key_file: Path) -> None:
        self._channel = channel
        self._key_file = key_file
        self._key = b""

    async def put_identity(self, site: str, identity: Mapping[str, object], /) -> None:
        """See `Record`."""
        self._channel.tell(Met(site, identity))

    def fingerprint(self, *credential: str) -> str:
        """See `Record`.

        Raises:
            JournalError: The key cannot be read.
        """
        self._key = self._key or read_key(self._key_file)
        return fingerprint(self._key, *credential)

    async def rejected(self, site: str, fingerprint: str, /) -> datetime | None:
        """See `Record`."""
        return cast("datetime | None", await self._channel.ask(Rejected(site, fingerprint)))

    async def reject(self, site: str, fingerprint: str, /) -> None:
        """See `Record`."""
        await self._channel.ask(Reject(site, fingerprint))


class AskedLogins:
    """`Logins`, let begin by the process of the run until it trusts the passwords.

    Args:
        channel: To it.
        stop: Knows whether the run has halted.
    """

    def __init__(self, channel: Channel, stop: Stop) -> None:
        self._channel = channel
        self._stop = stop
        self._trusted = False
        self._counted = 0

    @property
    def full(self) -> bool:
        """See `Logins`."""
        return not self._trusted

    @property
    def trusted(self) -> bool:
        """See `Logins`."""
        return self._trusted

    async def enter(self) -> None:
        """See `Logins`."""
        halted = self._stop.halted
        if halted is not None and halted.by is Halt.CREDENTIALS:
            raise SiteError("run.halted", "too many sites rejected their password", sent=False)
        if self._trusted:
            return
        self._trusted = cast("bool", await self._channel.ask(Login(), self._withdraw_late))
        self._counted += 1

    def withdraw(self) -> None:
        """See `Logins`."""
        if self._uncount():
            self._channel.tell(LoginOver(withdrawn=True))

    def end(self, *, rejected: bool | None) -> None:
        """See `Logins`."""
        if self._uncount():
            self._channel.tell(LoginOver(rejected))

    def _uncount(self) -> bool:
        """Return whether the run counts a login that is over; which one makes no difference."""
        counted = self._counted > 0
        self._counted -= counted
        return counted

    def _withdraw_late(self) -> None:
        self._channel.tell(LoginOver(withdrawn=True))
