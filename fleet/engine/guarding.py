"""What a run knows of its sites before it sends them a password, and what it learns by it.

A password is sent to a site only where the site is the one that was met before, where it has not
rejected this very password, in this run or an earlier one, where no neighbour at the same address
has locked us out in this run, and where the first logins of the run did not go mostly wrong. What
needs the memory of earlier runs is left out where a run keeps no record.
"""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, cast

import anyio
from pydantic import SecretStr

from fleet.engine.addresses import host_of, resolve_address
from fleet.engine.breaker import Breaker
from fleet.engine.keeping import site_key
from fleet.engine.stop import Stop
from fleet.engine.turn import Turn
from fleet.errors import JournalError, SiteError
from fleet.inventory.model import Site
from fleet.journal.spool import Texts
from fleet.redaction import Redactor
from fleet.results import Halt, Halted
from fleet.site.identity import Face
from fleet.site.login import Lockout

if TYPE_CHECKING:
    from fleet.journal.journal import Journal

__all__ = ["Guards", "credential_of", "without_secrets"]

T = TypeVar("T")
_AT_ONCE = 500
"""Sites that are looked up in the journal at once."""

_REJECTED = ("auth.bad_credentials", "auth.locked_out")


def credential_of(site: Site, password: SecretStr) -> tuple[str, ...]:
    """Return what makes the credential of a site another one when it changes."""
    auth = site.auth
    return (site_key(site), auth.method.value, auth.username, password.get_secret_value())


class Guards:
    """What the guards of one run's visits share.

    Args:
        sites: The sites of the run, in the order of the inventory.
        stop: Told when the run has to halt.
        journal: Where sites and rejections are remembered; None remembers nothing.
        lookup: Returns the address behind a host name.
        writes: Whether the run may change sites.
        places: Where in `sites` each is, by name; None finds it out.
    """

    def __init__(
        self,
        sites: Sequence[Site],
        stop: Stop,
        journal: Journal | None,
        lookup: Callable[[str], Awaitable[str]],
        *,
        writes: bool,
        places: Mapping[str, int] | None = None,
    ) -> None:
        self.journal = journal
        self.writes = writes
        self.breaker = Breaker(stop, len(sites))
        self.locked: dict[str, str] = {}
        self._suspected: set[str] = set()
        self._sites = sites
        self._places = places or {site.name: place for place, site in enumerate(sites)}
        # Of a hundred thousand sites: what they are in a file, whose marks are whose in numbers.
        self._faces = Texts(len(sites))
        self._owners: dict[int, int] = {}
        self._stop = stop
        self._lookup = lookup

    async def load(self) -> None:
        """Read what earlier runs knew of the sites.

        Raises:
            JournalError: That cannot be read.
        """
        if self.journal is None:
            return
        for start in range(0, len(self._sites), _AT_ONCE):
            names = {site.name: site_key(site) for site in self._sites[start : start + _AT_ONCE]}
            found = await self.journal.identities(tuple(names.values()))
            for name, key in names.items():
                if document := found.get(key):
                    face = Face.read(document)
                    self.keep(name, face)
                    if face.home:
                        self.owner(f"home {face.home}", name)

    def face(self, site: str) -> Face | None:
        """Return what a site was when it was met last, or None where it was not."""
        text = self._faces.get(self._places[site])
        return Face.read(json.loads(text)) if text else None

    def keep(self, site: str, face: Face) -> None:
        """Keep what a site is."""
        self._faces.put(self._places[site], json.dumps(face.document()))

    def owner(self, mark: str, site: str) -> str:
        """Return which site has shown a mark first, which is `site` where no other has."""
        mine = self._places[site]
        first = self._owners.setdefault(hash(mark), mine)
        return site if first == mine else self._sites[first].name

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
        journal, name = self._guards.journal, self._site.name
        if journal is None:
            return
        # Kept and shown from here on; a site may have made a title of what it was sent before.
        face = without_secrets(face, self._turn.redactor)
        known = self._guards.face(name)
        if known is None:
            met = replace(face, blog=await number() or "")
        else:
            met = known.completed(await _same(known, face, number))
        self._refuse_twin(met)
        if met != known:
            self._guards.keep(name, met)
            key = site_key(self._site)
            await self._guards.recorded(journal.put_identity(key, met.document()))

    def _refuse_twin(self, face: Face) -> None:
        """Refuse to change one site by two entries of the inventory; reading it is only told."""
        name, owner = self._site.name, self._guards.owner
        if face.blog and (other := owner(f"blog {face.blog}", name)) != name:
            self._turn.note(
                f"it has Jetpack's number {face.blog} of {other}: an alias of it, or a copy"
            )
        if not face.home or (other := owner(f"home {face.home}", name)) == name:
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
        guards.breaker.begin()
        rejected: bool | None = None
        try:
            yield
            rejected = False
        except SiteError as error:
            rejected = True if error.kind in _REJECTED else None
            if isinstance(error, Lockout):
                guards.lock(address, self._site.name, error)
            if error.kind == "auth.bad_credentials" and guards.journal is not None:
                key = site_key(self._site)
                await guards.recorded(guards.journal.reject(key, fingerprint))
            raise
        finally:
            guards.breaker.end(rejected=rejected)

    async def _unrejected(self) -> str:
        """Return the fingerprint of the credential.

        Raises:
            SiteError: ``auth.bad_credentials`` where the site has rejected it before.
        """
        guards, site = self._guards, self._site
        if guards.journal is None:
            return ""
        credential = credential_of(site, self._password)
        try:
            fingerprint = guards.journal.fingerprint(*credential)
        except JournalError as error:
            raise SiteError("run.halted", str(error), sent=False) from error
        at = await guards.recorded(guards.journal.rejected(site_key(site), fingerprint))
        if at is None:
            return fingerprint
        raise SiteError(
            "auth.bad_credentials",
            f"not sent again, because the site rejected it on {at:%Y-%m-%d %H:%M} UTC",
            sent=False,
        )

    async def _in_turn(self) -> None:
        """Wait until the run lets another login start; the site's deadline waits, too."""
        if not self._guards.breaker.full:
            return
        limit = self._turn.limit
        left, limit.deadline = limit.deadline - anyio.current_time(), math.inf
        try:
            await self._guards.breaker.wait()
        finally:
            limit.deadline = anyio.current_time() + left

    def _refuse_locked(self, address: str) -> None:
        other = self._guards.locked.get(address)
        if other is not None:
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
