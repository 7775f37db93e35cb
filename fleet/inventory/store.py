"""Sites kept as bytes, about a hundred each, and made into objects when they are asked for.

A record is the site's name, a line end and a JSON list: the number of its profile, line and
column of its name, its address, its own labels, its other settings as path and value in turn,
and the places of all of these; 0 stands for none. Where a whole site stands in one line, as in
JSONL and CSV, its settings stand where its name does.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from zlib import crc32

from yarl import URL

from fleet.errors import Place
from fleet.inventory.effective import Effective
from fleet.inventory.encoding import decoded, setting
from fleet.inventory.layers import Setting
from fleet.inventory.profiles import Profile, Shared, shared_of
from fleet.inventory.references import SecretRef
from fleet.inventory.sites import Origin, Site

__all__ = ["Record", "SiteStore", "hash_of"]

Record = list[Any]
"""Profile, line, column, address, labels, other settings, places."""


def hash_of(name: str) -> int:
    """Return what the index of a store knows a name by; it is the same in every process."""
    return crc32(name.encode())


class SiteStore:
    """All sites, in the order of the files.

    Args:
        profiles: What the sites have in common.
        inline: Secrets that stand in the inventory itself.
        blob: The records, one behind the other.
        ends: Where each record ends in `blob`.
        hashes: The hashes of all names, sorted.
        order: The number of the site that each of `hashes` belongs to.
    """

    def __init__(
        self,
        profiles: Sequence[Profile],
        inline: list[SecretRef],
        blob: bytes | bytearray | memoryview,
        ends: Sequence[int],
        hashes: Sequence[int],
        order: Sequence[int],
    ) -> None:
        self.profiles = profiles
        self.inline = inline
        self.blob = blob
        self.ends = ends
        self.hashes = hashes
        self.order = order

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def has_inline(self) -> bool:
        """Return whether a secret stands in the inventory itself."""
        layers = (layer.get("auth.password") for each in self.profiles for layer in each.layers)
        above = [each.value for each in layers if each]
        return bool(self.inline) or any(
            isinstance(value, SecretRef) and value.inline is not None for value in above
        )

    def name(self, number: int) -> str:
        """Return the name of a site."""
        return self._bytes(number).partition(b"\n")[0].decode()

    def find(self, name: str) -> int | None:
        """Return the number of the site with that name, or None."""
        wanted = hash_of(name)
        at = bisect_left(self.hashes, wanted)
        while at < len(self.hashes) and self.hashes[at] == wanted:
            if self.name(self.order[at]) == name:
                return self.order[at]
            at += 1
        return None

    def record(self, number: int) -> tuple[str, Record]:
        """Return the name of a site and the rest of its record."""
        name, _, rest = self._bytes(number).partition(b"\n")
        return name.decode(), json.loads(rest)

    def called(self, number: int) -> tuple[str, str]:
        """Return the name and the address of a site."""
        name, record = self.record(number)
        return name, record[3]

    def labels(self, number: int) -> Mapping[str, str]:
        """Return the labels of a site."""
        record = self.record(number)[1]
        return _labels(self.profiles[record[0]], record)

    def site(self, number: int) -> Site:
        """Return a site."""
        name, record = self.record(number)
        profile = self.profiles[record[0]]
        shared = self._shared(profile, record) if record[5] else profile.shared
        if shared.auth is None:
            raise KeyError(name)
        return Site(
            name=name,
            url=URL(record[3], encoded=True),
            groups=profile.groups,
            labels=_labels(profile, record),
            auth=shared.auth,
            http=shared.http,
            paused=shared.paused,
            origins=LazyOrigins(lambda: self._origins(number)),
            window=shared.window,
            freezes=shared.freezes,
        )

    def passwords(self, numbers: Iterable[int]) -> Iterator[SecretRef]:
        """Yield where the passwords of some sites are, those that come from above once."""
        shared: set[int] = set()
        for number in numbers:
            record = self.record(number)[1]
            if record[5] and "auth.password" in record[5][::2]:
                yield self.site(number).auth.password
            elif record[0] not in shared:
                shared.add(record[0])
                yield self.site(number).auth.password

    def _bytes(self, number: int) -> bytes:
        begin = self.ends[number - 1] if number else 0
        return bytes(self.blob[begin : self.ends[number]])

    def _shared(self, profile: Profile, record: Record) -> Shared:
        settings = {**profile.settings, **self._own(profile, record)}
        return shared_of(Effective(settings))

    def _own(self, profile: Profile, record: Record) -> dict[str, Setting]:
        """Return the settings of a site's own that are neither its address nor labels."""
        pairs = record[5] or ()
        places = _places(profile, record)
        places = places[len(places) - len(pairs) // 2 :]
        return {
            path: setting(decoded(path, plain, place, self.inline), place, "site")
            for path, plain, place in zip(pairs[::2], pairs[1::2], places, strict=True)
        }

    def _origins(self, number: int) -> Mapping[str, Origin]:
        _, record = self.record(number)
        profile = self.profiles[record[0]]
        places = iter(_places(profile, record))
        own = {"url": setting(URL(record[3], encoded=True), next(places), "site")}
        if profile.listed:
            own["groups"] = setting(profile.groups, next(places), "site")
        for key, value in (record[4] or {}).items():
            own[f"labels.{key}"] = setting(value, next(places), "site")
        settings = {**profile.settings, **own, **self._own(profile, record)}
        return {path: each.origin for path, each in settings.items()}


class LazyOrigins(Mapping[str, Origin]):
    """Origins that are found out when somebody asks.

    Args:
        find: Returns them.
    """

    __slots__ = ("_find", "_found")

    def __init__(self, find: Callable[[], Mapping[str, Origin]]) -> None:
        self._find = find
        self._found: Mapping[str, Origin] | None = None

    def __getitem__(self, path: str) -> Origin:
        return self._origins[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._origins)

    def __len__(self) -> int:
        return len(self._origins)

    @property
    def _origins(self) -> Mapping[str, Origin]:
        if self._found is None:
            self._found = self._find()
        return self._found


def _labels(profile: Profile, record: Record) -> Mapping[str, str]:
    own = record[4]
    return MappingProxyType({**profile.shared.labels, **own}) if own else profile.shared.labels


def _places(profile: Profile, record: Record) -> list[Place]:
    """Return the places of the address, the groups, each label and each other setting."""
    count = 1 + profile.listed + len(record[4] or ()) + len(record[5] or ()) // 2
    if not record[6]:
        return [Place(profile.file, record[1], record[2])] * count
    flat = record[6]
    return [Place(profile.file, *each) for each in zip(flat[::2], flat[1::2], strict=True)]
