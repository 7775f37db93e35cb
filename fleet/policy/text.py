"""Writing policies, so that what a site said can never be more than the value it is.

Everything from outside goes into double quotes with every unusual character escaped, on the line
on which it began; what the strict reader would not take as it is goes into quotes as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from fleet.policy.fit import json_text
from fleet.policy.rules import MODULES, SETTINGS

__all__ = ["comments", "header", "quoted", "rule_lines", "scalar_of"]

DEEPEST = 16
LONGEST_KEY = 200
_PLAIN_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,14}|-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def quoted(text: str) -> str:
    """Return `text` as a double-quoted scalar of YAML in one line, in Latin letters and ASCII."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if 0x20 <= code < 0x7F or (0xC0 <= code <= 0x24F):
        return char
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else (f"\\U{code:08x}")
    )


def scalar_of(value: object) -> str:
    """Return what stands behind the colon of a setting whose value is `value`.

    Raises:
        ValueError: JSON cannot hold the value.
    """
    text = json_text(value)
    plain = _flow(value, DEEPEST)
    if plain is None:
        return f"{{json: {quoted(text)}}}"
    return f"{{value: {plain}}}" if isinstance(value, Mapping) else plain


def _flow(value: object, depth: int) -> str | None:
    """Return `value` in one line as the strict reader takes it; None where it would not."""
    if isinstance(value, str):
        # JSON can hold half of a character that needs two; YAML cannot.
        return None if any("\ud800" <= char <= "\udfff" for char in value) else quoted(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        number = json.dumps(value)
        return number if _PLAIN_NUMBER.fullmatch(number) else None
    if depth == 0:
        return None
    if isinstance(value, Mapping):
        pairs = [(_key(name), _flow(each, depth - 1)) for name, each in value.items()]
        entries = [f"{name}: {each}" for name, each in pairs if name and each]
        return f"{{{', '.join(entries)}}}" if len(entries) == len(pairs) else None
    items = [_flow(each, depth - 1) for each in (value if isinstance(value, list) else [])]
    known = [item for item in items if item]
    return f"[{', '.join(known)}]" if len(known) == len(items) else None


def _key(name: object) -> str | None:
    """Return a key of a mapping; the rules for those that are written in quotes end at a length."""
    return _flow(name, 0) if isinstance(name, str) and len(name) <= LONGEST_KEY else None


def header(name: str, select: str = "") -> list[str]:
    """Return the lines of a file up to where the rules of its one policy begin."""
    lines = ["version: 1", "", "policies:", f"  - name: {quoted(name)}"]
    return [*lines, f"    select: {quoted(select)}"] if select else lines


def rule_lines(rules: Mapping[str, object], notes: Mapping[str, str]) -> list[str]:
    """Return the lines of the rules of a policy.

    Args:
        rules: Value by canonical key; keys and values have been found fit.
        notes: What is remarked behind some of them, by key, in words of our own.
    """
    lines = []
    for state, active in (("active", True), ("inactive", False)):
        slugs = [key for key, value in rules.items() if key.startswith(MODULES) and value is active]
        lines += _block(f"      {state}:", (_item(key, notes) for key in sorted(slugs)))
    modules = _block("    modules:", lines)
    names = sorted(key for key in rules if key.startswith(SETTINGS))
    settings = (_entry(key, rules[key], notes) for key in names)
    return [*modules, *_block("    settings:", settings)]


def _block(head: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return [head, *found] if found else []


def _item(key: str, notes: Mapping[str, str]) -> str:
    return f"        - {quoted(key.removeprefix(MODULES))}{_remark(key, notes)}"


def _entry(key: str, value: object, notes: Mapping[str, str]) -> str:
    return f"      {quoted(key.removeprefix(SETTINGS))}: {scalar_of(value)}{_remark(key, notes)}"


def _remark(key: str, notes: Mapping[str, str]) -> str:
    return f"  # {notes[key]}" if key in notes else ""


def comments(heading: str, lines: Mapping[str, str]) -> Iterator[str]:
    """Yield comment lines about things with names from outside: name and remark."""
    if lines:
        yield f"# {heading}"
        for name, remark in sorted(lines.items()):
            yield f"#   {quoted(name[:LONGEST_KEY])}: {remark}"
