"""What one policy file says, before files are joined: policies, exceptions and the rollout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fleet.errors import InputError, Place
from fleet.inventory.document import BROKEN, Document, Entry, Node
from fleet.inventory.fields import DAY, Field
from fleet.policy.fields import NOTE, SITE
from fleet.policy.policies import read_policy
from fleet.policy.reader import Reader
from fleet.policy.rollout import Rollout
from fleet.policy.rollout_part import read_rollout
from fleet.policy.rules import Policy, Waiver, canonical_key

__all__ = ["FILE_KEYS", "KEY", "NEEDED", "WAIVER_KEYS", "Part", "read_part"]

FILE_KEYS = ("version", "policies", "exceptions", "rollout")
"""What stands at the top of a file."""
WAIVER_KEYS = ("sites", "key", "until", "reason", "owner", "ticket")
"""What an exception can have."""
NEEDED = ("sites", "key", "until", "reason")
"""What an exception has to have."""


def _key(value: object) -> str:
    return canonical_key(value if isinstance(value, str) else "")


KEY = Field(_key, {"type": "string", "description": "Such as modules.protect."})


@dataclass(frozen=True, slots=True)
class Part:
    """All that one file says.

    Args:
        file: Its path.
        policies: Its policies, those with mistakes included.
        waivers: Its exceptions, those with mistakes left out.
        rollout: Its rollout and where that is written; None where it has none.
        errors: The mistakes that can be told from this file alone.
    """

    file: Path
    policies: tuple[Policy, ...]
    waivers: tuple[Waiver, ...]
    rollout: tuple[Rollout, Place] | None
    errors: tuple[InputError, ...]


def read_part(document: Document) -> Part:
    """Return what `document` says and every mistake in it."""
    reader = Reader()
    if not document.complete:
        return Part(document.file, (), (), None, document.errors)
    root = Node(document.root, Place(str(document.file), 1, 1))
    entries = reader.mapping(root, FILE_KEYS)
    _version(reader, entries, root.place)
    policies = [
        read_policy(reader, node) for node in reader.items(entries, "policies", "- name: baseline")
    ]
    example = "- {sites: [shop], key: modules.protect, until: 2027-01-31, reason: why}"
    waivers = [_waiver(reader, node) for node in reader.items(entries, "exceptions", example)]
    rollout = None
    if "rollout" in entries:
        rollout = read_rollout(reader, entries["rollout"].node), entries["rollout"].key
    return Part(
        document.file,
        tuple(policies),
        tuple(waiver for waiver in waivers if waiver),
        rollout,
        (*document.errors_without(reader.dates), *reader.errors),
    )


def _version(reader: Reader, entries: Mapping[str, Entry], top: Place) -> None:
    if "version" not in entries:
        reader.note("the key 'version' is missing: begin with 'version: 1'", top)
        return
    node = entries["version"].node
    if node.value is not BROKEN and (type(node.value) is not int or node.value != 1):
        reader.note("this tool reads version 1 of the format: write 1", node.place)


def _waiver(reader: Reader, node: Node) -> Waiver | None:
    entries = reader.mapping(node, WAIVER_KEYS)
    reader.missing(entries, NEEDED, node)
    listed = reader.items(entries, "sites", "[fjord-shop]")
    if "sites" in entries and entries["sites"].node.value == ():
        reader.note("expected the name of a site or a glob", entries["sites"].node.place)
    sites = [reader.plain(item, SITE) for item in listed]
    key = reader.field(entries, "key", KEY, "")
    until = reader.field(entries, "until", DAY, date.min)
    reason = reader.field(entries, "reason", NOTE, "")
    owner: str | None = reader.field(entries, "owner", NOTE, None)
    ticket: str | None = reader.field(entries, "ticket", NOTE, None)
    if not sites or not key or not reason or until == date.min:
        return None
    place = entries["key"].node.place
    names = tuple(site for site in sites if isinstance(site, str))
    return Waiver(names, key, until, reason, owner, ticket, place)
