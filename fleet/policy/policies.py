"""Reading one policy of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fleet.errors import Place
from fleet.inventory.document import BROKEN, Entry, Node
from fleet.inventory.fields import Field
from fleet.inventory.selector import parse_selector
from fleet.inventory.wording import shown
from fleet.policy.fields import LEVEL, MODE, NAME, PLUGIN, SELECT, SEVERITY, SLUG, VERSION
from fleet.policy.fit import refusal
from fleet.policy.reader import LONG_FORM, Reader, is_long_form
from fleet.policy.rules import (
    FORBIDDEN,
    MODULES,
    REQUIRED,
    SETTINGS,
    Level,
    Mode,
    Policy,
    Requirement,
    Rule,
    Severity,
    canonical_key,
    is_setting,
    subject,
)

__all__ = ["PLUGIN_KEYS", "POLICY_KEYS", "SLUG_KEYS", "VERSIONED", "read_policy"]

VERSIONED = ("jetpack", "wordpress", "php")
"""What a policy can ask a version of."""
POLICY_KEYS = (
    *("name", "level", "select", "mode", "severity"),
    *("modules", "options", "settings", *VERSIONED, "plugins"),
)
"""What a policy can have."""
SLUG_KEYS = ("slug", "mode", "severity")
PLUGIN_KEYS = ("slug", "min", "mode", "severity")
_STATES = {"active": True, "inactive": False}


def read_policy(reader: Reader, node: Node) -> Policy:
    """Return the policy in `node`; mistakes are noted, and what has one is left out."""
    entries = reader.mapping(node, POLICY_KEYS)
    reader.missing(entries, ("name",), node)
    name = reader.field(entries, "name", NAME, "")
    level = reader.field(entries, "level", LEVEL, Level.BASE)
    text, selector = reader.field(entries, "select", SELECT, ("", parse_selector("")))
    grade = _grade(reader, entries, _Grade(Mode.ENFORCE, Severity.MEDIUM))
    found = _PolicyReader(reader, name, level, grade)
    found.read(entries)
    place = entries["name"].node.place if "name" in entries else node.place
    return Policy(name, level, text, selector, tuple(found.rules), tuple(found.requirements), place)


@dataclass(frozen=True, slots=True)
class _Grade:
    mode: Mode
    severity: Severity


def _grade(reader: Reader, entries: Mapping[str, Entry], above: _Grade) -> _Grade:
    """Return mode and severity of something, which are those of what is above it by default."""
    return _Grade(
        reader.field(entries, "mode", MODE, above.mode),
        reader.field(entries, "severity", SEVERITY, above.severity),
    )


class _PolicyReader:
    def __init__(self, reader: Reader, name: str, level: Level, grade: _Grade) -> None:
        self.rules: list[Rule] = []
        self.requirements: list[Requirement] = []
        self._reader = reader
        self._name = name
        self._level = level
        self._grade = grade
        self._seen: dict[str, Place] = {}

    def read(self, entries: Mapping[str, Entry]) -> None:
        if "modules" in entries:
            self._modules(entries["modules"].node)
        if "options" in entries:
            self._options(entries["options"].node)
        if "settings" in entries:
            self._settings(entries["settings"].node)
        for product in VERSIONED:
            if product in entries:
                self._version(product, entries[product].node)
        if "plugins" in entries:
            self._plugins(entries["plugins"].node)

    def _modules(self, node: Node) -> None:
        lists = self._reader.mapping(node, _STATES)
        for state, active in _STATES.items():
            for item in self._reader.items(lists, state, "[protect, monitor]"):
                slug, _, grade = self._named(item, SLUG_KEYS)
                if slug:
                    self._rule(MODULES + slug, active, grade, item.place)

    def _options(self, node: Node) -> None:
        for name, entry in self._reader.entries(node).items():
            try:
                key = canonical_key(name)
            except ValueError:
                key = ""
            if not key.startswith(SETTINGS) or name == key:
                self._reader.note(
                    f"{shown(name)} is no option: expected a module and its option, such as "
                    "carousel.carousel_display_exif",
                    entry.key,
                )
                continue
            self._setting(key.removeprefix(SETTINGS), entry)

    def _settings(self, node: Node) -> None:
        for name, entry in self._reader.entries(node).items():
            if not is_setting(name):
                self._reader.note(
                    f"{shown(name)} cannot be the name of a setting: it has up to 100 visible "
                    "characters",
                    entry.key,
                )
                continue
            self._setting(name, entry)

    def _setting(self, name: str, entry: Entry) -> None:
        node, grade = entry.node, self._grade
        if is_long_form(node):
            parts = self._reader.mapping(node, LONG_FORM)
            grade = _grade(self._reader, parts, grade)
            value = self._long_form(node, parts)
        else:
            value = self._reader.json(node)
        if why := refusal(name, None if value is BROKEN else value):
            self._reader.note(why, entry.key)
        elif value is not BROKEN:
            self._rule(SETTINGS + name, value, grade, entry.key)

    def _long_form(self, node: Node, parts: Mapping[str, Entry]) -> object:
        if ("value" in parts) == ("json" in parts):
            self._reader.note("expected either 'value' or 'json' here", node.place)
            return BROKEN
        if "json" in parts:
            return self._reader.json_in_text(parts["json"].node)
        return self._reader.json(parts["value"].node)

    def _version(self, product: str, node: Node) -> None:
        entries = self._reader.mapping(node, ("min_version", "mode", "severity"))
        self._reader.missing(entries, ("min_version",), node)
        version = self._reader.field(entries, "min_version", VERSION, "")
        grade = _grade(self._reader, entries, self._grade)
        if version:
            place = entries["min_version"].node.place
            self._require(f"{product}.min_version", version, grade, place)

    def _plugins(self, node: Node) -> None:
        lists = self._reader.mapping(node, ("required", "forbidden"))
        for state, prefix in (("required", REQUIRED), ("forbidden", FORBIDDEN)):
            keys = PLUGIN_KEYS if state == "required" else SLUG_KEYS
            for item in self._reader.items(lists, state, "[akismet]"):
                slug, least, grade = self._named(item, keys, PLUGIN)
                if slug:
                    self._require(prefix + slug, least, grade, item.place)

    def _named(
        self, node: Node, keys: tuple[str, ...], slugs: Field = SLUG
    ) -> tuple[str, str | None, _Grade]:
        """Return slug, lowest version and grade of an item that may be just a slug."""
        if not isinstance(node.value, Mapping):
            slug = self._reader.plain(node, slugs)
            return slug if isinstance(slug, str) else "", None, self._grade
        entries = self._reader.mapping(node, keys)
        self._reader.missing(entries, ("slug",), node)
        least: str | None = self._reader.field(entries, "min", VERSION, None)
        grade = _grade(self._reader, entries, self._grade)
        return self._reader.field(entries, "slug", slugs, ""), least, grade

    def _rule(self, key: str, value: object, grade: _Grade, place: Place) -> None:
        if self._is_new(key, place):
            self.rules.append(
                Rule(key, value, self._name, self._level, grade.mode, grade.severity, place)
            )

    def _require(self, key: str, value: str | None, grade: _Grade, place: Place) -> None:
        if self._is_new(key, place):
            self.requirements.append(
                Requirement(key, value, self._name, self._level, grade.mode, grade.severity, place)
            )

    def _is_new(self, key: str, place: Place) -> bool:
        first = self._seen.setdefault(subject(key), place)
        if first is not place:
            name = shown(subject(key))
            self._reader.note(
                f"this policy already says in line {first.line}, column {first.column}, what "
                f"{name} should be",
                place,
            )
        return first is place
