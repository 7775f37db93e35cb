"""What a secret looks like where somebody says it back: as it is, or encoded as the web encodes.

Pure. A visit comes to know a dozen secrets, and next to no text has one of them. So of each only
the letters are made that its forms begin with, and the forms themselves once those are met.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

__all__ = ["SHORTEST", "Secret", "decoded"]

SHORTEST = 6
"""Characters of the shortest secret that is looked for in what sites say."""

_PIECE = 8
"""Characters of the shortest piece beside a ``<`` that counts: pages lose their markup."""

_APPLICATION = 24
"""Characters of an application password of WordPress."""

_LAYERS = 4
"""Encodings inside each other that are undone."""

_ESCAPES = re.compile(
    r"%[0-9a-fA-F]{2}(?:%[0-9a-fA-F]{2})*|&#?\w{1,32};"
    r"|\\u[0-9a-fA-F]{4}(?:\\u[0-9a-fA-F]{4})*|\\x[0-9a-fA-F]{2}|\\.",
    re.DOTALL,
)
"""What addresses, HTML, JSON and shells have in place of a character.

Each begins with one certain letter, so that a search passes quickly over text without them.
"""

_ESCAPING = frozenset("%&\\")
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class Secret:
    """One secret; what it looks like is in small letters, as all that is searched is.

    Args:
        text: The secret, of `SHORTEST` characters or more.
    """

    __slots__ = ("heads", "pieces", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.heads = _heads(text)
        """The first letters of each form: where none of them is, no form is, whole or cut off."""
        self.pieces = _pieces(text)
        """What a page leaves of it where it takes something in it for markup."""

    def __repr__(self) -> str:
        """Return the type alone."""
        return "Secret()"

    def forms(self) -> Iterator[str]:
        """Yield the forms that have to be looked for, those left out that `decoded` finds."""
        return (form.lower() for form in _forms(self.text))


def decoded(text: str) -> str:
    """Return what `text` stands for with encodings undone, of all kinds and inside each other."""
    for _ in range(_LAYERS):
        if not ("%" in text or "&" in text or "\\" in text):
            break
        before, text = text, _ESCAPES.sub(_letters, text)
        if text == before:
            break
    return text


def _letters(found: re.Match[str]) -> str:
    escape = found[0]
    if escape[0] == "%":
        return unquote(escape)
    if escape[0] == "&":
        return html.unescape(escape)
    if escape[1] == "x" and len(escape) == 4:
        return chr(int(escape[2:], 16))
    if escape[1] == "u" and len(escape) > 2:
        units = b"".join(int(unit, 16).to_bytes(2, "big") for unit in escape.split("\\u")[1:])
        return units.decode("utf-16-be", "replace")
    return _SHORT.get(escape[1], escape[1])


def _forms(secret: str) -> Iterator[str]:
    for form in dict.fromkeys(_spellings(secret)):
        if len(form) >= SHORTEST:
            data = form.encode("utf-8", "surrogatepass")
            yield from (form, decoded(form), data.hex())
            for core in _in_base64(data):
                yield core
                yield core.replace("+", "-").replace("/", "_")


def _heads(secret: str) -> frozenset[str]:
    heads = []
    for form in _spellings(secret):
        if len(form) < SHORTEST:
            continue
        head = form[:SHORTEST]
        heads.append(form.lower()[:SHORTEST])
        if not head.isascii() or not _ESCAPING.isdisjoint(head):
            heads.append(decoded(form).lower()[:SHORTEST])
        data = head.encode("utf-8", "surrogatepass")[:SHORTEST]
        # Once in ten bytes, it begins at each place in three bytes that it can begin at.
        letters = base64.b64encode((data + bytes(4)) * 3).decode("ascii").lower()
        heads += [data[:3].hex(), letters[:6], letters[14:20], letters[27:33]]
        if "+" in letters or "/" in letters:
            letters = letters.replace("+", "-").replace("/", "_")
            heads += [letters[:6], letters[14:20], letters[27:33]]
    return frozenset(heads)


def _pieces(secret: str) -> tuple[str, ...]:
    if "<" not in secret and ">" not in secret:
        return ()
    return tuple(part.lower() for part in re.split(r"[<>]", secret) if len(part) >= _PIECE)


def _spellings(secret: str) -> list[str]:
    """Return the ways in which a secret is written before anything is encoded.

    WordPress takes an application password with its spaces, without them, and in fours.
    """
    if len(secret) != _APPLICATION and "'" not in secret and secret.split() == [secret]:
        return [secret]
    letters = "".join(secret.split())
    spaced = [secret, " ".join(secret.split()), secret.strip()]
    if len(letters) == _APPLICATION:
        spaced.append(" ".join(letters[at : at + 4] for at in range(0, _APPLICATION, 4)))
    plain = [*spaced, letters, *(form.replace(" ", "+") for form in spaced)]
    # As two habits of quoting a quote for a shell have it.
    return plain + [secret.replace("'", quoted) for quoted in ("'\"'\"'", "'\\''")]


def _in_base64(data: bytes) -> Iterator[str]:
    """Yield what base64 makes of `data` wherever in longer data it begins."""
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + data).decode("ascii")
        # The first letters hold bits of what comes before, the last one bits of what comes after.
        whole = (8 * (shift + len(data))) // 6
        core = encoded[-(-8 * shift // 6) : whole]
        if len(core) >= SHORTEST:
            yield core
