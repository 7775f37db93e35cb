"""YAML read strictly, with the place of every key and value.

PyYAML's own construction is not used. It takes the last of two equal keys in silence, types
words by YAML 1.1, forgets where things stood, and its C composer ends the whole process on deep
nesting. The event parser below it does not recurse, so the document is built from its events:
nothing deep, aliased or tagged ever gets built, and each refusal names its place.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

import yaml

from fleet.errors import InputError, Place
from fleet.inventory.scalars import AmbiguousScalarError, Scalar, scalar
from fleet.inventory.wording import shown

__all__ = [
    "BROKEN",
    "Broken",
    "Document",
    "Entry",
    "Node",
    "parse_document",
    "read_bytes",
    "read_document",
    "stopped",
    "unseen_in",
]

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 2_000_000

# The C parser is four times as fast; PyYAML without libyaml lacks it and works all the same.
_PARSER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_END = re.compile(r"\r\n?|\n")
# Control characters, the line ends only YAML 1.1 knows, and marks that reorder what is shown.
_UNSEEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd"
    "\U00010000-\U0010ffff]"
)
_UNSEEN_IN_LINE = re.compile(f"[\n\r]|{_UNSEEN.pattern}")
_TOO_DEEP = "exceeded maximum nesting depth"
"""How PyYAML's own limit reads (6.0.4), which scanning flow collections reaches before ours."""
_FROM_CONTEXT = ("while scanning a simple key", "while scanning a quoted scalar")


class _Mark(Protocol):
    """A position of PyYAML's, whose parsers in C and in Python each have their own class."""

    index: int
    line: int
    column: int


class Broken(Enum):
    """What stands in for a value whose mistake is already noted, so that it is noted once."""

    BROKEN = "broken"


BROKEN: Final = Broken.BROKEN


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands.

    Args:
        value: A mapping has its entries by key, in the file's order.
        place: Where it begins.
        date: The unquoted date that stands here, whose value is broken: its mistake is noted, and
            only a setting that is a date may take it and have the note dropped.
    """

    value: Scalar | tuple[Node, ...] | Mapping[str, Entry] | Broken
    place: Place
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a mapping: where its key stands, and its value."""

    key: Place
    node: Node


@dataclass(frozen=True, slots=True)
class Document:
    """One file.

    Args:
        file: Its path as the caller gave it.
        root: The entries of the mapping it consists of; empty where it could not be read.
        errors: Mistakes in it as YAML.
        complete: False where reading stopped early, so that things may be missing in `root`.
    """

    file: Path
    root: Mapping[str, Entry]
    errors: tuple[InputError, ...]
    complete: bool

    def errors_without(self, dates: Container[Place]) -> tuple[InputError, ...]:
        """Return the errors except those at the places of `dates` that were taken as such."""
        return tuple(error for error in self.errors if error.place not in dates)


def read_document(file: Path) -> Document:
    """Return what stands in `file`; a file that cannot be read is an error in the document."""
    try:
        return parse_document(read_bytes(file), file)
    except InputError as error:
        return stopped(file, error)


def read_bytes(file: Path) -> bytes:
    """Return the content of `file`, of one that is too large only the beginning.

    Raises:
        InputError: It cannot be read.
    """
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError("there is no such file", Place(str(file))) from None
    except OSError as error:
        reason = (error.strerror or "input/output error").lower()
        raise InputError(f"cannot be read: {reason}", Place(str(file))) from None


def parse_document(data: bytes, file: Path, max_nodes: int = MAX_NODES) -> Document:
    """Return what stands in `data`, the content of `file`, which is not opened."""
    builder = _Builder(str(file), max_nodes)
    try:
        root = builder.root(_checked_text(data, str(file)))
    except InputError as error:
        return stopped(file, *builder.errors, error)
    return Document(file, root, tuple(builder.errors), complete=True)


def stopped(file: Path, *errors: InputError) -> Document:
    """Return what stands for a file that could not be read to its end."""
    return Document(file, MappingProxyType({}), errors, complete=False)


def _checked_text(data: bytes, file: str) -> str:
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // (1024 * 1024)
        raise InputError(f"is larger than {limit} MiB: split it into several files", Place(file))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _place_of(data[: error.start].decode("utf-8-sig", "replace"), file)
        raise InputError("this is not UTF-8: save the file in that encoding", place) from None
    if unseen := _UNSEEN.search(text):
        code = f"U+{ord(unseen.group()):04X}"
        place = _place_of(text[: unseen.start()], file)
        raise InputError(f"the invisible character {code} is not allowed here", place)
    return text


def unseen_in(text: str) -> int | None:
    """Return where the first character stands that nobody could see, or a lone line end."""
    found = None if text.isascii() and text.isprintable() else _UNSEEN_IN_LINE.search(text)
    return found.start() if found else None


def _nested_too_deep(place: Place) -> InputError:
    return InputError(f"this is nested more than {MAX_DEPTH} levels deep", place)


def _place_of(before: str, file: str) -> Place:
    lines = _LINE_END.split(before)
    return Place(file, len(lines), len(lines[-1]) + 1)


class _Builder:
    """Turns parser events into nodes and notes what is not allowed."""

    def __init__(self, file: str, max_nodes: int) -> None:
        self.errors: list[InputError] = []
        self._file = file
        self._events: Iterator[yaml.Event] = iter(())
        self._max_nodes = max_nodes
        self._nodes = 0

    def root(self, text: str) -> Mapping[str, Entry]:
        """Return the entries of the one mapping that `text` consists of.

        Raises:
            InputError: Reading had to stop.
        """
        self._events = yaml.parse(text, Loader=_PARSER)
        try:
            next(self._events)
            if isinstance(next(self._events), yaml.StreamEndEvent):
                raise InputError("is empty", Place(self._file, 1, 1))
            node = self._node(next(self._events), 1)
            next(self._events)
            after = next(self._events)
        except yaml.MarkedYAMLError as error:
            raise self._syntax_error(error, text) from None
        if not isinstance(after, yaml.StreamEndEvent):
            raise InputError("a second document starts here: keep one per file", self._at(after))
        if not isinstance(node.value, Mapping):
            raise InputError("expected a mapping, such as 'version: 1'", node.place)
        return node.value

    def _syntax_error(self, error: yaml.MarkedYAMLError, text: str) -> InputError:
        begun = error.context in _FROM_CONTEXT
        mark = error.context_mark if begun else error.problem_mark
        place = self._place(mark)
        found = text[mark.index : mark.index + 1] if mark else ""
        if error.problem == _TOO_DEEP:
            return _nested_too_deep(place)
        if found == "\t":
            return InputError("a tab cannot stand here: indent with spaces", place)
        if found in ("@", "`"):
            return InputError(f"text that begins with {found} has to be in quotes", place)
        return InputError(f"this is not valid YAML: {error.problem}", place)

    def _at(self, event: yaml.Event) -> Place:
        return self._place(event.start_mark)

    def _place(self, mark: _Mark | None) -> Place:
        return Place(self._file, mark.line + 1, mark.column + 1) if mark else Place(self._file)

    def _note(self, message: str, place: Place) -> None:
        self.errors.append(InputError(message, place))

    def _node(self, event: yaml.Event, depth: int) -> Node:
        place = self._at(event)
        self._nodes += 1
        if depth > MAX_DEPTH:
            raise _nested_too_deep(place)
        if self._nodes > self._max_nodes:
            raise InputError(f"the file has more than {self._max_nodes} values: split it", place)
        if isinstance(event, yaml.AliasEvent):
            self._note("aliases (*name) are not supported: use a group for shared settings", place)
            return Node(BROKEN, place)
        marked = self._marked(event, place)
        if isinstance(event, yaml.ScalarEvent):
            return Node(BROKEN, place) if marked else self._scalar(event, place)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        value = self._sequence(depth) if is_list else self._mapping(depth)
        return Node(BROKEN if marked else value, place)

    def _marked(self, event: yaml.Event, place: Place) -> bool:
        if getattr(event, "anchor", None) is not None:
            self._note("anchors (&name) are not supported: use a group for shared settings", place)
            return True
        if getattr(event, "tag", None) is not None:
            self._note("tags (!name) are not supported: write text that begins so in quotes", place)
            return True
        return False

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> Node:
        text = str(event.value)
        if not event.implicit[0]:
            return Node(text, place)
        if event.end_mark is not None and event.end_mark.line + 1 != place.line:
            self._note("unquoted text goes on over several lines: write it in quotes", place)
            return Node(BROKEN, place)
        try:
            return Node(scalar(text), place)
        except AmbiguousScalarError as error:
            self._note(str(error), place)
            return Node(BROKEN, place, text if error.is_date else None)

    def _sequence(self, depth: int) -> tuple[Node, ...]:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return tuple(items)

    def _mapping(self, depth: int) -> Mapping[str, Entry]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key.value, str):
                continue
            if first := entries.get(key.value):
                self._note(
                    f"the key {shown(key.value)} is written twice in this mapping, "
                    f"first in line {first.key.line}, column {first.key.column}",
                    key.place,
                )
                continue
            entries[key.value] = Entry(key.place, value)
        return MappingProxyType(entries)

    def _key(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent) and event.implicit[0] and event.value == "<<":
            place = self._at(event)
            self._note("merge keys (<<) are not supported: use a group", place)
            return Node(BROKEN, place)
        node = self._node(event, depth)
        if not isinstance(node.value, str | Broken):
            self._note("a key has to be text: write it in quotes", node.place)
        return node
