"""Draws charts as inline SVG that needs no script, no network and no inline style.

Words stand beside a chart in HTML, so that they keep their size on a phone; the drawing itself
stretches. Each drawing says in its label what it shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from fleet.report.inert import inert

__all__ = ["columns_chart", "dot", "share_chart", "spark_chart"]

_LONGEST = 300
_WIDTH = 1000
_HEIGHT = 100

_DRAWING = Markup(
    '<svg class="{}" role="img" aria-label="{}" viewBox="0 0 {} {}" preserveAspectRatio="none">'
    "{}</svg>"
)
_BAR = Markup('<rect class="s-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')


def dot(word: str) -> Markup:
    """Return a small mark in the colour of a status or verdict."""
    return Markup(
        '<svg class="dot" aria-hidden="true" viewBox="0 0 10 10">'
        '<circle class="s-{}" cx="5" cy="5" r="5"/></svg>'
    ).format(word)


def share_chart(counts: Mapping[str, int], css: str = "") -> Markup:
    """Return one bar divided as `counts` are, by status or verdict."""
    total = sum(counts.values())
    bars, at = [], 0.0
    for word, count in counts.items():
        if count:
            width = _WIDTH * count / total
            bars.append(_BAR.format(word, at, 0, width, _HEIGHT))
            at += width
    words = ", ".join(
        f"{count:,} {word.replace('_', ' ')}" for word, count in counts.items() if count
    )
    return _drawing(f"chart {css}".rstrip(), words or "nothing", bars)


def columns_chart(values: Sequence[float], label: str) -> Markup:
    """Return a column per value, from zero to the highest; values below zero have none."""
    highest = max(values, default=0)
    step = _WIDTH / max(len(values), 8)
    bars = []
    for at, value in enumerate(values):
        height = max(_HEIGHT * value / highest, 1) if highest > 0 and value > 0 else 0
        bars.append(_BAR.format("accent", at * step, _HEIGHT - height, step * 0.8, height))
    return _drawing("chart tall", label, bars)


def spark_chart(values: Sequence[float], label: str) -> Markup:
    """Return a line through the values, from the lowest to the highest."""
    if len(values) < 2:
        return Markup()
    low, high = min(values), max(values)
    spread = high - low
    step = _WIDTH / (len(values) - 1)
    points = (
        f"{at * step:.1f} {_HEIGHT * ((high - value) / spread if spread else 0.5):.1f}"
        for at, value in enumerate(values)
    )
    line = Markup('<path d="M{}"/>').format("L".join(points))
    return _drawing("spark", label, [line])


def _drawing(css: str, label: str, shapes: Sequence[Markup]) -> Markup:
    return _DRAWING.format(css, inert(label, _LONGEST), _WIDTH, _HEIGHT, Markup().join(shapes))
