"""Lays out lines for people: a page of styled lines, words for numbers, and lists of names.

A page is a list of `rich.text.Text`, one per line and already broken to the width. Plain output
is the same lines without their styles, so that colour never changes what is said.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from rich.cells import cell_len, chop_cells
from rich.text import Text

from fleet.report.gather import Named
from fleet.report.inert import defuse_line, inert

__all__ = [
    "Page",
    "duration",
    "fold",
    "hung",
    "joined",
    "megabytes",
    "names",
    "padded",
    "plural",
    "sites_named",
    "table",
    "times",
]

_NARROWEST = 40
"""Columns of the narrowest page."""

_NARROW = 24
"""Columns a text gets at least, however long its label is."""

_NARROWEST_CELL = 16
"""Columns a folded cell of a table gets at least."""

_NO_BREAK = "\u00a0"
_COLUMN = re.compile(r"^fleet: |(?<=\S) {2,}(?=\S)")
"""What stands in front of a column of a finished line."""

_FEW = 4
_NAMED = 3


class Page:
    """Lines for people, collected from top to bottom.

    Args:
        width: Columns of the terminal.
        verbose: True to name every site and show every line.
    """

    def __init__(self, width: int, *, verbose: bool) -> None:
        self.width = max(width, _NARROWEST)
        self.verbose = verbose
        self.lines: list[Text] = []

    def blank(self) -> None:
        """Add an empty line."""
        self.lines.append(Text())

    def line(self, *parts: str | tuple[str, str]) -> None:
        """Add one line of parts as `Text.assemble` takes them; it is not broken."""
        self.lines.append(_line(*parts))

    def heading(self, text: str, style: str = "bold") -> None:
        """Begin a section."""
        self.blank()
        self.line((text, style))

    def paragraph(self, text: str, *, indent: int = 0, label: str = "", style: str = "") -> None:
        """Add `text` broken to the width, its later lines below its first word.

        Args:
            text: Inert text.
            indent: Columns left of the label.
            label: Words in front, dimmed.
            style: Style of the text.
        """
        hang = indent + cell_len(label)
        first = (" " * indent + label, "dim")
        for piece in fold(text, max(self.width - hang, _NARROW)):
            self.line(first, (piece, style))
            first = (" " * hang, "")

    def rows(self, rows: Sequence[tuple[str, str]], *, indent: int, most: int) -> None:
        """Add pairs of label and text in two columns.

        Args:
            rows: Inert labels and texts.
            indent: Columns left of the labels.
            most: Lines taken, unless everything is wanted.
        """
        tried = rows if self.verbose else rows[:most]
        column = min(max((cell_len(label) for label, _ in tried), default=0), self.width // 2)
        part = Page(self.width, verbose=self.verbose)
        ends = []
        for label, text in tried:
            part.paragraph(text, indent=indent, label=padded(label, column) + "  ")
            ends.append(len(part.lines))
        kept = len(rows)
        if not self.verbose and (len(rows) > most or ends[-1:] > [most]):
            kept = max(1, bisect_right(ends, most - 1))
        self.lines.extend(part.lines[: ends[kept - 1]] if kept else [])
        if hidden := len(rows) - kept:
            self.line((" " * indent + f"+ {hidden:,} more (-v shows them)", "dim"))


def _line(*parts: str | tuple[str, str]) -> Text:
    text = Text.assemble(*parts)
    safe = defuse_line(text.plain)
    return text if safe == text.plain else Text(safe)


def fold(text: str, width: int) -> list[str]:
    """Return the words of `text` in lines of at most `width` columns; at least one line.

    Words joined by a no-break space stay together and a newline is kept; inert text holds
    neither of its own.
    """
    lines: list[str] = []
    for whole in text.split("\n"):
        lines.extend(_folded(whole, width))
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _folded(text: str, width: int, *, whole: bool = False) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        fits = whole or cell_len(word) <= width
        for piece in [word] if fits else chop_cells(word, width):
            if line and cell_len(line) + 1 + cell_len(piece) > width:
                lines.append(line)
                line = piece
            else:
                line = f"{line} {piece}" if line else piece
    return [*lines, line]


def hung(line: str, width: int) -> list[str]:
    """Return a finished line as lines of at most `width` columns, the later ones below a column.

    A word that is longer stays whole, for somebody may want to copy it.
    """
    if cell_len(line) <= width:
        return [line.replace(_NO_BREAK, " ")]
    blanks = len(line) - len(line.lstrip())
    most = min(width // 2, width - max(map(cell_len, line.split(" "))))
    heads = [line[: found.end()] for found in _COLUMN.finditer(line, blanks)]
    head = next((each for each in reversed(heads) if cell_len(each) <= most), line[:blanks])
    hang = cell_len(head) if head.strip() or (blanks and not heads) else blanks + 2
    pieces = [each.strip() for each in _folded(line[len(head) :], width - hang, whole=True)]
    first, *others = [each.replace(_NO_BREAK, " ") for each in pieces if each]
    return [head.replace(_NO_BREAK, " ") + first, *(" " * hang + each for each in others)]


def times(where: str) -> str:
    """Return at how many sites something is so, for `fold`; the count stays with its noun."""
    return f"x {where}".replace(" ", _NO_BREAK, 2)


def joined(parts: Iterable[str]) -> str:
    """Return parts as one list for `fold`, to be broken at its commas only."""
    return ", ".join(part.replace(" ", _NO_BREAK) for part in parts)


def padded(text: str, columns: int) -> str:
    """Return `text` filled with blanks to `columns`, counting wide characters as two."""
    return text + " " * (columns - cell_len(text))


def table(rows: Sequence[Sequence[str]], width: int | None = None) -> list[str]:
    """Return rows of inert cells as aligned lines.

    Args:
        rows: Cells, as many in each row.
        width: Columns of the terminal, where there is one: what does not fit is folded within
            the widest of the columns, or below the first ones where that would be too narrow.
            Programs get each row in one line.
    """
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    if width and rows:
        widest = widths.index(max(widths))
        room = width - sum(widths) - 2 * (len(widths) - 1) + widths[widest]
        if room < min(widths[widest], _NARROWEST_CELL):
            kept = [[_whole(cell, width // 2) for cell in row] for row in rows]
            return [piece for line in table(kept) for piece in hung(line, width)]
        widths[widest] = min(widths[widest], room)
    lines: list[str] = []
    for row in rows:
        cells = [
            fold(cell, size) if cell_len(cell) > size else [cell]
            for cell, size in zip(row, widths, strict=True)
        ]
        for number in range(max(map(len, cells))):
            pieces = (cell[number] if number < len(cell) else "" for cell in cells)
            line = "  ".join(padded(each, size) for each, size in zip(pieces, widths, strict=True))
            lines.append(line.rstrip())
    return lines


def _whole(cell: str, width: int) -> str:
    """Return a cell that is not broken where it takes `width` columns at most."""
    return cell.replace(" ", _NO_BREAK) if cell_len(cell) <= width else cell


def plural(count: int, noun: str) -> str:
    """Return a count with its noun, as in ``1 site`` or ``5,000 sites``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def names(sites: Named, *, verbose: bool) -> str:
    """Return site names joined by commas: the first few and how many more, or all that are kept."""
    every = [inert(site, 64) for site in sites.first]
    kept = len(every) if verbose or len(sites) <= _FEW + 1 else _FEW
    if hidden := len(sites) - kept:
        last = f"{every[kept - 1]} + {hidden:,} more"
        return joined([*every[: kept - 1], last])
    return joined(every)


def sites_named(sites: Named, *, verbose: bool) -> str:
    """Return a count of sites, with their names where they are three at most or all are wanted."""
    count = plural(len(sites), "site")
    return f"{count} ({names(sites, verbose=True)})" if verbose or len(sites) <= _NAMED else count


def duration(seconds: float) -> str:
    """Return a length of time as people say it, such as ``12.4 s`` or ``3 min 05 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02} min"


def megabytes(count: int) -> str:
    """Return a number of bytes in MB, or in KB below a tenth of one."""
    return f"{count / 1e6:,.1f} MB" if count >= 100_000 else f"{count / 1e3:,.1f} KB"
