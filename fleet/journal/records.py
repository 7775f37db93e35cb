"""What a journal takes and gives: frozen values that know nothing of a database."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fleet.results import Halted, SiteResult, Status

__all__ = [
    "LEASE_SECONDS",
    "Claim",
    "HeldLease",
    "Intent",
    "Lease",
    "Outcome",
    "Owner",
    "RunRow",
    "StoredIntent",
]

LEASE_SECONDS = 75.0
"""How long a lease lasts without a heartbeat."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who runs something.

    Args:
        user: Login name.
        host: Name of the machine.
        pid: Process there.
    """

    user: str
    host: str
    pid: int

    def __str__(self) -> str:
        """Return ``user@host pid 123``."""
        return f"{self.user}@{self.host} pid {self.pid}"

    @classmethod
    def here(cls) -> Owner:
        """Return the owner of what this process does."""
        try:
            user = getpass.getuser()
        except (OSError, KeyError):
            # In a container the user may have no name.
            user = str(os.getuid())
        return cls(user, socket.gethostname(), os.getpid())


@dataclass(frozen=True, slots=True)
class Intent:
    """One key that is about to be changed.

    Args:
        key: What changes, as in `Change`.
        before: The value observed, a JSON value.
        wanted: The value about to be written, a JSON value.
        sealed: True where the values are secret; they are given as None and only the key is kept.
    """

    key: str
    before: object
    wanted: object
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class StoredIntent:
    """An intent on record.

    Args:
        site: Name of the site it is about.
        intent: What was meant; `before` is what was observed when the run first meant it.
        at: When it was meant last.
        settled: Whether an outcome of that site was recorded in the same run afterwards.
    """

    site: str
    intent: Intent
    at: datetime
    settled: bool


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one run to change some sites.

    Args:
        run_id: The run.
        token: Fencing token; a later lease has a larger one, whoever took it.
        owner: Who runs it.
        sites: Keys of the sites.
    """

    run_id: str
    token: int
    owner: Owner
    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """The right of one worker to work on a part of a run.

    Args:
        run_id: The run.
        part: Name of the part.
        number: How often it was claimed; the last claim counts.
    """

    run_id: str
    part: str
    number: int


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease as others see it.

    Args:
        run_id: The run that holds it.
        owner: Who runs that.
        sites: How many sites it covers.
        since: When it was acquired.
        heartbeat: When it was last renewed.
        expires: When it ends unless it is renewed.
    """

    run_id: str
    owner: Owner
    sites: int
    since: datetime
    heartbeat: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in a list of runs.

    Args:
        run_id: Its name.
        kind: ``run``, ``audit``, ``plan``, ``apply`` or ``rollback``.
        operation: Name of the operation.
        parameters: Its parameters, secrets masked.
        read_only: True where it could not write.
        owner: Who ran it, or resumed it last.
        started: When it began.
        finished: When it ended, or None.
        interrupted: The signal that ended it early, or None.
        halted: What else ended it early, or None.
        parent: The run it belongs to, such as the one it rolls back, or None.
        sites: How many sites it has.
        totals: Number of sites per status, every status present; they add up to `sites`.
        document: What was kept with it, such as a plan, or None.
    """

    run_id: str
    kind: str
    operation: str
    parameters: Mapping[str, object]
    read_only: bool
    owner: Owner
    started: datetime
    finished: datetime | None
    interrupted: str | None
    halted: Halted | None
    parent: str | None
    sites: int
    totals: Mapping[Status, int]
    document: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one site of a run ended.

    Args:
        result: The result.
        at: When it was recorded.
    """

    result: SiteResult
    at: datetime
