"""Turns templates into pages; every text in them is made inert and escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from jinja2 import PackageLoader, StrictUndefined

from fleet.front.web import shown
from fleet.report.inert import inert
from fleet.results import Status

__all__ = ["render", "set_up"]

_LONGEST = 2000
"""Characters of one text."""


def set_up(app: web.Application, shared: Mapping[str, object]) -> None:
    """Let an application render the templates of this package.

    Args:
        app: The application.
        shared: What every template may use.
    """
    environment = aiohttp_jinja2.setup(
        app,
        loader=PackageLoader("fleet.front.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        {**shared, "link": shown.link, "GRAVEST": shown.GRAVEST, "Status": Status}
    )
    environment.filters.update(
        ago=lambda at: shown.ago(at, datetime.now(UTC)),
        moment=shown.moment,
        words=shown.words,
        value=shown.value,
        duration=shown.duration,
        ended=shown.how_it_ended,
        data=shown.of_data,
        number=lambda found: f"{found:,}",
    )


def render(
    request: web.Request, template: str, context: Mapping[str, object], status: int = 200
) -> web.Response:
    """Return a page.

    Args:
        request: What was asked for.
        template: Name of the template.
        context: What it shows.
        status: HTTP status.
    """
    return aiohttp_jinja2.render_template(template, request, dict(context), status=status)


def _finalized(found: Any) -> Any:
    # Markup is what templates make of themselves; every other text may come from a site.
    return inert(found, _LONGEST) if type(found) is str or isinstance(found, Status) else found
