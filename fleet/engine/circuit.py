"""Notices that a server is down, so that its other sites do not all wait for it in vain.

After a few sites of one address in a row that could not be connected to, the address is left
alone. After a pause one more of its sites is tried; whatever it answers shows that the server is
there again. Any answer ends the counting, also a bad one.

`fleet.engine.breaker` is another thing: it stops a whole run whose passwords are wrong.
"""

from __future__ import annotations

from typing import Final

__all__ = ["UNCONNECTED", "Circuit"]

UNCONNECTED: Final = frozenset({"net.timeout", "net.refused", "net.reset"})
"""Kinds that say something about a server where nothing at all came from it."""

IN_A_ROW: Final = 5
"""Sites."""

_PAUSE: Final = 5.0
_LONGEST: Final = 40.0
"""Seconds until a server that is down is tried again, doubled each time."""


class Circuit:
    """Whether the sites of one server may be tried."""

    __slots__ = ("_failures", "_pause", "_until", "kind", "last")

    def __init__(self) -> None:
        self._failures = 0
        self._pause = _PAUSE
        self._until: float | None = None
        self.kind = ""
        self.last = False

    @property
    def open(self) -> bool:
        """Return whether the server is taken to be down."""
        return self._until is not None

    @property
    def calm(self) -> bool:
        """Return whether nothing is held against it."""
        return not self._failures

    @property
    def until(self) -> float:
        """Return when one site may be tried; 0.0 where all may."""
        return self._until or 0.0

    def allows(self, now: float, running: int) -> bool:
        """Return whether a site may be started beside `running` others."""
        return self._until is None or (now >= self._until and not running)

    def reached(self) -> None:
        """Take note that something came from the server."""
        self._failures, self._pause, self._until, self.last = 0, _PAUSE, None, False

    def failed(self, kind: str, now: float) -> bool:
        """Take note of a site that could not be connected to.

        Returns whether that was the last try, so that the sites that wait need not be tried.
        """
        self._failures += 1
        self.kind = kind
        if self._until is None:
            if self._failures >= IN_A_ROW:
                self._until = now + self._pause
            return False
        if now >= self._until:
            self._pause = min(2 * self._pause, _LONGEST)
            self._until = now + self._pause
            return self.last
        return False

    def last_chance(self, now: float) -> None:
        """Let one more site be tried soon, and take its failure for that of all."""
        if self._until is not None:
            self.last, self._until = True, min(self._until, now + _PAUSE)
