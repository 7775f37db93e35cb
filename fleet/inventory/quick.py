"""The quick way of a row: what was judged once in a file is not judged again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yarl import URL

from fleet.errors import InputError
from fleet.inventory.address import parse_address
from fleet.inventory.encoding import Plain
from fleet.inventory.fields import SECTIONS, STATE, check_name
from fleet.inventory.labels import check_label_key, check_label_value
from fleet.inventory.references import SecretKind, SecretRef

__all__ = ["Quick", "QuickReader"]

MOST_KNOWN = 10_000
_AUTH = frozenset(SECTIONS["auth"])


@dataclass(frozen=True, slots=True)
class Quick:
    """A site whose line has nothing rare in it.

    Args:
        name: Its name.
        url: Its address, over https.
        groups: Its groups; None where the line has no such key.
        labels: Its own labels.
        pairs: Its other own settings, path and plain value in turn.
    """

    name: str
    url: URL
    groups: tuple[str, ...] | None
    labels: dict[str, str]
    pairs: list[Plain]


class QuickReader:
    """Reads rows of one file.

    Args:
        remote: Whether they come from another machine.
    """

    def __init__(self, *, remote: bool) -> None:
        self._remote = remote
        self._good: set[tuple[str, str]] = set()

    def read(self, values: Mapping[str, object]) -> Quick | None:
        """Return the site, or None where its line has to be looked at closely."""
        try:
            return self._read(values)
        except (ValueError, InputError):
            return None

    def _read(self, values: Mapping[str, object]) -> Quick:
        url = parse_address(_text(values.get("url")))
        if url.scheme != "https":
            raise ValueError("other rules hold for plain http")
        name = _text(values.get("name"))
        check_name(name)
        labels: dict[str, str] = {}
        pairs: list[Plain] = []
        for key, value in values.items():
            if key == "labels":
                labels = self._labels(value)
            elif key == "auth":
                pairs += self._auth(value)
            elif key == "state":
                pairs += [key, self._checked(key, value)]
            elif key not in ("name", "url", "groups"):
                raise ValueError("rare")
        return Quick(name, url, _groups(values), labels, pairs)

    def _labels(self, value: object) -> dict[str, str]:
        if not isinstance(value, dict):
            raise ValueError("no mapping")
        return {key: self._checked(f"labels.{key}", text) for key, text in value.items()}

    def _auth(self, value: object) -> list[Plain]:
        if not isinstance(value, dict) or not _AUTH.issuperset(value):
            raise ValueError("no mapping, or a key that does not exist")
        pairs: list[Plain] = []
        for key, text in value.items():
            pairs += [f"auth.{key}", self._checked(f"auth.{key}", text)]
        return pairs

    def _checked(self, path: str, value: object) -> str:
        """Return the text at `path`, which is right.

        Raises:
            ValueError, InputError: It is not.
        """
        text = value if isinstance(value, str) else _text(value)
        known = (path, text)
        if known not in self._good:
            self._check(path, text)
            if len(self._good) < MOST_KNOWN:
                self._good.add(known)
        return text

    def _check(self, path: str, text: str) -> None:
        section, _, key = path.partition(".")
        if section == "labels":
            check_label_key(key)
            check_label_value(text)
        elif path == "state":
            STATE.parse(text)
        elif path == "auth.password":
            kind = SecretRef.parse(text, folder=Path()).kind
            if self._remote and kind not in (SecretKind.ENV, SecretKind.KEYRING):
                raise ValueError("not from another machine")
        else:
            SECTIONS[section][key].parse(text)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def _groups(values: Mapping[str, object]) -> tuple[str, ...] | None:
    groups = values.get("groups")
    if groups is None and "groups" not in values:
        return None
    if not isinstance(groups, list) or len({*map(_text, groups)}) != len(groups):
        raise ValueError("no list of distinct names")
    return tuple(groups)
