"""Inventory files joined into sites, with every mistake of all of them in one pass."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path

from fleet.errors import InputError, InputErrors, Place
from fleet.inventory.assembly import mistakes_of
from fleet.inventory.builder import StoreBuilder
from fleet.inventory.document import Document, read_document
from fleet.inventory.effective import Effective
from fleet.inventory.layers import BUILT_IN, Layer
from fleet.inventory.parts import GroupPart, Part, SitePart, read_part
from fleet.inventory.store import SiteStore
from fleet.inventory.wording import guess, shown

__all__ = ["in_order", "load_files"]

_INVENTORY = frozenset({"allow_inline_secrets", "defaults", "groups", "sites"})
_POLICY = frozenset({"exceptions", "policies", "rollout"})


def load_files(paths: Sequence[Path]) -> tuple[SiteStore, tuple[Path, ...]]:
    """Return the sites in `paths`, in the order of the files, and the files read.

    Args:
        paths: Files, and folders whose ``*.yaml`` and ``*.yml`` files are read in the order of
            their names; a file named twice is read once. Policy files that lie in a folder are
            passed over: they have ``policies``, ``exceptions`` or ``rollout`` at the top, and
            nothing of an inventory.

    Raises:
        InputErrors: Every mistake of all files, in their order.
    """
    documents, errors = _read(paths)
    files = [document.file for document in documents]
    parts = [read_part(document) for document in documents]
    for part in parts:
        errors.extend(part.errors)
    joiner = _Joiner(parts)
    errors.extend(joiner.errors)
    if errors:
        raise InputErrors(in_order(errors, files))
    return joiner.store, tuple(files)


def _read(paths: Sequence[Path]) -> tuple[list[Document], list[InputError]]:
    """Return the documents in `paths`, each once, and what is wrong with the paths themselves."""
    found: dict[Path, Document] = {}
    errors: list[InputError] = []
    if not paths:
        errors.append(InputError("no inventory is given: name one with --inventory"))
    named = {path.absolute() for path in paths}
    for path in paths:
        documents = [read_document(path)] if not _is_folder(path) else _read_folder(path, named)
        if not documents:
            errors.append(
                InputError("no *.yaml file of an inventory is in this folder", Place(str(path)))
            )
        for document in documents:
            found.setdefault(document.file.absolute(), document)
    return list(found.values()), errors


def _read_folder(folder: Path, named: Container[Path]) -> list[Document]:
    inside = (*folder.glob("*.yaml"), *folder.glob("*.yml"))
    files = sorted(file for file in inside if file.is_file() and file.name[0] != ".")
    documents = [read_document(file) for file in files]
    return [each for each in documents if not _is_policy(each) or each.file.absolute() in named]


def _is_policy(document: Document) -> bool:
    return not _POLICY.isdisjoint(document.root) and _INVENTORY.isdisjoint(document.root)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # reading it as a file says why
        return False


def in_order(errors: Iterable[InputError], files: Sequence[Path]) -> list[InputError]:
    """Return `errors` sorted by place, each distinct one once."""
    order = {str(file): number for number, file in enumerate(files)}

    def rank(error: InputError) -> tuple[int, int, int]:
        place = error.place or Place("")
        return order.get(place.file, -1), place.line, place.column

    distinct = {(error.place, error.message): error for error in errors}
    return sorted(distinct.values(), key=rank)


class _Joiner:
    """Joins the parts: what only shows when all files are seen together is found here."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.errors: list[InputError] = []
        self._all_read = all(part.complete for part in parts)
        self._groups = self._joined_groups(part.groups for part in parts)
        self._builder = StoreBuilder()
        for part in parts:
            for site in part.sites:
                self._join(site, str(part.file))
        self.store = self._builder.store()
        self.errors.extend(self._builder.mistakes(self.store))

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

    def _join(self, part: SitePart, file: str) -> None:
        layers = [part.defaults, *self._layers_of(part)]
        settings = dict(BUILT_IN)
        for layer in (*layers, part.layer):
            settings.update(layer)
        self.errors.extend(mistakes_of(part.key, Effective(settings)))
        names = [group.name for group in part.groups]
        profile = self._builder.profile(file, names, layers, listed="groups" in part.layer)
        self._builder.add_layer(part.key.name, part.key.place, profile, part.layer, flat=False)

    def _layers_of(self, part: SitePart) -> Iterable[Layer]:
        for group in part.groups:
            if group.name in self._groups:
                yield self._groups[group.name]
            elif self._all_read:
                hint = guess(group.name, self._groups)
                self._note(f"unknown group {shown(group.name)}{hint}", group.place)

    def _note(self, message: str, place: Place) -> None:
        self.errors.append(InputError(message, place))
