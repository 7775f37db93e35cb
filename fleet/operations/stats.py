"""What Jetpack measures on a site, gathered in one go: each figure stands alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic.dataclasses import dataclass as parameters

from fleet.errors import SiteError
from fleet.operations.base import Query
from fleet.operations.connection import connection_word
from fleet.operations.readers import (
    NOT_CONNECTED,
    ONE_ROUTE_ONLY,
    SOURCES,
    Figure,
    Source,
    missing,
)
from fleet.site.client import Connection, JetpackReader, demand
from fleet.site.wire import Answer

__all__ = ["OPERATIONS", "CollectStats"]

_LATE = "net.timeout"
_ONE_FIGURE_ONLY = ONE_ROUTE_ONLY | {_LATE, "proto.truncated"}
"""Trouble that a figure may have alone: for most the site itself has to ask somebody else."""
_PATIENCE = 2
"""Figures that are waited for in vain, so that the others do not fall to the visit's deadline."""


@parameters(frozen=True)
class CollectStats(Query):
    """Read every figure that Jetpack keeps about a site."""

    name = "stats.collect"
    summary = "Collect protect, monitor, verification, updates, Akismet, backup and site data."
    routes = ("GET connection", *(f"GET {source.route}" for source in SOURCES.values()))

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return the connection and, per figure, ``value`` with ``unit`` or ``reason``.

        Raises:
            SiteError: Every figure that was asked for met trouble of the site's; what most met.
        """
        connection = await reader.connection()
        facts: dict[str, object] = {"connection": connection_word(connection)}
        met: list[SiteError | None] = []
        for source in SOURCES.values():
            late = sum(error is not None and error.kind == _LATE for error in met)
            if late >= _PATIENCE:
                facts[source.name] = missing(f"not asked for, after {late} others timed out")
                continue
            answer, error = await _asked(reader, source, connection)
            facts[source.name] = _figure(source, answer, error)
            if answer is not None or error is not None:
                met.append(error)
        errors = [error for error in met if error is not None]
        if errors and len(errors) == len(met):
            raise _common(errors)
        return facts


async def _asked(
    reader: JetpackReader, source: Source, connection: Connection
) -> tuple[Answer | None, SiteError | None]:
    """Return the answer for a figure, if any, and what it means if it is the site's trouble."""
    try:
        answer = await source.answer(reader, connection)
        if answer is None or (answer.status < 500 and answer.status not in (401, 403)):
            return answer, None
    except SiteError as error:
        if error.kind not in _ONE_FIGURE_ONLY:
            raise
        return None, error
    try:
        return demand(answer), None
    except SiteError as error:
        return answer, error


def _figure(source: Source, answer: Answer | None, error: SiteError | None) -> Figure:
    if answer is not None:
        return source.read(answer)
    return missing(error.message) if error is not None else dict(NOT_CONNECTED)


def _common(errors: Sequence[SiteError]) -> SiteError:
    """Return the first of the errors whose kind is the most common."""
    ((kind, _),) = Counter(error.kind for error in errors).most_common(1)
    return next(error for error in errors if error.kind == kind)


OPERATIONS = (CollectStats,)
