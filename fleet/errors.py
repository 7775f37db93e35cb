"""Why something went wrong, in words that stay the same from release to release.

The tree::

    FleetError
    ├── InputError      one mistake of the caller, with its place in a file (exit 64)
    ├── InputErrors     every mistake of one pass (exit 64)
    ├── Refused         a safety rule said no before anything was changed (exit 5)
    ├── LockHeld        another run holds sites of this one (exit 6)
    ├── LeaseLost       another run took over while this one slept (exit 6)
    ├── JournalError    the journal cannot be read or written; nothing further may change (exit 74)
    └── SiteError       trouble with one site; the engine turns it into that site's result

`Interrupted` stands beside it: a signal is nobody's error, and nothing may catch it by chance.

What a `SiteError` means is looked up by its `kind` in `KINDS`, which is also what
``fleet explain KIND`` prints. Callers branch on ``kind`` and never read messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fleet.kinds import KINDS, Kind

__all__ = [
    "KINDS",
    "FleetError",
    "InputError",
    "InputErrors",
    "Interrupted",
    "JournalError",
    "Kind",
    "LeaseLost",
    "LockHeld",
    "Place",
    "Refused",
    "SiteError",
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the caller's input something stands; line and column count from 1."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return ``file:line:column`` as editors understand it."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Interrupted(KeyboardInterrupt):
    """A signal ended a command where no run could take note of it.

    Args:
        signal: Its name, such as ``SIGTERM``.
    """

    def __init__(self, signal: str) -> None:
        super().__init__(signal)
        self.signal = signal


class FleetError(Exception):
    """Root of every error this package raises on purpose."""


class InputError(FleetError):
    """One mistake in an inventory, a selector, a secret reference or a flag.

    Args:
        message: What is wrong and, where it can be told, what to write instead.
        place: Where it stands, if it stands in a file.
    """

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(f"{place} {message}" if place else message)
        self.message = message
        self.place = place


class InputErrors(FleetError):
    """Every mistake found in one pass, in the order of the files.

    Args:
        errors: At least one `InputError`.
    """

    def __init__(self, errors: Iterable[InputError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


class Refused(FleetError):
    """A safety rule refused the run before anything was changed."""


class LockHeld(FleetError):
    """Another run holds sites that this one wants; the message names it, its owner and its age."""


class LeaseLost(FleetError):
    """This run no longer holds its sites, because its lease ran out and was taken over."""


class JournalError(FleetError):
    """The journal could not be opened, read or written; without it nothing is changed."""


class SiteError(FleetError):
    """Trouble with one site.

    Args:
        kind: A name in `KINDS`.
        message: What happened, in our words, without secrets.
        said: What the site said in its own words; hostile text, shown only quoted.
        retry_after: Seconds the site asked us to wait, if it did.
        sent: False only where the request certainly never left this machine.
        answered: True where the site itself gave a whole answer, if not the one hoped for; then
            it is done with the request, and reading tells what became of it.

    Raises:
        KeyError: `kind` is not in `KINDS`.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        said: str = "",
        retry_after: float | None = None,
        sent: bool = True,
        answered: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.said = said
        self.retry_after = retry_after
        self.sent = sent
        self.answered = answered
        self._row = KINDS[kind]

    @property
    def retryable(self) -> bool:
        """Return whether reading again may succeed."""
        return self._row.retryable

    @property
    def hint(self) -> str:
        """Return what the reader can do about it."""
        return self._row.hint
