"""The table of figures: what was measured, what was wanted, and whether it is so."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Row", "row", "spread", "text_of"]

_HEAD = ("figure", "measured", "target", "met")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Args:
        figure: What was measured.
        measured: The value with its unit, and what it was made of.
        target: What was wanted; empty where it only informs.
        met: ``yes``, ``no``, or why nobody can say; empty where there is no target.
    """

    figure: str
    measured: str
    target: str = ""
    met: str = ""


def row(figure: str, value: float, unit: str, *, least: float = 0, most: float = 0) -> Row:
    """Return a row whose target is a bound: `least` or `most`, whichever is given."""
    target = f">= {least:g} {unit}" if least else f"<= {most:g} {unit}"
    met = value >= least if least else value <= most
    return Row(figure, f"{value:.2f} {unit}".strip(), target.strip(), "yes" if met else "NO")


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return the median of `values` with the least and the most."""
    middle = statistics.median(values)
    if len(values) == 1:
        return f"{middle:.{digits}f}"
    return f"{middle:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def text_of(rows: Sequence[Row]) -> str:
    """Return the table as Markdown that is readable as it stands."""
    cells = [_HEAD, *((each.figure, each.measured, each.target, each.met) for each in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    lines = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join((lines[0], rule, *lines[1:])) + "\n"
