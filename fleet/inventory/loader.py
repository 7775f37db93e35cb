"""Inventory files joined into sites, with every mistake of all of them in one pass."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path

from fleet.errors import InputError, InputErrors, Place
from fleet.inventory.document import Document, parse_document, read_bytes, stopped
from fleet.inventory.includes import FileInclude, Include, SourceSpec, read_includes
from fleet.inventory.joining import Joiner, Rows
from fleet.inventory.layers import Layer
from fleet.inventory.parsed import Inputs, ParsedCache, digest_of_file, digest_of_folder
from fleet.inventory.parts import Part, read_part
from fleet.inventory.rows import RowFile, format_of
from fleet.inventory.sources import Output, Sources, source_digest
from fleet.inventory.store import SiteStore
from fleet.private_files import PrivateFolder

__all__ = ["in_order", "load_files", "load_kept"]

_INVENTORY = frozenset({"allow_inline_secrets", "defaults", "groups", "include", "sites"})
_POLICY = frozenset({"exceptions", "policies", "rollout"})
_SCHEDULES = frozenset({"alerts", "channels", "schedules"})


def load_files(
    paths: Sequence[Path], cache: PrivateFolder | None = None
) -> tuple[SiteStore, tuple[Path, ...]]:
    """Return the sites in `paths`, in the order of the files, and the files read.

    Args:
        paths: Files, and folders whose ``*.yaml`` and ``*.yml`` files are read in the order of
            their names; a file named twice is read once. Policy files that lie in a folder are
            passed over: they have ``policies``, ``exceptions`` or ``rollout`` at the top, and
            nothing of an inventory; so are those of schedules and alerts. Files of rows are told
            by their names.
        cache: Where the outcome is kept, and taken from where nothing has changed.

    Raises:
        InputErrors: Every mistake of all files, in their order.
    """
    kept = ParsedCache(cache, paths) if cache and paths else None
    if kept and (found := kept.load(partial(_current, cache))):
        return found
    reading = _Reading(paths, Sources(cache))
    store = reading.store()
    if kept:
        kept.save(store, reading.files, reading.inputs)
    return store, tuple(reading.files)


def load_kept(paths: Sequence[Path], cache: PrivateFolder) -> SiteStore | None:
    """Return the sites of an earlier time, if nothing has changed; reads and runs nothing else."""
    found = ParsedCache(cache, paths).load(partial(_current, cache))
    return found[0] if found else None


def _current(cache: PrivateFolder | None, kind: str, name: str) -> str | None:
    """Return the digest that an input has now."""
    if kind == "source":
        return source_digest(cache, name)
    if kind == "folder":
        return digest_of_folder(file.name for file in _files_in(Path(name)))
    return digest_of_file(Path(name)) if kind == "file" else None


class _Reading:
    """One pass over all files."""

    def __init__(self, paths: Sequence[Path], sources: Sources) -> None:
        self.errors: list[InputError] = []
        self.files: list[Path] = []
        self.inputs = Inputs()
        self._named = {path.absolute() for path in paths}
        self._seen: set[Path] = set()
        self._sources = sources
        self._outputs: list[Output] = []
        self._parts: list[Part] = []
        self._shared: Layer | None = None
        self._order: list[Part | tuple[Path, Part | None] | tuple[Output, Part, bool]] = []
        if not paths:
            self.errors.append(InputError("no inventory is given: name one with --inventory"))
        for path in paths:
            self._take(path)

    def store(self) -> SiteStore:
        """Return the sites.

        Raises:
            InputErrors: Every mistake.
        """
        for part in self._parts:
            self.errors.extend(part.errors)
            self.inputs.needs |= part.needs
        joiner = Joiner(self._parts)
        for each in self._order:
            if isinstance(each, Part):
                joiner.add_part(each)
            elif isinstance(each[0], Path):
                self._add_rows(joiner, each[0], each[1])
            else:
                joiner.add_rows(_rows_of(*each))
        store = joiner.builder.store()
        errors = [*self.errors, *joiner.errors, *joiner.builder.mistakes(store)]
        if errors:
            raise InputErrors(in_order(errors, self.files))
        self.inputs.needs |= joiner.needs
        if not store.has_inline:
            for output in self._outputs:
                self._sources.keep(output)
        return store

    def _take(self, path: Path) -> None:
        """Read what stands at a path that was asked for."""
        if not _is_folder(path):
            self._file(path, None)
            return
        files = _files_in(path)
        self.inputs.note("folder", str(path), digest_of_folder(file.name for file in files))
        before = len(self.files)
        for file in files:
            self._file(file, None, in_folder=True)
        again = any(file.absolute() in self._seen for file in files)
        if len(self.files) == before and not again:
            message = "no *.yaml file of an inventory is in this folder"
            self.errors.append(InputError(message, Place(str(path))))

    def _file(self, file: Path, above: Part | None, *, in_folder: bool = False) -> None:
        """Read a file, once.

        Args:
            file: The file.
            above: The file that includes it.
            in_folder: Whether it only lies in a folder that was asked for.
        """
        if file.absolute() in self._seen:
            return
        if format_of(file):
            self._seen.add(file.absolute())
            self.files.append(file)
            self._order.append((file, above))
            return
        document = self._document(file)
        if in_folder and _is_other(document) and file.absolute() not in self._named:
            return
        self._seen.add(file.absolute())
        self._part(document)

    def _document(self, file: Path) -> Document:
        try:
            data = read_bytes(file)
        except InputError as error:
            return stopped(file, error)
        self.inputs.note("file", str(file), hashlib.sha256(data).hexdigest(), len(data))
        return parse_document(data, file)

    def _part(self, document: Document) -> None:
        part = read_part(document)
        self.files.append(document.file)
        self._parts.append(part)
        self._order.append(part)
        includes, errors = read_includes(part.include, document.file)
        self.errors.extend(errors)
        for each in includes:
            self._include(each, part)

    def _include(self, include: Include, part: Part) -> None:
        if isinstance(include, FileInclude):
            self._file(include.path, part)
            return
        try:
            output = self._sources.output(include)
        except InputError as error:
            self.errors.append(error)
            return
        self._outputs.append(output)
        self.files.append(Path(output.name))
        self._note_output(include, output)
        remote = include.remote
        if output.format == "yaml":
            self._printed(output, remote=remote)
        else:
            self._order.append((output, part, remote))

    def _note_output(self, spec: SourceSpec, output: Output) -> None:
        if not spec.cache or output.stale:
            self.inputs.lasting = False
        digest = hashlib.sha256(output.data).hexdigest()
        self.inputs.note("source", f"{spec.cache} {output.kept}", digest, len(output.data))

    def _printed(self, output: Output, *, remote: bool) -> None:
        """Take a whole inventory that a source gave."""
        part = read_part(parse_document(output.data, Path(output.name)), remote=remote)
        self._parts.append(part)
        self._order.append(part)
        if part.include is not None:
            message = "what a source gives cannot take in more"
            self.errors.append(InputError(message, part.include.place))

    def _add_rows(self, joiner: Joiner, file: Path, above: Part | None) -> None:
        defaults = above.defaults if above else self._defaults()
        inline = above.allow_inline if above else False
        try:
            with file.open("rb") as stream:
                rows = RowFile(str(file), stream, format_of(file), file.parent)
                joiner.add_rows(Rows(rows, defaults, allow_inline=inline))
        except FileNotFoundError:
            self.errors.append(InputError("there is no such file", Place(str(file))))
        except OSError as error:
            reason = (error.strerror or "input/output error").lower()
            self.errors.append(InputError(f"cannot be read: {reason}", Place(str(file))))
        else:
            self.inputs.note("file", str(file), rows.digest, rows.size)

    def _defaults(self) -> Layer:
        """Return the defaults for rows that were asked for by themselves: those of all files."""
        if self._shared is None:
            self._shared = {}
            for part in self._parts:
                self._shared.update(part.defaults)
        return self._shared


def _rows_of(output: Output, above: Part, remote: bool) -> Rows:
    stream = BytesIO(output.data)
    file = RowFile(output.name, stream, output.format, Path(output.name).parent)
    return Rows(file, above.defaults, allow_inline=above.allow_inline, remote=remote)


def _files_in(folder: Path) -> list[Path]:
    inside = (*folder.glob("*.yaml"), *folder.glob("*.yml"))
    return sorted(file for file in inside if file.is_file() and file.name[0] != ".")


def _is_other(document: Document) -> bool:
    others = _POLICY | _SCHEDULES
    return not others.isdisjoint(document.root) and _INVENTORY.isdisjoint(document.root)


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
