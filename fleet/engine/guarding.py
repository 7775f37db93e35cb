"""What a run knows of its sites before it sends them a password, and what it learns by it.

A password is sent to a site only where the site is the one that was met before, where it has not
rejected this very password, in this run or an earlier one, where no neighbour at the same address
has locked us out in this run, and where the first logins of the run did not go mostly wrong. What
needs the memory of earlier runs is left out where a run keeps no record.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

import anyio
from pydantic import SecretStr

from fleet.engine.addresses import host_of, resolve_address
from fleet.engine.breaker import Breaker
from fleet.engine.faces import Faces, Known
from fleet.engine.keeping import site_key
from fleet.engine.stop import Stop
from fleet.engine.turn import Turn
from fleet.errors import JournalError, SiteError
from fleet.inventory.model import Site
from fleet.redaction import Redactor
from fleet.results import Halt, Halted
from fleet.site.identity import Face
from fleet.site.login import Lockout

if TYPE_CHECKING:
    from fleet.journal.journal import Journal

__all__ = ["Guards", "Logins", "Record", "credential_of", "without_secrets"]

T = TypeVar("T")
_REJECTED = ("auth.bad_credentials", "auth.locked_out")


def credential_of(site: Site, password: SecretStr) -> tuple[str, ...]:
    """Return what makes the credential of a site another one when it changes."""
    auth = site.auth
    return (site_key(site), auth.method.value, auth.username, password.get_secret_value())


class Record(Protocol):
    """Where sites and rejections are remembered beyond the run; `Journal` is one."""

    async def put_identity(self, site: str, identity: Mapping[str, object], /) -> None:
        """Queue what a site is, in place of what it was."""

    def fingerprint(self, *credential: str) -> str:
        """Return what stands for a credential."""

    async def rejected(self, site: str, fingerprint: str, /) -> datetime | None:
        """Return when a site rejected a credential, or None where it has not."""

    async def reject(self, site: str, fingerprint: str, /) -> None:
        """Put on record that a site rejected a credential; durable."""


class Logins(Protocol):
    """Lets the logins of a run begin; `Breaker` is one."""

    @property
    def full(self) -> bool:
        """Return whether a login has to wait for others."""

    @property
    def trusted(self) -> bool:
        """Return whether all logins may begin."""

    async def enter(self) -> None:
        """Return when a login may start, which then is under way.

        Raises:
            SiteError: ``run.halted``, with `sent` False: none may.
        """

    def withdraw(self) -> None:
        """Count a login no longer that was let in and did not begin."""

    def end(self, *, rejected: bool | None) -> None:
        """Count a login that has ended; None where it was neither accepted nor rejected."""


class Guards:
    """What the guards of one run's visits share.

    Args:
        stop: Told when the run has to halt.
        known: What is known of the sites.
        logins: Lets logins begin.
        record: Where sites and rejections are remembered; None remembers nothing.
        lookup: Returns the address behind a host name.
        writes: Whether the run may change sites.
    """

    def __init__(
        self,
        stop: Stop,
        known: Known,
        logins: Logins,
        record: Record | None,
        lookup: Callable[[str], Awaitable[str]],
        *,
        writes: bool,
    ) -> None:
        self.record = record
        self.known = known
        self.logins = logins
        self.writes = writes
        self.locked: dict[str, str] = {}
        self._suspected: set[str] = set()
        self._stop = stop
        self._lookup = lookup

    @classmethod
    async def of_run(
        cls,
        sites: Sequence[Site],
        stop: Stop,
        journal: Journal | None,
        lookup: Callable[[str], Awaitable[str]],
        *,
        writes: bool,
        places: Mapping[str, int] | None = None,
    ) -> Guards:
        """Return the guards of a run on `sites`, with what earlier runs knew of them.

        Args:
            sites: The sites of the run, in the order of the inventory.
            stop: Told when the run has to halt.
            journal: Where sites and rejections are remembered; None remembers nothing.
            lookup: Returns the address behind a host name.
            writes: Whether the run may change sites.
            places: Where in `sites` each is, by name; None finds it out.

        Raises:
            JournalError: What is known cannot be read.
        """
        faces = Faces(sites, places)
        if journal is not None:
            await faces.load(journal)
        return cls(stop, faces, Breaker(stop, len(sites)), journal, lookup, writes=writes)

    def of(self, turn: Turn, password: SecretStr) -> SiteGuard:
        """Return the guard of one visit."""
        return SiteGuard(self, turn, password)

    async def address(self, site: Site) -> str:
        """Return the server that a site lives on, as lanes know it."""
        return await resolve_address(host_of(site), self._lookup)

    def lock(self, address: str, site: str, lockout: Lockout) -> None:
        """Take note of a lockout: no other site at its address is tried in this run.

        Plugins and hosts lock an address out, and each further try makes that longer. A refusal
        that may be something else has to be met twice.
        """
        if not lockout.shared and not address.startswith("label:"):
            return
        if lockout.sure or address in self._suspected:
            self.locked.setdefault(address, site)
        self._suspected.add(address)

    async def recorded(self, call: Awaitable[T]) -> T:
        """Return what `call` of the journal returns.

        Raises:
            SiteError: ``run.halted``: the journal failed, and the run halts with it.
        """
        try:
            return await call
        except JournalError as error:
            self._stop.halt(Halted(Halt.JOURNAL, str(error)))
            raise SiteError("run.halted", str(error), sent=False) from error


class SiteGuard:
    """The guard of one visit.

    Args:
        guards: What it shares with the others of the run.
        turn: The visit.
        password: What is to be sent.
    """

    def __init__(self, guards: Guards, turn: Turn, password: SecretStr) -> None:
        self._guards = guards
        self._turn = turn
        self._site = turn.site
        self._password = password

    async def meet(self, face: Face, number: Callable[[], Awaitable[str | None]]) -> None:
        """Compare the site with the one that was met before, or keep it as met.

        Raises:
            SiteError: ``identity.mismatch`` where it is another site, ``identity.duplicate``
                where another entry of the inventory is this site, too.
        """
        record, known_faces = self._guards.record, self._guards.known
        name = self._site.name
        if record is None:
            return
        # Kept and shown from here on; a site may have made a title of what it was sent before.
        face = without_secrets(face, self._turn.redactor)
        known = known_faces.face(name)
        if known is None:
            met = replace(face, blog=await number() or "")
        else:
            met = known.completed(await _same(known, face, number))
        await self._refuse_twin(met)
        if met != known:
            known_faces.keep(name, met)
            key = site_key(self._site)
            await self._guards.recorded(record.put_identity(key, met.document()))

    async def _refuse_twin(self, face: Face) -> None:
        """Refuse to change one site by two entries of the inventory; reading it is only told."""
        name = self._site.name
        marks = [f"blog {face.blog}"] * bool(face.blog) + [f"home {face.home}"] * bool(face.home)
        owners = dict(zip(marks, await self._guards.known.owners(marks, name), strict=True))
        if (other := owners.get(f"blog {face.blog}", name)) != name:
            self._turn.note(
                f"it has Jetpack's number {face.blog} of {other}: an alias of it, or a copy"
            )
        if (other := owners.get(f"home {face.home}", name)) == name:
            return
        message = f"this is the same site as {other}: both say that their home is {face.home}"
        if self._guards.writes:
            raise SiteError("identity.duplicate", message, sent=False)
        self._turn.note(f"identity.duplicate: {message}")

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Let a credential out once, and take note of what became of it.

        Raises:
            SiteError: On entering, where it may not be sent: nothing was.
        """
        guards, fingerprint = self._guards, await self._unrejected()
        address = await guards.address(self._site)
        await self._in_turn()
        self._refuse_locked(address)
        rejected: bool | None = None
        try:
            yield
            rejected = False
        except SiteError as error:
            rejected = True if error.kind in _REJECTED else None
            if isinstance(error, Lockout):
                guards.lock(address, self._site.name, error)
            if error.kind == "auth.bad_credentials" and guards.record is not None:
                key = site_key(self._site)
                await guards.recorded(guards.record.reject(key, fingerprint))
            raise
        finally:
            guards.logins.end(rejected=rejected)

    async def _unrejected(self) -> str:
        """Return the fingerprint of the credential.

        Raises:
            SiteError: ``auth.bad_credentials`` where the site has rejected it before.
        """
        guards, site = self._guards, self._site
        if guards.record is None:
            return ""
        credential = credential_of(site, self._password)
        try:
            fingerprint = guards.record.fingerprint(*credential)
        except JournalError as error:
            raise SiteError("run.halted", str(error), sent=False) from error
        at = await guards.recorded(guards.record.rejected(site_key(site), fingerprint))
        if at is None:
            return fingerprint
        raise SiteError(
            "auth.bad_credentials",
            f"not sent again, because the site rejected it on {at:%Y-%m-%d %H:%M} UTC",
            sent=False,
        )

    async def _in_turn(self) -> None:
        """Wait until the run lets another login start; the site's deadline waits, too."""
        if not self._guards.logins.full:
            await self._guards.logins.enter()
            return
        limit = self._turn.limit
        left, limit.deadline = limit.deadline - anyio.current_time(), math.inf
        try:
            await self._guards.logins.enter()
        finally:
            limit.deadline = anyio.current_time() + left

    def _refuse_locked(self, address: str) -> None:
        other = self._guards.locked.get(address)
        if other is not None:
            self._guards.logins.withdraw()
            raise SiteError(
                "auth.locked_out",
                f"not tried: {other}, at the same address, has locked this machine out",
                sent=False,
            )


def without_secrets(face: Face, redactor: Redactor) -> Face:
    """Return the face of a site with a mask for every secret in it."""
    return Face.read(cast("Mapping[str, object]", redactor.value(face.document())))


async def _same(known: Face, face: Face, number: Callable[[], Awaitable[str | None]]) -> Face:
    """Return the face of a site that is the one that is known.

    Raises:
        SiteError: ``identity.mismatch``.
    """
    found = known.differences(face)
    closed = bool(known.home) and not face.home
    if known.blog and (closed or found.slight) and not found.another:
        # Worth a request: the number tells a site that only changed, or whose index is closed.
        # Where no page is to be had for a while, the number is not known, which says nothing.
        told = await number()
        if told is not None:
            face = replace(face, blog=told)
            found = known.without_number(face)
    if found.another:
        raise SiteError("identity.mismatch", f"this is not the site as before: {found}", sent=False)
    return face
