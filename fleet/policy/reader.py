"""What reading any part of a policy file takes: noting mistakes, and going on after each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TypeVar

from fleet.errors import InputError, Place
from fleet.inventory.document import BROKEN, Broken, Entry, Node
from fleet.inventory.fields import DAY, Field
from fleet.inventory.wording import described, guess, likely, shown
from fleet.policy.fit import json_text

__all__ = ["LONG_FORM", "Reader", "is_long_form"]

T = TypeVar("T")
LONG_FORM = ("value", "json", "mode", "severity")
"""The keys of a setting that says more than its value."""


class Reader:
    """Notes every mistake of one file."""

    def __init__(self) -> None:
        self.errors: list[InputError] = []
        self.dates: set[Place] = set()

    def note(self, message: str, place: Place) -> None:
        """Keep a mistake."""
        self.errors.append(InputError(message, place))

    def mapping(self, node: Node, keys: Iterable[str]) -> Mapping[str, Entry]:
        """Return the entries of `node` whose keys are among `keys`, with a note for each other."""
        known = tuple(keys)
        good = {}
        for key, entry in self.entries(node).items():
            if key in known:
                good[key] = entry
            else:
                space = ": put a space after the colon" if ":" in key else guess(key, known)
                self.note(f"unknown key {shown(key)}{space}", entry.key)
        return good

    def entries(self, node: Node) -> Mapping[str, Entry]:
        """Return the entries of `node`, whatever their keys; none and a note if it has none."""
        if isinstance(node.value, Mapping):
            return node.value
        if node.value is not BROKEN:
            self.note(f"expected a mapping, found {described(node.value)}", node.place)
        return {}

    def items(self, entries: Mapping[str, Entry], key: str, example: str) -> tuple[Node, ...]:
        """Return the items of the list at `key`, none where there is no list."""
        if key not in entries:
            return ()
        node = entries[key].node
        if isinstance(node.value, tuple):
            return node.value
        if node.value is not BROKEN:
            found = described(node.value)
            self.note(f"expected a list, such as {example}, found {found}", node.place)
        return ()

    def missing(self, entries: Mapping[str, Entry], keys: Iterable[str], what: Node) -> None:
        """Note each of `keys` that `what`, whose known entries these are, lacks.

        A key that is there but misspelt has been told as such.
        """
        if not isinstance(what.value, Mapping):
            return
        wanted = tuple(keys)
        misspelt = {likely(key, wanted) for key in what.value if key not in entries}
        for key in wanted:
            if key not in entries and key not in misspelt:
                self.note(f"the key '{key}' is missing here", what.place)

    def field(self, entries: Mapping[str, Entry], key: str, field: Field, default: T) -> T:
        """Return the value at `key`; `default` where it is missing or has a mistake."""
        found = self.plain(entries[key].node, field) if key in entries else BROKEN
        # A field's value is of the type of its default: that is how fields are made.
        return default if found is BROKEN else found  # type: ignore[return-value]

    def plain(self, node: Node, field: Field) -> object:
        """Return the value of `node`, or `BROKEN` and a note where it has a mistake."""
        value: object = node.value
        if field is DAY and node.date is not None:
            self.dates.add(node.place)
            value = node.date
        if isinstance(value, Broken):
            return BROKEN
        try:
            return field.parse(value)
        except ValueError as error:
            self.note(str(error), node.place)
            return BROKEN

    def json(self, node: Node) -> object:
        """Return `node` as a value of JSON, or `BROKEN` where a part of it is."""
        if isinstance(node.value, tuple):
            items = [self.json(item) for item in node.value]
            return BROKEN if any(item is BROKEN for item in items) else items
        if isinstance(node.value, Mapping):
            found = {key: self.json(entry.node) for key, entry in node.value.items()}
            return BROKEN if any(each is BROKEN for each in found.values()) else found
        return node.value

    def json_in_text(self, node: Node) -> object:
        """Return the value written as JSON in the text of `node`, or `BROKEN` and a note."""
        if isinstance(node.value, Broken):
            return BROKEN
        try:
            if not isinstance(node.value, str):
                raise ValueError
            value: object = json.loads(
                node.value, parse_constant=_no_constant, object_pairs_hook=_each_key_once
            )
            json_text(value)
        except (ValueError, RecursionError):
            self.note("expected a value of JSON in quotes, such as '1e3'", node.place)
            return BROKEN
        return value


def is_long_form(node: Node) -> bool:
    """Return whether a setting says more than its value, such as ``{value: 5, mode: warn}``."""
    if not isinstance(node.value, Mapping) or not node.value:
        return False
    return "value" in node.value or "json" in node.value or node.value.keys() <= {*LONG_FORM}


def _no_constant(text: str) -> object:
    raise ValueError(text)


def _each_key_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found
