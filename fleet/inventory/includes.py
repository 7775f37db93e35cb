"""What an inventory takes in from elsewhere: other files, commands and addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from yarl import URL

from fleet.errors import InputError, Place
from fleet.inventory.document import BROKEN, Entry, Node
from fleet.inventory.fields import SECTIONS, Field
from fleet.inventory.references import SecretRef
from fleet.inventory.wording import described, guess, shown
from fleet.plugins import Group, Plugins

__all__ = [
    "FORMATS",
    "SOURCES",
    "SOURCE_FIELDS",
    "FileInclude",
    "Include",
    "SourceSpec",
    "read_includes",
]

SOURCES = ("exec", "http", "ansible")
FORMATS = ("jsonl", "csv", "yaml", "ansible")
TIMEOUT = 30.0
_FOR_PLUGINS = {"source", "options", "cache", "timeout", "on_error"}
_DURATION = SECTIONS["http"]["timeout"]
HEADER_PATTERN = "[A-Za-z0-9!#$&'*+.^_`|~-]{1,100}"
HEADER = re.compile(HEADER_PATTERN)


@dataclass(frozen=True, slots=True)
class FileInclude:
    """Another file, read once however often it is named."""

    path: Path
    place: Place


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Sites that a command prints or an address answers with.

    Args:
        source: ``exec``, ``http``, ``ansible`` or the name of a plugin.
        file: The inventory file that names it.
        place: Where in it.
        format: What is printed: one of `FORMATS`.
        run: The command and its arguments; empty for ``http``.
        url: The address; None for commands.
        headers: Headers to send, each a secret by reference.
        ca_file: Certificate authorities to trust instead of the system's.
        cache: Seconds for which an earlier answer will do; 0 asks each time.
        timeout: Seconds it may take.
        stale: Whether an older answer will do where there is no new one.
        options: What a plugin is told.
    """

    source: str
    file: Path
    place: Place
    format: str = "jsonl"
    run: tuple[str, ...] = ()
    url: URL | None = None
    headers: Mapping[str, SecretRef] = field(default_factory=dict)
    ca_file: Path | None = None
    cache: float = 0.0
    timeout: float = TIMEOUT
    stale: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def remote(self) -> bool:
        """Return whether its sites come from elsewhere, so that they may not name files here."""
        return self.source not in ("exec", "ansible")

    @property
    def name(self) -> str:
        """Return what it is called in messages, which tells no argument and no query."""
        if self.url is not None:
            return f"{self.url.host}{self.url.path}"
        return Path(self.run[0]).name if self.run else self.source


Include = FileInclude | SourceSpec


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, tuple) or not value:
        raise ValueError("expected a command and its arguments, such as [./export, --all]")
    words = [item.value for item in value if isinstance(item, Node)]
    texts = tuple(word for word in words if isinstance(word, str) and word and "\0" not in word)
    if len(texts) != len(value):
        raise ValueError("a command and its arguments are text: write numbers in quotes")
    return texts


def _choice(*allowed: str) -> Field:
    def parse(value: object) -> str:
        if value not in allowed:
            raise ValueError(f"expected {' or '.join(allowed)}")
        return str(value)

    return Field(parse, {"enum": list(allowed)})


def _address(value: object) -> URL:
    """Return an address to ask; unlike a site's, it may have a query."""
    if not isinstance(value, str):
        raise ValueError(f"expected an address, found {described(value)}")
    try:
        url = URL(value)
    except ValueError:
        raise ValueError("this is not an address") from None
    if not value.isprintable() or url.scheme not in ("http", "https") or not url.host:
        raise ValueError("an address begins with https://, as in https://crm.example/export")
    if url.user is not None or url.password is not None or url.fragment:
        raise ValueError("no user, password or fragment can stand in the address: use headers")
    return url


def _source(value: object) -> str:
    """Return the name of a source; what is installed is looked for only where we have none."""
    if value in SOURCES:
        return str(value)
    known = Plugins().names(Group.SOURCES)
    if value not in known:
        raise ValueError(f"expected {', '.join((*SOURCES, *known))} or another plugin's name")
    return str(value)


def _options(value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError(f"expected a mapping of text, found {described(value)}")
    texts = {key: entry.node.value for key, entry in value.items()}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("options are text: write numbers in quotes")
    return texts


SOURCE_FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "source": Field(
            _source,
            {
                "type": "string",
                "description": "exec, http, ansible, or the name of a plugin that is installed.",
            },
        ),
        "options": Field(
            _options,
            {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "What a plugin is told; no secrets.",
            },
        ),
        "run": Field(
            _words,
            {
                "type": "array",
                "minItems": 1,
                "items": {"type": "string"},
                "description": "The command and its arguments; no shell sees them.",
            },
        ),
        "url": Field(
            _address,
            {"type": "string", "description": "The address; https, or http on this machine."},
        ),
        "headers": Field(
            lambda value: value,
            {
                "type": "object",
                "propertyNames": {"pattern": f"^{HEADER_PATTERN}$"},
                "additionalProperties": {"type": "string"},
                "description": "Headers to send; each value is a reference to a secret.",
            },
        ),
        "ca_file": Field(
            SECTIONS["http"]["ca_file"].parse, dict(SECTIONS["http"]["ca_file"].schema)
        ),
        "format": _choice(*FORMATS),
        "cache": Field(_DURATION.parse, dict(_DURATION.schema)),
        "timeout": Field(_DURATION.parse, dict(_DURATION.schema)),
        "on_error": _choice("fail", "stale"),
    }
)
"""The keys of a source."""


def read_includes(node: Node | None, file: Path) -> tuple[list[Include], list[InputError]]:
    """Return what stands under ``include``, and the mistakes in it.

    Args:
        node: The value of that key; None where it is missing.
        file: The file it stands in; paths are relative to its folder.
    """
    reader = _Reader(file)
    if node is not None and isinstance(node.value, tuple):
        for item in node.value:
            reader.read(item)
    elif node is not None and node.value is not BROKEN:
        message = f"expected a list, such as [sites.jsonl], found {described(node.value)}"
        reader.note(message, node.place)
    return reader.found, reader.errors


class _Reader:
    def __init__(self, file: Path) -> None:
        self.found: list[Include] = []
        self.errors: list[InputError] = []
        self._file = file

    def note(self, message: str, place: Place) -> None:
        self.errors.append(InputError(message, place))

    def read(self, node: Node) -> None:
        if isinstance(node.value, str) and node.value.strip() and node.value.isprintable():
            self.found.append(FileInclude(self._file.parent / node.value, node.place))
        elif isinstance(node.value, Mapping):
            self._source(node.value, node.place)
        elif node.value is not BROKEN:
            found = described(node.value)
            self.note(f"expected a path or a source, found {found}", node.place)

    def _source(self, entries: Mapping[str, Entry], place: Place) -> None:
        before = len(self.errors)
        values: dict[str, object] = {}
        for key, entry in entries.items():
            if key not in SOURCE_FIELDS:
                hint = guess(key, SOURCE_FIELDS)
                self.note(f"unknown key {shown(key)}{hint}", entry.key)
            elif key == "headers":
                values[key] = self._headers(entry.node)
            elif entry.node.value is not BROKEN:
                self._value(key, entry.node, values)
        if len(self.errors) == before:
            self._finish(values, place)

    def _value(self, key: str, node: Node, values: dict[str, object]) -> None:
        try:
            values[key] = SOURCE_FIELDS[key].parse(node.value)
        except ValueError as error:
            self.note(str(error), node.place)

    def _headers(self, node: Node) -> dict[str, SecretRef]:
        headers: dict[str, SecretRef] = {}
        if not isinstance(node.value, Mapping):
            self.note(f"expected a mapping, found {described(node.value)}", node.place)
            return headers
        for key, entry in node.value.items():
            value, place = entry.node.value, entry.node.place
            if not HEADER.fullmatch(key):
                self.note(f"bad name of a header {shown(key)}", entry.key)
            elif not isinstance(value, str):
                self.note(f"expected a reference to a secret, found {described(value)}", place)
            else:
                try:
                    headers[key] = SecretRef.parse(value, folder=self._file.parent, place=place)
                except InputError as error:
                    self.errors.append(error)
        return headers

    def _finish(self, values: Mapping[str, object], place: Place) -> None:
        """Add a source whose values are all right by themselves."""
        source = values.get("source")
        needed, other = ("url", "run") if source == "http" else ("run", "url")
        if source is not None and source not in SOURCES:
            if others := values.keys() - _FOR_PLUGINS:
                self.note(f"the source {source} has no key '{min(others)}'", place)
            else:
                self.found.append(self._spec(values, place))
        elif source is None:
            self.note(f"a source needs its key 'source': {', '.join(SOURCES)}", place)
        elif needed not in values:
            self.note(f"the source {source} needs its key '{needed}'", place)
        elif other in values or "options" in values:
            other = other if other in values else "options"
            self.note(f"the source {source} has no key '{other}'", place)
        elif source != "http" and ("headers" in values or "ca_file" in values):
            self.note("only the source http has headers and ca_file", place)
        elif source == "ansible" and values.get("format", "ansible") != "ansible":
            self.note("the source ansible has its own format: leave 'format' out", place)
        else:
            self.found.append(self._spec(values, place))

    def _spec(self, values: Mapping[str, object], place: Place) -> SourceSpec:
        given = {key: value for key, value in values.items() if key != "on_error"}
        if values["source"] == "ansible":
            given["format"] = "ansible"
        if isinstance(ca_file := given.get("ca_file"), Path):
            given["ca_file"] = self._file.parent / ca_file
        stale = values.get("on_error") == "stale"
        return SourceSpec(file=self._file, place=place, stale=stale, **given)  # type: ignore[arg-type]
