"""Label selectors in kubectl's grammar: ``client=acme,tier in (gold,silver),!legacy``.

The comma means *and*. As in Kubernetes, ``!=`` and ``notin`` also match sites that do not have
the label at all, an empty selector matches every site, and ``tier=`` asks for an empty value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from fleet.errors import InputError
from fleet.inventory.labels import check_label_key, check_label_value

__all__ = ["Every", "HasLabel", "LacksLabel", "NoneOf", "OneOf", "Selector", "parse_selector"]


class Selector(Protocol):
    """Decides by a site's labels."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether a site with `labels` is selected."""


@dataclass(frozen=True, slots=True)
class HasLabel:
    """``key``: the label is there."""

    key: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether a site with `labels` is selected."""
        return self.key in labels


@dataclass(frozen=True, slots=True)
class LacksLabel:
    """``!key``: the label is not there."""

    key: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether a site with `labels` is selected."""
        return self.key not in labels


@dataclass(frozen=True, slots=True)
class OneOf:
    """``key=value`` and ``key in (...)``: the label is there with one of the values."""

    key: str
    values: frozenset[str]

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether a site with `labels` is selected."""
        return labels.get(self.key) in self.values


@dataclass(frozen=True, slots=True)
class NoneOf:
    """``key!=value`` and ``key notin (...)``: the label is not there, or has another value."""

    key: str
    values: frozenset[str]

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether a site with `labels` is selected."""
        return labels.get(self.key) not in self.values


@dataclass(frozen=True, slots=True)
class Every:
    """Terms joined by commas: all of them match; no terms match everything."""

    terms: tuple[Selector, ...]

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether a site with `labels` is selected."""
        return all(term.matches(labels) for term in self.terms)


def parse_selector(text: str) -> Selector:
    """Return the selector written as `text`.

    Raises:
        InputError: It is not a selector; the message shows where.
    """
    return _Parser(text).selector()


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    is_word: bool


_TOKENS = re.compile(r"\s*(?:(?P<sign>==|!=|[=!(),])|(?P<word>[^\s=!(),<>]+)|(?P<other>\S))")
_SIGNS = {"=", "==", "!="}


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKENS.finditer(text):
        kind = str(match.lastgroup)
        yield _Token(match[kind], match.start(kind), kind == "word")
    yield _Token("", len(text.rstrip()), False)


class _Parser:
    """Recursive descent, one method per rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tuple(_tokens(text))
        self._next = 0

    def selector(self) -> Selector:
        terms: list[Selector] = []
        if self._peek.text:
            terms.append(self._term())
        while self._peek.text:
            self._expect(",", "a comma or the end")
            terms.append(self._term())
        return Every(tuple(terms))

    def _term(self) -> Selector:
        if self._peek.text == "!":
            self._take()
            return LacksLabel(self._key("a label's key after '!'"))
        key = self._key("a label's key")
        if self._peek.text in ("", ","):
            return HasLabel(key)
        token = self._take()
        if token.text in _SIGNS and not token.is_word:
            values = frozenset({self._value()})
            return NoneOf(key, values) if token.text == "!=" else OneOf(key, values)
        if token.text in ("in", "notin"):
            values = self._values()
            return OneOf(key, values) if token.text == "in" else NoneOf(key, values)
        raise self._error("one of = == != in notin, a comma or the end", token)

    def _key(self, expected: str) -> str:
        token = self._take()
        if not token.is_word:
            raise self._error(expected, token)
        try:
            check_label_key(token.text)
        except ValueError as error:
            raise self._complaint(str(error), token) from None
        return token.text

    def _value(self) -> str:
        """Return the value that stands next; between two signs stands the empty value."""
        if self._peek.text in ("", ",", ")"):
            return ""
        token = self._take()
        if not token.is_word:
            raise self._error("a value", token)
        try:
            check_label_value(token.text)
        except ValueError as error:
            raise self._complaint(str(error), token) from None
        return token.text

    def _values(self) -> frozenset[str]:
        opening = self._expect("(", "'(' with the values after it")
        if self._peek.text == ")":
            raise self._complaint("there has to be a value between ( and )", opening)
        values = {self._value()}
        while self._peek.text == ",":
            self._take()
            values.add(self._value())
        self._expect(")", "a comma or ')'")
        return frozenset(values)

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._peek
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _expect(self, sign: str, expected: str) -> _Token:
        token = self._take()
        if token.text != sign:
            raise self._error(expected, token)
        return token

    def _error(self, expected: str, token: _Token) -> InputError:
        found = repr(token.text) if token.text else "the end"
        return self._complaint(f"expected {expected}, found {found}", token)

    def _complaint(self, message: str, token: _Token) -> InputError:
        line = "".join(char if char.isprintable() else " " for char in self._text)
        return InputError(
            f"selector, column {token.start + 1}: {message}\n  {line}\n  {' ' * token.start}^"
        )
