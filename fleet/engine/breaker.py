"""Stops a run whose passwords are wrong before it has locked itself out of the whole fleet.

The rule: of the first 20 logins of a run that were answered, as soon as at least 5 were rejected
(``auth.bad_credentials`` or ``auth.locked_out``) and they are more than half, no further password
is sent and the run halts. A run on 5 sites or fewer has nothing left to protect and goes on.

So that there are not fifty passwords under way when the fifth is rejected, the first logins start
slowly: no more than 5 that are under way or were rejected at a time, and one more for each login
that ended otherwise. A fleet with one wrong password for all sees exactly 5 of it.
"""

from __future__ import annotations

import anyio

from fleet.engine.stop import Stop
from fleet.errors import SiteError
from fleet.results import Halt, Halted

__all__ = ["FIRST", "LEAST", "Breaker"]

FIRST = 20
"""Logins after which a run is trusted."""

LEAST = 5
"""Rejected logins that are needed, and logins that may start at once."""


class Breaker:
    """Counts the first logins of a run.

    Args:
        stop: Told to halt the run.
        sites: Sites of the run.
    """

    def __init__(self, stop: Stop, sites: int) -> None:
        self._stop = stop
        self._trusted = sites <= LEAST
        self._under_way = 0
        self._accepted = 0
        self._rejected = 0
        self._neither = 0
        self._moved = anyio.Event()

    @property
    def full(self) -> bool:
        """Return whether a login has to wait for others."""
        if self._trusted or self._tripped:
            return False
        return self._under_way + self._rejected >= LEAST + self._accepted + self._neither

    @property
    def _tripped(self) -> bool:
        halted = self._stop.halted
        return halted is not None and halted.by is Halt.CREDENTIALS

    @property
    def trusted(self) -> bool:
        """Return whether the run may log in as it likes."""
        return self._trusted

    async def enter(self) -> None:
        """Return when a login may start, which then is counted.

        Raises:
            SiteError: ``run.halted``, with `sent` False: none may.
        """
        await self.wait()
        self.begin()

    async def wait(self) -> None:
        """Return when a login may start."""
        while self.full:
            await self._moved.wait()

    def begin(self) -> None:
        """Count a login that starts now.

        Raises:
            SiteError: ``run.halted``, with `sent` False: none may.
        """
        if self._tripped:
            raise SiteError("run.halted", "too many sites rejected their password", sent=False)
        self._under_way += 1

    def withdraw(self) -> None:
        """Count a login no longer that was let in and did not begin."""
        self._under_way -= 1
        self._wake()

    def end(self, *, rejected: bool | None) -> None:
        """Count a login that has ended.

        Args:
            rejected: Whether the site rejected it; None where it did neither.
        """
        self._under_way -= 1
        self._rejected += rejected is True
        self._accepted += rejected is False
        self._neither += rejected is None
        if self._trusted:
            return  # and nobody waits
        self._judge()
        self._wake()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = anyio.Event()

    def _judge(self) -> None:
        answered = self._accepted + self._rejected
        if self._trusted or answered > FIRST:
            return
        if self._rejected >= LEAST and 2 * self._rejected > answered:
            reason = (
                f"{self._rejected} of the first {answered} logins were rejected, so no more"
                " passwords are sent: check where they come from"
            )
            self._stop.halt(Halted(Halt.CREDENTIALS, reason))
        self._trusted = answered >= FIRST and not self._tripped
