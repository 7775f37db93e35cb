"""Some or all sites of a store by name, made into objects one at a time."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, ItemsView, Iterator, Mapping, ValuesView
from dataclasses import dataclass, replace

from fleet.inventory.references import SecretRef
from fleet.inventory.sites import Http, Site
from fleet.inventory.store import SiteStore
from fleet.series import Series

__all__ = ["Hurry", "SiteList", "Sites"]

_LATELY = 512
"""More than a run reads ahead of its work."""


@dataclass(frozen=True, slots=True)
class Hurry:
    """Time limits instead of the inventory's.

    Args:
        timeout: Seconds one request may take; None leaves it as it is.
        deadline: Seconds the whole visit to a site may take; None leaves it as it is.
    """

    timeout: float | None = None
    deadline: float | None = None

    def applied(self, http: Http) -> Http:
        """Return `http` with these limits."""
        return replace(
            http,
            timeout=http.timeout if self.timeout is None else self.timeout,
            deadline=http.deadline if self.deadline is None else self.deadline,
        )


class Sites(Mapping[str, Site]):
    """Sites by name, in the order of the files; read-only, and a few bytes for each.

    A site is made anew whenever it is asked for; two of the same name are equal.

    Args:
        store: All sites.
        numbers: Which of them, rising; None for all.
        hurry: Time limits instead of the inventory's.
    """

    __slots__ = ("_hurry", "_numbers", "store")

    def __init__(
        self,
        store: SiteStore,
        numbers: array[int] | range | None = None,
        hurry: Hurry | None = None,
    ) -> None:
        self.store = store
        self._numbers = range(len(store)) if numbers is None else numbers
        self._hurry = hurry

    def __getitem__(self, name: str) -> Site:
        number = self._find(name)
        if number is None:
            raise KeyError(name)
        return self._made(number)

    def __iter__(self) -> Iterator[str]:
        return map(self.store.name, self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def items(self) -> ItemsView[str, Site]:
        """Return names and sites."""
        return _Items(self)

    def values(self) -> ValuesView[Site]:
        """Return the sites."""
        return _Values(self)

    def listed(self) -> SiteList:
        """Return the sites by their place among these, each made whenever it is asked for."""
        return SiteList(self)

    def at(self, index: int) -> Site:
        """Return the site at a place among these."""
        return self._made(self._numbers[index])

    def called(self, index: int) -> tuple[str, str]:
        """Return the name and the address of the site at a place, without making it."""
        return self.store.called(self._numbers[index])

    def made(self) -> Iterator[Site]:
        """Yield each site in turn."""
        return map(self._made, self._numbers)

    def labels(self) -> Iterator[Mapping[str, str]]:
        """Yield the labels of each site in turn, without making sites."""
        return map(self.store.labels, self._numbers)

    def passwords(self) -> Iterator[SecretRef]:
        """Yield where the passwords of the sites are, without making a site for each."""
        return self.store.passwords(self._numbers)

    def narrowed(self, wanted: Callable[[int, str], bool]) -> Sites:
        """Return those sites that `wanted` says yes to.

        Args:
            wanted: Gets the number of a site, which `labels_of` takes, and its name.
        """
        name = self.store.name
        kept = array("I", (number for number in self._numbers if wanted(number, name(number))))
        return Sites(self.store, kept, self._hurry)

    def labels_of(self, number: int) -> Mapping[str, str]:
        """Return the labels of the site with that number in the store."""
        return self.store.labels(number)

    def hurried(self, hurry: Hurry) -> Sites:
        """Return the same sites with other time limits."""
        return Sites(self.store, self._numbers, hurry)

    def _find(self, name: str) -> int | None:
        number = self.store.find(name)
        if number is None or isinstance(self._numbers, range):
            return number
        at = bisect_left(self._numbers, number)
        return number if self._numbers[at : at + 1] == array("I", (number,)) else None

    def _made(self, number: int) -> Site:
        site = self.store.site(number)
        return replace(site, http=self._hurry.applied(site.http)) if self._hurry else site


class SiteList(Series[Site]):
    """Sites in their order; those that were made last are kept for whoever asks again soon.

    Args:
        sites: All of them.
    """

    def __init__(self, sites: Sites) -> None:
        self._sites = sites
        self._lately: dict[int, Site] = {}

    def at(self, index: int) -> Site:
        """Return the site at a place."""
        site = self._lately.get(index)
        if site is None:
            site = self._lately[index] = self._sites.at(index)
            if len(self._lately) > _LATELY:
                del self._lately[next(iter(self._lately))]
        return site

    def called(self, index: int) -> tuple[str, str]:
        """Return the name and the address of the site at a place, without making it."""
        return self._sites.called(index)

    def __len__(self) -> int:
        return len(self._sites)


class _Items(ItemsView[str, Site]):
    _mapping: Sites

    def __iter__(self) -> Iterator[tuple[str, Site]]:
        return ((site.name, site) for site in self._mapping.made())


class _Values(ValuesView[Site]):
    _mapping: Sites

    def __iter__(self) -> Iterator[Site]:
        return self._mapping.made()
