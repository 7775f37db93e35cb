"""Fills the templates of pages: every value inert and escaped, scripts and styles by their hash.

A page is one file that loads nothing. Its Content-Security-Policy names the hash of its own style
and script, so that no text in it could ever run, even where escaping failed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fleet.errors import KINDS
from fleet.report.charts import columns_chart, dot, share_chart, spark_chart
from fleet.report.inert import inert
from fleet.report.layout import duration, megabytes, plural
from fleet.report.leaves import number_text
from fleet.report.sink import Sink

__all__ = ["page_environment", "write_page"]

_PIECE = 64
"""Parts of a template written at once."""


def page_environment() -> Environment:
    """Return the templates beside this module with their filters and charts."""
    environment = Environment(
        loader=PackageLoader("fleet.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_inert,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        number=number_text,
        plural=plural,
        duration=duration,
        megabytes=megabytes,
        words=lambda word: word.replace("_", " "),
    )
    environment.globals.update(
        columns_chart=columns_chart,
        dot=dot,
        share_chart=share_chart,
        spark_chart=spark_chart,
        kinds=KINDS,
    )
    return environment


def write_page(name: str, values: Mapping[str, object], sink: Sink, *, extra_css: str = "") -> None:
    """Write a page piece by piece.

    Args:
        name: Its template.
        values: What the template asks for.
        extra_css: Rules added to the shared style.
    """
    css = _asset("tokens.css") + _asset("templates/style.css")
    script = _asset("templates/table.js")
    shared = {
        "css": Markup(css),  # noqa: S704 - our own file
        "script": Markup(script),  # noqa: S704 - our own file
        "extra_css": Markup(extra_css),  # noqa: S704 - made of a checked colour
        "policy": _policy([css, extra_css], script),
    }
    stream = page_environment().get_template(name).stream({**values, **shared})
    stream.enable_buffering(_PIECE)
    for piece in stream:
        sink.write(piece)


def _asset(name: str) -> str:
    return files("fleet.report").joinpath(name).read_text(encoding="utf-8")


def _policy(styles: list[str], script: str) -> str:
    allowed = " ".join(_hash(style) for style in styles if style)
    return (
        f"default-src 'none'; style-src {allowed}; script-src {_hash(script)};"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inert(value: object) -> object:
    return inert(value, 10 * len(value) + 3) if type(value) is str else value
