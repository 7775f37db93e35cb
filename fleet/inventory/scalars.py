"""What an unquoted word of YAML is, by the few rules on which all YAML readers agree.

YAML 1.1 takes ``no`` for false, ``012`` for ten, ``1:30`` for ninety and ``2024-01-02`` for a
date; YAML 1.2 takes most of them for text. A setting must not depend on the age of a reader, so
a word on which they differ is refused, with the request to write it in quotes.
"""

from __future__ import annotations

import re

__all__ = ["AmbiguousScalarError", "Scalar", "scalar"]

Scalar = str | int | float | bool | None

_RULES = re.compile(
    r"""
      (?P<null> | ~ | null )
    | (?P<true> true )
    | (?P<false> false )
    | (?P<integer> 0 | -?[1-9][0-9]{0,14} )
    | (?P<decimal> -?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15} )
    | (?P<odd_null> Null | NULL )
    | (?P<odd_boolean> (?i: true | false | yes | no | on | off | y | n ) )
    | (?P<odd_date> [0-9]{4}-[0-9]{1,2}-[0-9]{1,2} (?: [Tt\ \t] .* )? )
    | (?P<odd_number>
          [-+]?0[xob][0-9a-fA-F_]+
        | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
        | [-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?
        | [-+]?\.(?i:inf) | \.(?i:nan)
      )
    | (?P<odd_sign> = | << )
    """,
    re.VERBOSE,
)

_AMBIGUOUS = {
    "odd_null": "this may be read as nothing or as text: write it in quotes if it is text",
    "odd_boolean": "this may be read as true or false, or as text: write true or false, "
    "or put it in quotes if it is text",
    "odd_date": "this may be read as a date: write it in quotes",
    "odd_number": "this may be read as a number in more than one way: write it in quotes if it is "
    "text, or as a plain decimal number",
    "odd_sign": "this sign has a meaning of its own in YAML: write it in quotes",
}


class AmbiguousScalarError(ValueError):
    """An unquoted word that YAML readers take for different things; it is not repeated.

    Args:
        message: What to write instead.
        is_date: Whether one of the things is a date.
    """

    def __init__(self, message: str, *, is_date: bool) -> None:
        super().__init__(message)
        self.is_date = is_date


def scalar(text: str) -> Scalar:
    """Return the value of the unquoted `text`.

    Raises:
        AmbiguousScalarError: Readers of YAML disagree on it.
    """
    match = _RULES.fullmatch(text)
    rule = match.lastgroup if match else None
    if rule is None:
        return text
    if rule in _AMBIGUOUS:
        raise AmbiguousScalarError(_AMBIGUOUS[rule], is_date=rule == "odd_date")
    if rule == "integer":
        return int(text)
    if rule == "decimal":
        return float(text)
    return None if rule == "null" else rule == "true"
