"""Takes the secrets of a visit out of everything that the visit has to tell.

Secrets have types and places of their own, and nothing that shows text is given them. This is for
what a site does: it has been sent a password, a cookie, a nonce, and may say them back in a title,
an error or the value of a setting, as they are or encoded. Whatever leaves a visit goes through a
`Redactor` once, so every report, plan and record is told the same.

A secret shorter than `SHORTEST` is not looked for: in place of every ``a`` the mask would hide the
report and give the secret away. Nor is one that stands in words of our own, such as the name of
the site: they are shown anyway, and a mask in them would tell what the secret is.

A part of a secret is often an ordinary word (``HarbourCafe`` of ``HarbourCafe!2024``). It is masked
only where a cut has left it, at the end of a text that shows signs of one. Values have to be put
back as they were, so an ellipsis, which may be their own, is no sign in them; names are taken as
they are.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from fleet.disguises import SHORTEST, Secret, decoded
from fleet.results import KeyResult, SiteResult

__all__ = ["MASK", "NOTE", "SESSION_SHAPE", "SHORTEST", "Accounts", "Redactor"]

MASK = "(secret)"
NOTE = f"the site says a password, cookie or nonce of ours back; it is shown as {MASK}"
_PART = 8
"""Characters of a secret that was cut off by which it is still known, if they are half of it."""

_DEEPEST = 64
"""Levels of a value that are gone through; what is nested deeper is not shown."""

_END = 80
"""Characters at the end of a text among which signs of a cut are looked for."""

_CUT_OFF = re.compile(r"[.…)\"' ]*(?:\(\d+ characters in all\))?$")
"""What may stand behind the last letter that a cut has left."""


class _Kind(NamedTuple):
    """What tells of a text that it was cut off, and whether pieces count one by one."""

    sign: re.Pattern[str] | None
    sizes: tuple[int, ...] = ()
    loose: bool = False


_WORDS = _Kind(re.compile(r"(?:\.{3}|…)" + _CUT_OFF.pattern), (160, 4000), loose=True)
"""Of messages and reasons: an ellipsis, or as long as `excerpt` and `brief` of a site leave it."""

_VALUE = _Kind(re.compile(r"\.{3} \(\d+ characters in all\)$"), (300, 4000))
"""Of values: the remark of `caps.short`, or as long as `brief` and a `Face` leave a name."""

_NAME = _Kind(None)
"""Of keys and names of values, which nothing cuts."""

SESSION_SHAPE = re.compile(
    r"(?:\||%7C)\d{10}(?:\||%7C)[A-Za-z0-9]{43}(?:(?:\||%7C)[0-9a-f]{0,64}|(?![A-Za-z0-9]))", re.I
)
"""What stands behind the name in the cookie of a session of WordPress, this run's or another's;
its end may have been cut off."""

_IN_HEX = re.compile(r"(?:7c|2537[46]3)(?:3[0-9]){10}(?:7c|2537[46]3)(?:[0-9a-f]{2})*", re.I)
"""What hexadecimal digits make of that shape, from the date on."""

_DATES = (re.compile(2 * "[MNO][DTjz][AEIMQUYcgk][w-z0-5]"), re.compile(10 * "3[0-9]"))
"""What base64, wherever in longer base64, and hexadecimal digits make of the date alone: flat, as
every text is searched for them."""

_PACKED = re.compile(r"[A-Za-z0-9+/_-]{72,}")
"""What is long enough to be that shape in base64, or in hexadecimal digits."""


class Redactor:
    """Masks secrets in text and values, as they are or encoded in the ways that the web knows.

    Looked for, in capitals or not: the secret itself; its percent, HTML, JSON and shell escapes,
    also inside each other; its base64, also inside longer base64; its hexadecimal digits; and its
    first part where a text shows that it was cut off. On text without any it costs a search for
    the first letters of each of these.

    Args:
        secrets: What may not be told; more can be added.
        known: Words of our own; a secret that stands in one of them is not looked for.
    """

    def __init__(self, secrets: Iterable[str | Secret] = (), known: Iterable[str] = ()) -> None:
        self._known = "\n".join(known).lower()
        self._heard: set[str] = set()
        self._secrets: list[Secret] = []
        self._pieces: dict[tuple[str, ...], None] = {}
        self._heads: set[str] = set()
        for secret in secrets:
            self.add(secret)

    @classmethod
    def of_account(cls, username: str, password: str, known: Iterable[str]) -> Redactor:
        """Return what masks the password of an account, and the token that is made of both."""
        return Accounts().redactor(username, password, known)

    def __repr__(self) -> str:
        """Return the type alone."""
        return "Redactor()"

    def add(self, secret: str | Secret) -> None:
        """Look for one more secret from now on; one that is known already costs nothing."""
        text = secret if isinstance(secret, str) else secret.text
        if text in self._heard:
            return
        self._heard.add(text)
        if len(text) < SHORTEST or text.lower() in self._known:
            return
        made = Secret(secret) if isinstance(secret, str) else secret
        self._secrets.append(made)
        self._heads |= made.heads
        if pieces := tuple(each for each in made.pieces if each not in self._known):
            self._pieces[pieces] = None
            self._heads.update(piece[:SHORTEST] for piece in pieces)
        self.__dict__.pop("_forms", None)

    def text(self, text: str) -> str:
        """Return words with a mask for every secret in them."""
        return self._masked(text, _WORDS) if self._may_hold((text,)) else text

    def value(self, value: object) -> object:
        """Return a JSON value with a mask for every secret in its texts, names and numbers."""
        return self._rewritten(value, _DEEPEST) if self._may_hold(_texts(value)) else value

    def result(self, result: SiteResult) -> SiteResult:
        """Return `result` without secrets in anything that the site may have worded.

        A site that says a secret back is told about in a note.
        """
        told = (result.message, result.said, result.notes, result.data, *map(_told, result.keys))
        if not self._may_hold(_texts(told)):
            return result
        clean = replace(
            result,
            message=self._masked(result.message, _WORDS),
            said=self._masked(result.said, _WORDS),
            keys=tuple(map(self._key, result.keys)),
            data={
                self._masked(str(key), _NAME): self._rewritten(value, _DEEPEST)
                for key, value in result.data.items()
            },
            notes=tuple(self._masked(note, _WORDS) for note in result.notes),
        )
        return clean if clean == result else replace(clean, notes=(*clean.notes, NOTE))

    def _key(self, key: KeyResult) -> KeyResult:
        return replace(
            key,
            key=self._masked(key.key, _NAME),
            before=self._rewritten(key.before, _DEEPEST),
            wanted=self._rewritten(key.wanted, _DEEPEST),
            found=self._rewritten(key.found, _DEEPEST),
            reason=self._masked(key.reason, _WORDS),
        )

    @cached_property
    def _forms(self) -> Collection[str]:
        return dict.fromkeys(form for secret in self._secrets for form in secret.forms())

    def _may_hold(self, texts: Iterable[str]) -> bool:
        """Return False where certainly no secret is in any of `texts`; all are searched at once.

        Where no beginning of a form or piece is, no form or piece is, whole or cut off.
        """
        blob = "\n".join(texts)
        plain = decoded(blob)
        if _shows_session(plain) or (plain != blob and _shows_session(blob)):
            return True
        layers = [blob.lower()] if plain == blob else [blob.lower(), plain.lower()]
        return any(any(map(layer.__contains__, self._heads)) for layer in layers)

    def _masked(self, text: str, kind: _Kind) -> str:
        size = len(text)
        text = _without_sessions(text)
        text = _without(self._forms, text)
        if self._is_encoded(text):
            text = " ".join(MASK if self._is_encoded(word) else word for word in text.split(" "))
        text = _without(self._left(text, kind), text)
        if size in kind.sizes or (kind.sign and kind.sign.search(text[-_END:])):
            text = self._uncut(text)
        return MASK if self._is_encoded(text) else text

    def _left(self, text: str, kind: _Kind) -> Iterator[str]:
        """Yield the pieces that count: in words each, elsewhere where all of a secret are there."""
        low = text.lower() if self._pieces else ""
        for pieces in self._pieces:
            if kind.loose or (len(pieces) > 1 and all(piece in low for piece in pieces)):
                yield from pieces

    def _uncut(self, text: str) -> str:
        """Return `text` without the part of a secret at its end that a cut has left there."""
        end = _CUT_OFF.search(text[-_END:])
        rest = end[0] if end else ""
        low = text[: len(text) - len(rest)].lower()
        for form in self._forms:
            for size in range(len(form) - 1, max(_PART, -(-len(form) // 2)) - 1, -1):
                part = form[:size]
                if low.endswith(part) and part not in self._known:
                    return text[: len(text) - len(rest) - size] + MASK + rest
        return text

    def _is_encoded(self, text: str) -> bool:
        """Return whether a secret shows where encodings are undone."""
        plain = decoded(text)
        if plain == text:
            return False
        low = plain.lower()
        return any(form in low for form in self._forms) or _without_sessions(plain) != plain

    def _rewritten(self, value: object, levels: int) -> object:
        if isinstance(value, str):
            return self._masked(value, _VALUE)
        if value is None or isinstance(value, bool):
            return value
        if not isinstance(value, Mapping | list | tuple):
            # A password of digits may come back as a number.
            text = _text(value)
            return value if self._masked(text, _VALUE) == text else MASK
        if levels == 0:
            return MASK
        if isinstance(value, Mapping):
            return {
                self._masked(str(key), _NAME): self._rewritten(item, levels - 1)
                for key, item in value.items()
            }
        return [self._rewritten(item, levels - 1) for item in value]


class Accounts:
    """Makes the redactors of visits; what is made of one account serves the next visit as well.

    Only the last account is kept: mostly, one after the other of a fleet's sites has the same.
    """

    def __init__(self) -> None:
        self._last: tuple[str, str, tuple[Secret, ...]] = ("", "", ())

    def __repr__(self) -> str:
        """Return the type alone."""
        return "Accounts()"

    def redactor(self, username: str, password: str, known: Iterable[str]) -> Redactor:
        """Return what masks the password of an account, and the token that is made of both.

        Args:
            username: Of the account.
            password: Nothing is masked where it is shorter than `SHORTEST`.
            known: Words of our own, beside the name.
        """
        if self._last[:2] != (username, password):
            token = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
            texts = (password, token) if len(password) >= SHORTEST else ()
            self._last = username, password, tuple(map(Secret, texts))
        return Redactor(self._last[2], (username, *known))


def _told(key: KeyResult) -> Sequence[object]:
    return (key.key, key.reason, key.before, key.wanted, key.found)


def _texts(value: object) -> list[str]:
    """Return every text, name and number in a value, however deep."""
    texts: list[str] = []
    waiting = [value]
    for item in waiting:
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, Mapping):
            texts += map(str, item)
            waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item
        elif item is not None and not isinstance(item, bool):
            texts.append(_text(item))
    return texts


def _text(value: object) -> str:
    try:
        return str(value)
    except ValueError:
        # A number of thousands of digits, which Python does not write.
        return ""


def _without(forms: Iterable[str], text: str) -> str:
    """Return `text` with a mask for each of `forms`, which are in small letters."""
    low = text.lower()
    found = sorted((form for form in forms if form in low), key=len, reverse=True)
    return re.sub("|".join(map(re.escape, found)), MASK, text, flags=re.I) if found else text


def _shows_session(text: str) -> bool:
    """Return False where certainly no session of WordPress is in `text`, as it is or packed."""
    if ("|" in text or "%" in text) and SESSION_SHAPE.search(text):
        return True
    return any(date.search(text) for date in _DATES)


def _without_sessions(text: str) -> str:
    """Return `text` with a mask for each session of WordPress in it, as it is or packed."""
    text = SESSION_SHAPE.sub(MASK, text)
    return _PACKED.sub(_unpacked, text) if any(date.search(text) for date in _DATES) else text


def _unpacked(found: re.Match[str]) -> str:
    """Return a mask for what is packed where it is a session, or else what was found."""
    word = found[0]
    plain = word.replace("-", "+").replace("_", "/")
    packed = (plain[shift:] for shift in range(4))
    layers = [base64.b64decode(each[: len(each) // 4 * 4]) for each in packed]
    layers += [bytes.fromhex(each[0]) for each in _IN_HEX.finditer(word)]
    shows = any(SESSION_SHAPE.search(layer.decode("latin-1")) for layer in layers)
    return MASK if shows else word
