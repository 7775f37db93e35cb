"""One layer of settings, read from one place of a file: defaults, a group or a site.

Settings have dotted paths, such as ``auth.username`` and ``labels.client``; laying one layer
over another is therefore an update of one dictionary by another. A setting with a mistake stays
in its layer as broken, so that it does not come up again as missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

from fleet.errors import InputError, InputErrors, Place
from fleet.inventory.document import BROKEN, Broken, Entry, Node
from fleet.inventory.fields import DAY, REASON, SECTIONS, SITE_URL, STATE, Field, display
from fleet.inventory.labels import check_label_key, check_label_value
from fleet.inventory.references import SecretKind, SecretRef
from fleet.inventory.sites import AuthMethod, Http, Origin
from fleet.inventory.windows import Freeze
from fleet.inventory.wording import described, guess, likely, shown

__all__ = ["BUILT_IN", "LAYER_KEYS", "SITE_KEYS", "Layer", "LayerReader", "Setting"]

LAYER_KEYS = ("labels", "auth", "http", "window", "freeze", "state")
"""What defaults and groups can have."""
SITE_KEYS = ("url", "groups", *LAYER_KEYS)
"""What a site can have."""

_FREEZE = ("from", "to", "reason")
_PLAIN: Mapping[str, Field] = MappingProxyType({"url": SITE_URL, "state": STATE})


@dataclass(frozen=True, slots=True)
class Setting:
    """The value of a setting, or that it is broken, and its origin."""

    value: object
    origin: Origin


Layer = dict[str, Setting]


def _built_in() -> Layer:
    http = Http()
    values: dict[str, object] = {
        "auth.method": AuthMethod.COOKIE.value,
        "auth.login_path": "wp-login.php",
        "http.timeout": http.timeout,
        "http.deadline": http.deadline,
        "http.allow_plaintext": http.allow_plaintext,
        "http.ca_file": http.ca_file,
        "http.pin": http.pin,
        "http.proxy": http.proxy,
        "state": "active",
    }
    return {
        path: Setting(value, Origin(display(value) or "(none)", None, "built in"))
        for path, value in values.items()
    }


BUILT_IN: Mapping[str, Setting] = MappingProxyType(_built_in())
"""The layer below all others."""


class LayerReader:
    """Reads the layers of one file and notes every mistake.

    Args:
        folder: The folder of the file, which paths in it are relative to.
        allow_inline: Whether secrets may stand in the file itself.
        remote: Whether another machine wrote it, which then names no file or command of this one.
    """

    def __init__(self, folder: Path, *, allow_inline: bool, remote: bool = False) -> None:
        self.errors: list[InputError] = []
        self.files: set[Path] = set()
        self._remote = remote
        self.dates: set[Place] = set()
        self._folder = folder
        self._allow_inline = allow_inline

    def read(self, node: Node, source: str, keys: tuple[str, ...]) -> Layer:
        """Return the settings in `node`, whose keys may be `keys`; `groups` is not read here."""
        layer: Layer = {}
        entries = self.mapping(node)
        if entries is None:
            self._break(layer, source, node.place, [*_paths("auth"), *_paths("http"), *_PLAIN])
            return layer
        for key in self.known(entries, keys, layer, source):
            entry = entries[key]
            if key == "labels":
                self._labels(entry.node, source, layer)
            elif key == "freeze":
                self._freezes(entry.node, source, layer)
            elif key in SECTIONS:
                self._section(key, entry.node, source, layer)
            elif key in _PLAIN:
                layer[key] = self._setting(key, _PLAIN[key], entry.node, source)
        return layer

    def mapping(self, node: Node) -> Mapping[str, Entry] | None:
        """Return the entries of `node`, or None and a note where it is no mapping."""
        if isinstance(node.value, Mapping):
            return node.value
        if node.value is not BROKEN:
            self.note(f"expected a mapping, found {described(node.value)}", node.place)
        return None

    def known(
        self,
        entries: Mapping[str, Entry],
        keys: Iterable[str],
        layer: Layer,
        source: str,
        prefix: str = "",
    ) -> list[str]:
        """Return the keys of `entries` that are among `keys`, with a note for each other one."""
        allowed = tuple(keys)
        good = []
        for key, entry in entries.items():
            if key in allowed:
                good.append(key)
                continue
            self.note(f"unknown key {shown(key)}{_advice(key, allowed)}", entry.key)
            if meant := likely(key, allowed):
                paths = _paths(meant) if meant in SECTIONS else [f"{prefix}{meant}"]
                self._break(layer, source, entry.key, paths)
        return good

    def note(self, message: str, place: Place) -> None:
        """Keep a mistake."""
        self.errors.append(InputError(message, place))

    def _break(self, layer: Layer, source: str, place: Place, paths: Iterable[str]) -> None:
        for path in paths:
            layer.setdefault(path, Setting(BROKEN, Origin("", place, source)))

    def _section(self, section: str, node: Node, source: str, layer: Layer) -> None:
        entries = self.mapping(node)
        if entries is None:
            self._break(layer, source, node.place, _paths(section))
            return
        fields = SECTIONS[section]
        for key in self.known(entries, fields, layer, source, f"{section}."):
            path = f"{section}.{key}"
            layer[path] = self._setting(path, fields[key], entries[key].node, source)

    def _labels(self, node: Node, source: str, layer: Layer) -> None:
        for key, entry in (self.mapping(node) or {}).items():
            try:
                check_label_key(key)
            except ValueError as error:
                self.note(f"bad label {shown(key)}: {error}", entry.key)
                continue
            layer[f"labels.{key}"] = self._setting(f"labels.{key}", _LABEL, entry.node, source)

    def _freezes(self, node: Node, source: str, layer: Layer) -> None:
        """Read freezes, each with a path of its own, so that those of all layers add up."""
        if not isinstance(node.value, tuple):
            if node.value is not BROKEN:
                found = described(node.value)
                self.note(
                    f"expected a list of freezes with 'from' and 'to', found {found}", node.place
                )
            return
        for item in node.value:
            if freeze := self._freeze(item):
                path = f"freeze.{freeze.first}..{freeze.last}"
                layer[path] = Setting(freeze, Origin(freeze.reason, item.place, source))

    def _freeze(self, node: Node) -> Freeze | None:
        entries = self.mapping(node)
        if entries is None:
            return None
        misspelt: Layer = {}
        self.known(entries, _FREEZE, misspelt, "")
        for key in ("from", "to"):
            if key not in entries and key not in misspelt:
                self.note(f"a freeze needs its key '{key}', such as {key}: 2026-12-24", node.place)
        fields = {"from": DAY, "to": DAY, "reason": REASON}
        found = {
            key: self._plain(fields[key], entries[key].node) for key in fields if key in entries
        }
        first, last = found.get("from"), found.get("to")
        if not isinstance(first, date) or not isinstance(last, date):
            return None
        if last < first:
            self.note("this day is before the one in 'from'", entries["to"].node.place)
            return None
        reason = found.get("reason", "")
        return Freeze(first, last, reason if isinstance(reason, str) else "")

    def _plain(self, field: Field, node: Node) -> object:
        """Return the value of a field that may be a date without quotes, or a broken one."""
        if field is DAY and node.date is not None:
            self.dates.add(node.place)
        value = node.value if node.date is None or field is not DAY else node.date
        try:
            return BROKEN if value is BROKEN else field.parse(value)
        except ValueError as error:
            self.note(str(error), node.place)
            return BROKEN

    def _setting(self, path: str, field: Field, node: Node, source: str) -> Setting:
        value: object = BROKEN
        if not isinstance(node.value, Broken):
            try:
                value = self._placed(path, field.parse(node.value), node.place)
            except ValueError as error:
                self.note(str(error), node.place)
            except InputError as error:
                self.errors.append(error)
            except InputErrors as error:
                self.errors.extend(error.errors)
        return Setting(value, Origin(display(value), node.place, source))

    def _placed(self, path: str, value: object, place: Place) -> object:
        """Return `value`, with what depends on the file it stands in filled in."""
        if path == "auth.password":
            ref = SecretRef.parse(
                str(value), folder=self._folder, place=place, allow_inline=self._allow_inline
            )
            if self._remote and ref.kind in (SecretKind.FILE, SecretKind.EXEC, SecretKind.PLUGIN):
                raise InputError(
                    f"what comes over the network cannot use {ref.kind}: on this machine: refer "
                    "to the secret with env: or keyring:",
                    place,
                )
            return ref
        if isinstance(value, Path):
            file = self._folder / value
            if not _is_file(file):
                raise InputError(f"there is no file {shown(str(file))}", place)
            self.files.add(file)
            return file
        return value


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, or a folder that may not be entered
        return False


def _label_value(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text, found {described(value)}: write it in quotes")
    check_label_value(value)
    return value


_LABEL = Field(_label_value, {})


def _paths(section: str) -> list[str]:
    return [f"{section}.{key}" for key in SECTIONS[section]]


def _advice(key: str, allowed: tuple[str, ...]) -> str:
    if ":" in key:
        return ": put a space after the colon"
    home = next((name for name, fields in SECTIONS.items() if key in fields), None)
    if home and home in allowed:
        return f" (it belongs under {home})"
    return guess(key, allowed)
