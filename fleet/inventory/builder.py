"""A store filled site by site, and the mistakes that only show between sites."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from yarl import URL

from fleet.errors import InputError, Place
from fleet.inventory.address import same_site_key
from fleet.inventory.document import BROKEN
from fleet.inventory.encoding import Plain, encoded
from fleet.inventory.layers import Layer
from fleet.inventory.profiles import Profile
from fleet.inventory.references import SecretRef
from fleet.inventory.store import SiteStore, hash_of
from fleet.inventory.wording import shown

__all__ = ["StoreBuilder"]

_LABELS = "labels."
_WORD = 0xFFFF_FFFF_FFFF_FFFF


class StoreBuilder:
    """Takes sites one by one and keeps each as bytes only."""

    def __init__(self) -> None:
        self.profiles: list[Profile] = []
        self._inline: list[SecretRef] = []
        self._known: dict[tuple[object, ...], int] = {}
        self._blob = bytearray()
        self._ends = array("Q")
        self._hashes = array("I")
        self._addresses = array("Q")

    def profile(
        self, file: str, groups: Sequence[str], layers: Sequence[Layer], *, listed: bool
    ) -> int:
        """Return the number of the profile that sites of `file` with these layers have."""
        key = (file, tuple(groups), listed, *map(id, layers))
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.profiles)
            self.profiles.append(Profile(file, groups, layers, listed=listed))
        return number

    def add_layer(self, name: str, place: Place, profile: int, own: Layer, *, flat: bool) -> None:
        """Add a site by the layer that it has of its own.

        Args:
            name: Its name, which may be another site's too; `mistakes` tells.
            place: Where that stands.
            profile: What it has in common with others.
            own: Its settings; those with mistakes are left out.
            flat: Whether the whole site stands in one line.
        """
        good = {path: each for path, each in own.items() if each.value is not BROKEN}
        url = good.pop("url", None)
        groups = good.pop("groups", None)
        labels = {path: each for path, each in good.items() if path.startswith(_LABELS)}
        others = {path: each for path, each in good.items() if path not in labels}
        pairs: list[Plain] = []
        for path, each in others.items():
            pairs += [path, encoded(each.value, self._inline)]
        settings = (url, groups, *labels.values(), *others.values())
        places = [each.origin.place for each in settings if each is not None]
        self.add(
            name,
            [profile, place.line, 1 if flat else place.column],
            url.value if url and isinstance(url.value, URL) else None,
            {path.removeprefix(_LABELS): str(each.value) for path, each in labels.items()},
            pairs,
            [] if flat else [n for each in places if each for n in (each.line, each.column)],
        )

    def add(
        self,
        name: str,
        head: list[int],
        url: URL | None,
        labels: Mapping[str, str],
        pairs: list[Plain],
        places: Sequence[int] = (),
    ) -> None:
        """Add a site by what its record consists of.

        Args:
            name: Its name.
            head: Its profile, and the line and column of its name.
            url: Its address; None where that is broken.
            labels: Its own labels.
            pairs: Its other own settings, path and plain value in turn.
            places: Line and column of each setting; none where all stand where the name does.
        """
        record = [*head, str(url or ""), labels or 0, pairs or 0, places or 0]
        self._blob += name.encode() + b"\n"
        self._blob += json.dumps(record, separators=(",", ":")).encode()
        self._ends.append(len(self._blob))
        self._hashes.append(hash_of(name))
        # Zero stands for none; hash() is as good here as any, because it is never kept.
        self._addresses.append(hash(same_site_key(url)) & _WORD or 1 if url else 0)

    def store(self) -> SiteStore:
        """Return the sites added so far."""
        order = array("I", sorted(range(len(self._hashes)), key=self._hashes.__getitem__))
        hashes = array("I", map(self._hashes.__getitem__, order))
        return SiteStore(self.profiles, self._inline, self._blob, self._ends, hashes, order)

    def mistakes(self, store: SiteStore) -> Iterator[InputError]:
        """Yield a mistake for each site whose name or address another one has.

        Args:
            store: What `store` returned.
        """
        for number, first in _repeated(store.order, self._hashes, store.name):
            there = self._place(store, first)
            message = f"the site {shown(store.name(number))} is already in {there}"
            yield InputError(message, self._place(store, number))
        addresses = self._addresses
        order = array("I", sorted(range(len(addresses)), key=addresses.__getitem__))
        for number, first in _repeated(order, addresses, lambda n: _address(store, n)):
            there = self._place(store, first, of_url=True)
            name = shown(store.name(first))
            message = f"this is the address of the site {name} too, in {there}"
            yield InputError(message, self._place(store, number, of_url=True))

    def _place(self, store: SiteStore, number: int, *, of_url: bool = False) -> Place:
        _, record = store.record(number)
        line, column = record[6][:2] if of_url and record[6] else record[1:3]
        return Place(self.profiles[record[0]].file, line, column)


def _address(store: SiteStore, number: int) -> object:
    url = store.record(number)[1][3]
    return same_site_key(URL(url, encoded=True)) if url else None


def _repeated(
    order: Sequence[int], hashes: Sequence[int], value: Callable[[int], object]
) -> Iterator[tuple[int, int]]:
    """Yield the number of each site that is not the first with its value, and of the first.

    Args:
        order: The numbers of all sites, sorted by hash.
        hashes: The hash of each site's value.
        value: Returns the value itself; None is never the same as another.
    """
    for _, same in groupby(order, key=hashes.__getitem__):
        numbers = tuple(same)
        if len(numbers) == 1:
            continue
        first: dict[object, int] = {}
        for number in numbers:
            found = value(number)
            if found is not None and first.setdefault(found, number) != number:
                yield number, first[found]
