"""What Jetpack measures on a site, gathered in one go: each figure stands alone."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic.dataclasses import dataclass as parameters

from fleet.errors import SiteError
from fleet.operations.base import Query
from fleet.operations.connection import connection_word
from fleet.operations.readers import ONE_ROUTE_ONLY, SOURCES, Figure, Source, missing
from fleet.site.client import Connection, JetpackReader

__all__ = ["OPERATIONS", "CollectStats"]


@parameters(frozen=True)
class CollectStats(Query):
    """Read every figure that Jetpack keeps about a site."""

    name = "stats.collect"
    summary = "Collect protect, monitor, verification, updates, Akismet, backup and site data."
    routes = ("GET connection", *(f"GET {source.route}" for source in SOURCES.values()))

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return the connection and, per figure, ``value`` with ``unit`` or ``reason``."""
        connection = await reader.connection()
        facts: dict[str, object] = {"connection": connection_word(connection)}
        for source in SOURCES.values():
            facts[source.name] = await _figure(reader, source, connection)
        return facts


async def _figure(reader: JetpackReader, source: Source, connection: Connection) -> Figure:
    try:
        return await source.ask(reader, connection)
    except SiteError as error:
        if error.kind not in ONE_ROUTE_ONLY:
            raise
        return missing(error.message)


OPERATIONS = (CollectStats,)
