"""What one inventory file says, before files are joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fleet.errors import InputError, Place
from fleet.inventory.document import BROKEN, Document, Entry, Node
from fleet.inventory.fields import SWITCH, check_name
from fleet.inventory.layers import LAYER_KEYS, SITE_KEYS, Layer, LayerReader, Setting
from fleet.inventory.sites import Origin
from fleet.inventory.wording import described, shown

__all__ = ["FILE_KEYS", "GroupPart", "Named", "Part", "SitePart", "SiteReader", "read_part"]

FILE_KEYS = ("version", "allow_inline_secrets", "include", "defaults", "groups", "sites")
"""What stands at the top of a file."""


@dataclass(frozen=True, slots=True)
class Named:
    """A name and where it is written."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class GroupPart:
    """One group of a file."""

    key: Named
    layer: Layer


@dataclass(frozen=True, slots=True)
class SitePart:
    """One site of a file, with the defaults of that file."""

    key: Named
    groups: tuple[Named, ...]
    layer: Layer
    defaults: Layer


@dataclass(frozen=True, slots=True)
class Part:
    """All that one file says.

    Args:
        file: Its path.
        groups: Its groups, those with mistakes included.
        sites: Its sites, those with mistakes included.
        errors: The mistakes that can be told from this file alone.
        complete: False where there may be more in the file than could be read.
        defaults: The settings for all its sites.
        include: What else is to be read, as it is written.
        allow_inline: Whether secrets may stand in it.
        needs: Files of this machine that its settings name.
    """

    file: Path
    groups: tuple[GroupPart, ...]
    sites: tuple[SitePart, ...]
    errors: tuple[InputError, ...]
    complete: bool
    defaults: Layer
    include: Node | None = None
    allow_inline: bool = False
    needs: frozenset[Path] = frozenset()


def read_part(document: Document, *, remote: bool = False) -> Part:
    """Return what `document` says and every mistake in it.

    Args:
        document: The file.
        remote: Whether another machine wrote it.
    """
    switch = document.root.get("allow_inline_secrets")
    inline = switch is not None and switch.node.value is True
    reader = _PartReader(SiteReader(document.file.parent, allow_inline=inline, remote=remote))
    if document.complete:
        reader.read(document)
    errors = (*document.errors_without(reader.layers.dates), *reader.layers.errors)
    include = document.root.get("include")
    return Part(
        file=document.file,
        groups=tuple(reader.groups),
        sites=tuple(reader.sites),
        errors=errors,
        complete=document.complete,
        defaults=reader.defaults,
        include=include.node if include else None,
        allow_inline=inline,
        needs=frozenset(reader.layers.files),
    )


class SiteReader:
    """Reads sites, each with its own settings and the names of its groups.

    Args:
        folder: The folder that paths are relative to.
        allow_inline: Whether secrets may stand in the file itself.
        remote: Whether another machine wrote it.
    """

    def __init__(self, folder: Path, *, allow_inline: bool, remote: bool = False) -> None:
        self.layers = LayerReader(folder, allow_inline=allow_inline, remote=remote)

    def row(self, node: Node, defaults: Layer) -> SitePart | None:
        """Return the site that has its name beside its settings, or None without one."""
        entries = self.layers.mapping(node)
        if entries is None:
            return None
        name = entries["name"].node if "name" in entries else None
        if name is None or not isinstance(name.value, str):
            place = name.place if name else node.place
            self.layers.note("each site needs its key 'name', which is text", place)
            return None
        named = self.named(name.value, name.place)
        rest = {key: entry for key, entry in entries.items() if key != "name"}
        return self.site(named, Node(rest, node.place), defaults)

    def named(self, name: str, place: Place) -> Named:
        """Return a name and its place, with a note where it cannot be one."""
        try:
            check_name(name)
        except ValueError as error:
            self.layers.note(f"bad name {shown(name)}: {error}", place)
        return Named(name, place)

    def site(self, named: Named, node: Node, defaults: Layer) -> SitePart:
        """Return the site that `node` says."""
        if isinstance(node.value, str):
            node = Node({"url": Entry(node.place, node)}, node.place)
        elif not isinstance(node.value, Mapping) and node.value is not BROKEN:
            found = described(node.value)
            self.layers.note(f"expected an address or a mapping, found {found}", node.place)
            node = Node(BROKEN, node.place)
        layer = self.layers.read(node, "site", SITE_KEYS)
        groups: tuple[Named, ...] = ()
        if isinstance(node.value, Mapping) and "groups" in node.value:
            groups = self._group_names(node.value["groups"].node)
            shown_groups = ", ".join(group.name for group in groups)
            origin = Origin(shown_groups, node.value["groups"].node.place, "site")
            layer["groups"] = Setting(groups, origin)
        return SitePart(named, groups, layer, defaults)

    def _group_names(self, node: Node) -> tuple[Named, ...]:
        if not isinstance(node.value, tuple):
            if node.value is not BROKEN:
                found = described(node.value)
                self.layers.note(f"expected a list, such as [gold], found {found}", node.place)
            return ()
        names: dict[str, Named] = {}
        for item in node.value:
            name = item.value
            if isinstance(name, str) and name not in names:
                names[name] = Named(name, item.place)
            elif isinstance(name, str):
                self.layers.note(f"the group {shown(name)} is listed twice", item.place)
            elif name is not BROKEN:
                found = described(name)
                self.layers.note(f"expected the name of a group, found {found}", item.place)
        return tuple(names.values())


class _PartReader:
    def __init__(self, reader: SiteReader) -> None:
        self.reader = reader
        self.layers = reader.layers
        self.defaults: Layer = {}
        self.groups: list[GroupPart] = []
        self.sites: list[SitePart] = []

    def read(self, document: Document) -> None:
        root = document.root
        self.layers.known(root, FILE_KEYS, {}, "")
        self._version(root, Place(str(document.file), 1, 1))
        if "allow_inline_secrets" in root:
            self._switch(root["allow_inline_secrets"].node)
        if "defaults" in root:
            self.defaults = self.layers.read(root["defaults"].node, "defaults", LAYER_KEYS)
        for key, entry in self._entries(root, "groups").items():
            named = self.reader.named(key, entry.key)
            layer = self.layers.read(entry.node, f"group {key}", LAYER_KEYS)
            self.groups.append(GroupPart(named, layer))
        for key, entry in self._entries(root, "sites").items():
            named = self.reader.named(key, entry.key)
            self.sites.append(self.reader.site(named, entry.node, self.defaults))

    def _version(self, root: Mapping[str, Entry], top: Place) -> None:
        if "version" not in root:
            self.layers.note("the key 'version' is missing: begin with 'version: 1'", top)
            return
        node = root["version"].node
        if node.value is not BROKEN and (type(node.value) is not int or node.value != 1):
            self.layers.note("this tool reads version 1 of the format: write 1", node.place)

    def _switch(self, node: Node) -> None:
        try:
            if node.value is not BROKEN:
                SWITCH.parse(node.value)
        except ValueError as error:
            self.layers.note(str(error), node.place)

    def _entries(self, root: Mapping[str, Entry], key: str) -> Mapping[str, Entry]:
        return (self.layers.mapping(root[key].node) or {}) if key in root else {}
