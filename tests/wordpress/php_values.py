"""PHP's serialised values, as WordPress keeps arrays in its options table.

Only what options hold: null, booleans, numbers, text and arrays. Objects are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["dump_option", "load_option"]


def load_option(stored: bytes) -> object:
    """Return the value of a row of the options table.

    Text that is not serialised is itself, since WordPress serialises only arrays and objects.
    An array with the keys 0, 1, 2… becomes a list, any other a dict.
    """
    if not stored.startswith(b"a:") or not stored.endswith(b"}"):
        return stored.decode()
    value, end = _load(stored, 0)
    if end != len(stored):
        raise ValueError(f"{len(stored) - end} bytes after a serialised value")
    return value


def dump_option(value: object) -> bytes:
    """Return what WordPress would store for `value`; a scalar becomes text."""
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        return _dump(value)
    if value is None or value is False:
        return b""
    return b"1" if value is True else str(value).encode()


def _load(data: bytes, at: int) -> tuple[object, int]:
    kind = data[at : at + 1]
    if kind == b"N":
        return None, at + 2
    colon = data.find(b":", at + 2)
    if kind == b"s":
        start = colon + 2
        end = start + int(data[at + 2 : colon])
        return data[start:end].decode(), end + 2
    if kind == b"a":
        return _load_array(data, colon + 2, int(data[at + 2 : colon]))
    end = data.index(b";", at)
    number = data[at + 2 : end].decode()
    if kind == b"b":
        return number == "1", end + 1
    if kind in (b"i", b"d"):
        return (int(number) if kind == b"i" else float(number)), end + 1
    raise ValueError(f"a serialised value of kind {kind!r}, which options of the tests never have")


def _load_array(data: bytes, at: int, size: int) -> tuple[object, int]:
    pairs: dict[object, object] = {}
    for _ in range(size):
        key, at = _load(data, at)
        pairs[key], at = _load(data, at)
    plain = list(pairs) == list(range(size))
    return (list(pairs.values()) if plain else pairs), at + 1


def _dump(value: object) -> bytes:
    if value is None:
        return b"N;"
    if isinstance(value, bool):
        return b"b:%d;" % value
    if isinstance(value, int):
        return b"i:%d;" % value
    if isinstance(value, float):
        return f"d:{value!r};".encode()
    if isinstance(value, str):
        text = value.encode()
        return b's:%d:"%s";' % (len(text), text)
    if isinstance(value, Mapping):
        return _dump_pairs(value)
    if isinstance(value, Sequence):
        return _dump_pairs(dict(enumerate(value)))
    raise TypeError(f"{type(value).__name__} cannot be kept in an option")


def _dump_pairs(pairs: Mapping[object, object]) -> bytes:
    body = b"".join(_dump(key) + _dump(value) for key, value in pairs.items())
    return b"a:%d:{%s}" % (len(pairs), body)
