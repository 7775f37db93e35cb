"""Makes remote text harmless before a person or a CI system sees it.

A site chooses its own words, and a terminal obeys what it prints: escape sequences move the
cursor and set the clipboard, bidirectional marks reorder a sentence, a newline forges a second
log line, and some CI systems run commands found in a log. Everything a site supplied passes
through here exactly once on its way to a screen. What is taken out stays visible as an escape.
"""

from __future__ import annotations

import html
import re
import unicodedata

__all__ = ["CI_COMMAND", "csv_cell", "defuse_line", "html_text", "inert", "inert_lines", "xml_text"]

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Controls, format characters (bidi, zero width, tags), unassigned, private use, surrogates."""

_HIDDEN_MARKS = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
    | set(range(0x180B, 0x1810))
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0100, 0xE01F0))
)
"""Characters counted as letters or marks that draw nothing: joiners, fillers, selectors."""

_MARKS_IN_A_ROW = 4
"""Combining marks a letter may carry; real scripts need fewer, a pile of them hides other lines."""

_FORMULA = ("=", "+", "-", "@")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")

CI_COMMAND = re.compile(r"##(?=\[|vso\[|teamcity\[)", re.IGNORECASE)
"""GitHub, Azure and TeamCity look for these anywhere in a line of a job's log."""


def inert(text: str, limit: int = 200) -> str:
    """Return `text` as one line that no terminal and no CI system acts upon.

    Controls, bidirectional and invisible characters become visible escapes such as ``\\x1b``
    or ``\\u202e``, newlines ``\\n``; every kind of blank becomes a plain one.

    Args:
        limit: Characters at most, at least 3; what is longer ends in ``...``.
    """
    if len(text) <= limit and text.isascii() and text.isprintable() and "##" not in text:
        return text
    marks = 0
    shown: list[str] = []
    for char in text[: limit + 1]:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        shown.append(_escape(char) if marks > _MARKS_IN_A_ROW else _visible(char))
    line = CI_COMMAND.sub(r"#\\x23", "".join(shown))
    return line if len(line) <= limit else line[: limit - 3] + "..."


def defuse_line(line: str) -> str:
    """Return a finished output line that GitHub does not take for a workflow command.

    GitHub obeys ``::command`` at the start of a line; wrapping can put remote text there.
    """
    body = line.lstrip()
    if not body.startswith("::"):
        return line
    return f"{line[: len(line) - len(body)]}\\x3a{body[1:]}"


def inert_lines(text: str) -> str:
    """Return lines of our own, into which a site may have put words, each of them inert."""
    return "\n".join(defuse_line(inert(line, 10 * len(line) + 3)) for line in text.split("\n"))


def csv_cell(text: str) -> str:
    """Return `text` as the content of a cell that no spreadsheet takes for a formula.

    Quoting does not help: a spreadsheet takes the quotes off first. A number stays a number.
    """
    cell = inert(text, 10 * len(text) + 3)
    first = unicodedata.normalize("NFKC", cell.strip(" \"';,|")[:1])
    formula = first in _FORMULA and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if formula else cell


def html_text(text: str) -> str:
    """Return `text` as text or as the value of a quoted attribute of an HTML page."""
    return html.escape(inert(text, 10 * len(text) + 3), quote=True)


def xml_text(text: str) -> str:
    """Return `text` as XML 1.0 can hold it, not yet escaped: what no parser takes is visible."""
    return inert(text, 10 * len(text) + 3)


def _visible(char: str) -> str:
    if " " <= char <= "~":
        return char
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    if category in _HIDDEN_CATEGORIES or ord(char) in _HIDDEN_MARKS:
        return _escape(char)
    return char


def _escape(char: str) -> str:
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
