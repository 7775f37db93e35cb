"""What a run's process and its worker processes say to each other; see `Channel`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from fleet.config import Settings
from fleet.engine.sessions import SessionCache
from fleet.inventory.model import Site
from fleet.inventory.secrets import SecretRef
from fleet.operations.base import Task
from fleet.results import Halted, SiteResult
from fleet.site.health import HealthCheck
from fleet.site.identity import Face

__all__ = [
    "Begin",
    "Broken",
    "Ended",
    "Finished",
    "Give",
    "Given",
    "Last",
    "Logged",
    "Login",
    "LoginOver",
    "Met",
    "More",
    "Owners",
    "Reject",
    "Rejected",
    "Started",
    "StopNow",
]


@dataclass(frozen=True, slots=True)
class Begin:
    """To a worker: what all its visits have in common. They write nothing.

    Args:
        sites: How many it may be given at most.
        settings: Its share of the limits, retries, sizes.
        checks: What has to hold of a site; for sites that were changed, so of none.
        sessions: Where sessions are kept between runs, if anywhere.
        key_file: The key of the fingerprints of credentials; None where the run keeps no record.
    """

    sites: int
    settings: Settings
    checks: tuple[HealthCheck, ...] = ()
    sessions: SessionCache | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """One site to be visited.

    Args:
        item: Its place among those of the wave.
        site: The site.
        task: What is done there.
        server: The lane that it belongs to.
        addresses: The addresses behind its host name; empty where they were not looked up.
        face: What it was when it was met last.
    """

    item: int
    site: Site
    task: Task
    server: str
    addresses: tuple[str, ...]
    face: Face | None


@dataclass(frozen=True, slots=True)
class Give:
    """To a worker: sites, and the secrets that it has not been told yet."""

    sites: tuple[Given, ...]
    passwords: Mapping[SecretRef, SecretStr] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Last:
    """To a worker: it is given no more sites."""


@dataclass(frozen=True, slots=True)
class StopNow:
    """To a worker: start no more sites; said again, end those under way."""


@dataclass(frozen=True, slots=True)
class More:
    """To the run: it may give so many more sites."""

    sites: int


@dataclass(frozen=True, slots=True)
class Started:
    """To the run: a visit begins."""

    item: int
    site: str


@dataclass(frozen=True, slots=True)
class Ended:
    """To the run: how a visit ended."""

    item: int
    result: SiteResult


@dataclass(frozen=True, slots=True)
class Finished:
    """To the run: nothing more comes, and why that is early, if it is."""

    halted: Halted | None


@dataclass(frozen=True, slots=True)
class Broken:
    """To the run: a bug of ours ended the worker, by its type and place."""

    where: str


@dataclass(frozen=True, slots=True)
class Logged:
    """To the run: words for people."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Met:
    """To the run: what a site is, for the record."""

    site: str
    identity: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Owners:
    """A question: which site has shown each mark first?"""

    marks: tuple[str, ...]
    site: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A question: when did a site reject a credential?"""

    site: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Reject:
    """A question that is answered when it is on record that a site rejected a credential."""

    site: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Login:
    """A question that is answered when a login may begin: may all of them from now on?"""


@dataclass(frozen=True, slots=True)
class LoginOver:
    """To the run: a login that it let begin is over, or did not begin after all."""

    rejected: bool | None = None
    withdrawn: bool = False
