"""The inventory: all sites, loaded at once, and narrowed to those that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet.errors import InputError
from fleet.inventory.globs import fits, is_glob
from fleet.inventory.loader import load_files
from fleet.inventory.mapping import Hurry, Sites
from fleet.inventory.references import SecretRef
from fleet.inventory.selector import parse_selector
from fleet.inventory.sites import Auth, AuthMethod, Http, Origin, Site
from fleet.inventory.wording import guess, shown
from fleet.private_files import user_cache

__all__ = ["Auth", "AuthMethod", "Http", "Inventory", "Origin", "Site"]


@dataclass(frozen=True, slots=True)
class Inventory:
    """Sites by name, in the order of the files; read-only.

    Args:
        sites: The sites, kept as bytes and made into objects when they are asked for.
        files: The files they were read from.
    """

    sites: Sites
    files: tuple[Path, ...]

    @classmethod
    def load(cls, paths: Sequence[Path]) -> Inventory:
        """Return the inventory in `paths`, each a file or a folder of ``*.yaml`` and ``*.yml``.

        A file's ``defaults`` apply to that file's sites; groups are shared by all files. Policy
        files are passed over in folders.

        Raises:
            InputErrors: Every mistake of all files, in their order.
        """
        store, files = load_files(paths, user_cache())
        return cls(Sites(store), files)

    def select(
        self,
        selector: str | None = None,
        sites: Sequence[str] = (),
        exclude: Sequence[str] = (),
    ) -> Inventory:
        """Return a copy with only the sites that are asked for, in the same order.

        Args:
            selector: Label selector in kubectl's grammar; None asks for all.
            sites: Names and globs (``*``, ``?``, ``[...]``), of which one has to fit; none
                given asks for all.
            exclude: Names and globs, of which none may fit.

        Raises:
            InputError: The selector is malformed, a name without glob signs does not exist, or
                no site is left.
        """
        wanted = parse_selector(selector) if selector is not None else None
        for flag, patterns in (("--site", sites), ("--exclude", exclude)):
            self._check_names(flag, patterns)
        chosen = fits(sites or ("*",))
        dropped = fits(exclude)

        def fitting(number: int, name: str) -> bool:
            return (
                chosen(name)
                and not dropped(name)
                and (wanted is None or wanted.matches(self.sites.labels_of(number)))
            )

        kept = self.sites.narrowed(fitting)
        if not kept:
            raise InputError(
                f"no site is selected: none of the {len(self.sites)} in the inventory fits"
                if self.sites
                else "no site is selected: the inventory has none"
            )
        return Inventory(kept, self.files)

    def only(self, names: Container[str]) -> Inventory:
        """Return a copy with only the sites named, in the same order; it may be empty."""
        return Inventory(self.sites.narrowed(lambda _, name: name in names), self.files)

    def where(self, holds: Callable[[Site], bool]) -> Inventory:
        """Return a copy with only the sites that `holds` is true of; it may be empty."""
        return self.only({site.name for site in self.sites.values() if holds(site)})

    def with_http(self, timeout: float | None, deadline: float | None) -> Inventory:
        """Return a copy with other time limits.

        Args:
            timeout: Seconds one request may take; None leaves what the inventory says.
            deadline: Seconds the visit to a site may take; None leaves what the inventory says.
        """
        if timeout is None and deadline is None:
            return self
        return Inventory(self.sites.hurried(Hurry(timeout, deadline)), self.files)

    def passwords(self) -> Iterator[SecretRef]:
        """Yield where the passwords of the sites are, those that come from above once."""
        return self.sites.passwords()

    def _check_names(self, flag: str, patterns: Iterable[str]) -> None:
        for pattern in patterns:
            if not is_glob(pattern) and pattern not in self.sites:
                hint = guess(pattern, self.sites)
                raise InputError(f"{flag}: there is no site {shown(pattern)}{hint}")
