"""The sites of all files joined: what only shows when all of them are seen is found here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet.errors import InputError, Place
from fleet.inventory.assembly import mistakes_of, mistakes_of_times
from fleet.inventory.builder import StoreBuilder
from fleet.inventory.effective import Effective
from fleet.inventory.layers import BUILT_IN, Layer
from fleet.inventory.parts import GroupPart, Part, SitePart, SiteReader
from fleet.inventory.quick import Quick, QuickReader
from fleet.inventory.rows import MAX_ERRORS, RowFile
from fleet.inventory.wording import guess, shown

__all__ = ["Joiner", "Rows"]


@dataclass(frozen=True, slots=True)
class Rows:
    """A file of rows and what holds for its sites.

    Args:
        file: The file.
        defaults: The settings below those of groups.
        allow_inline: Whether secrets may stand in it.
        remote: Whether it comes from another machine.
    """

    file: RowFile
    defaults: Layer
    allow_inline: bool = False
    remote: bool = False


class Joiner:
    """Joins the parts of an inventory into one store.

    Args:
        parts: What the files say that have more than sites in them.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.errors: list[InputError] = []
        self.needs: set[Path] = set()
        self.builder = StoreBuilder()
        self._all_read = all(part.complete for part in parts)
        self._groups = self._joined_groups(part.groups for part in parts)
        self._complete: dict[int, bool] = {}

    def add_part(self, part: Part) -> None:
        """Add the sites of a file."""
        for site in part.sites:
            self._join(site, str(part.file), flat=False)

    def add_rows(self, rows: Rows) -> None:
        """Add the sites of a file of rows, one at a time."""
        file = rows.file
        quick = QuickReader(remote=rows.remote)
        closer = SiteReader(file.folder, allow_inline=rows.allow_inline, remote=rows.remote)
        for row in file.rows():
            found = quick.read(row.values) if row.values is not None else None
            if found and self._add_quick(found, row.line, rows):
                continue
            node = file.node(row)
            part = closer.row(node, rows.defaults) if node else None
            if part:
                self._join(part, file.file, flat=True)
            file.errors.extend(closer.layers.errors)
            closer.layers.errors.clear()
            if len(self.errors) + len(file.errors) >= MAX_ERRORS:
                message = "so much is wrong that reading stops here"
                self._note(message, Place(file.file, row.line))
                break
        self.errors.extend(file.errors)
        self.needs |= closer.layers.files

    def _add_quick(self, site: Quick, line: int, rows: Rows) -> bool:
        """Add a site, unless the layers leave something to be said about it."""
        names = site.groups or ()
        if not self._groups.keys() >= set(names):
            return False
        layers = [rows.defaults, *(self._groups[name] for name in names)]
        listed = site.groups is not None
        profile = self.builder.profile(rows.file.file, names, layers, listed=listed)
        if not self._is_complete(profile, site):
            return False
        self.builder.add(site.name, [profile, line, 1], site.url, site.labels, site.pairs)
        return True

    def _is_complete(self, profile: int, site: Quick) -> bool:
        """Return whether nothing is missing or at odds where a profile meets the line."""
        shared = self.builder.profiles[profile]
        if profile not in self._complete:
            settings = shared.settings
            self._complete[profile] = not mistakes_of_times(Effective(settings))
        own = site.pairs[::2]
        needed = ("auth.username", "auth.password")
        return self._complete[profile] and all(p in shared.settings or p in own for p in needed)

    def _join(self, part: SitePart, file: str, *, flat: bool) -> None:
        layers = [part.defaults, *self._layers_of(part)]
        settings = dict(BUILT_IN)
        for layer in (*layers, part.layer):
            settings.update(layer)
        self.errors.extend(mistakes_of(part.key, Effective(settings)))
        names = [group.name for group in part.groups]
        profile = self.builder.profile(file, names, layers, listed="groups" in part.layer)
        self.builder.add_layer(part.key.name, part.key.place, profile, part.layer, flat=flat)

    def _layers_of(self, part: SitePart) -> Iterable[Layer]:
        for group in part.groups:
            if group.name in self._groups:
                yield self._groups[group.name]
            elif self._all_read:
                hint = guess(group.name, self._groups)
                self._note(f"unknown group {shown(group.name)}{hint}", group.place)

    def _joined_groups(self, groups: Iterable[Iterable[GroupPart]]) -> Mapping[str, Layer]:
        layers: dict[str, Layer] = {}
        places: dict[str, Place] = {}
        for group in (group for part in groups for group in part):
            name = group.key.name
            if name in layers:
                self._note(f"the group {shown(name)} is already in {places[name]}", group.key.place)
                continue
            layers[name] = group.layer
            places[name] = group.key.place
        return layers

    def _note(self, message: str, place: Place) -> None:
        self.errors.append(InputError(message, place))
