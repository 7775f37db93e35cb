"""What the sites of a run were when they were met before, and which marks are whose."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from fleet.engine.keeping import site_key
from fleet.inventory.model import Site
from fleet.journal.numbers import Numbers
from fleet.journal.spool import Texts
from fleet.site.identity import Face

if TYPE_CHECKING:
    from fleet.journal.journal import Journal

__all__ = ["Faces", "Known"]

_AT_ONCE = 500
"""Sites that are looked up in the journal at once."""

_MARKS = 2
"""Marks that a site has: its home, and its number at WordPress.com."""


class Known(Protocol):
    """What is known of the sites of a run."""

    def face(self, site: str) -> Face | None:
        """Return what a site was when it was met last, or None where it was not."""

    def keep(self, site: str, face: Face) -> None:
        """Keep what a site is."""

    async def owners(self, marks: Sequence[str], site: str) -> Sequence[str]:
        """Return which site has shown each mark first, which is `site` where no other has."""


class Faces:
    """What one run knows of its sites.

    Args:
        sites: The sites of the run, in the order of the inventory.
        places: Where in `sites` each is, by name; None finds it out.
    """

    def __init__(self, sites: Sequence[Site], places: Mapping[str, int] | None = None) -> None:
        self._sites = sites
        self._places = places or {site.name: place for place, site in enumerate(sites)}
        # Of a hundred thousand sites: what they are in a file, whose marks are whose in numbers.
        self._faces = Texts(len(sites))
        self._owners = Numbers(_MARKS * len(sites))

    async def load(self, journal: Journal) -> None:
        """Read what earlier runs knew of the sites.

        Raises:
            JournalError: That cannot be read.
        """
        for start in range(0, len(self._sites), _AT_ONCE):
            names = {site.name: site_key(site) for site in self._sites[start : start + _AT_ONCE]}
            found = await journal.identities(tuple(names.values()))
            for name, key in names.items():
                if document := found.get(key):
                    face = Face.read(document)
                    self.keep(name, face)
                    if face.home:
                        self._owner(f"home {face.home}", name)

    def face(self, site: str) -> Face | None:
        """See `Known`."""
        text = self._faces.get(self._places[site])
        return Face.read(json.loads(text)) if text else None

    def keep(self, site: str, face: Face) -> None:
        """See `Known`."""
        self._faces.put(self._places[site], json.dumps(face.document()))

    async def owners(self, marks: Sequence[str], site: str) -> Sequence[str]:
        """See `Known`."""
        return [self._owner(mark, site) for mark in marks]

    def _owner(self, mark: str, site: str) -> str:
        mine = self._places[site]
        first = self._owners.first(mark, mine)
        return site if first == mine else self._sites[first].name
