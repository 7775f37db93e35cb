"""The connection of a site to WordPress.com."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic.dataclasses import dataclass as parameters

from fleet.operations.base import Query
from fleet.site.client import Connection, JetpackReader

__all__ = ["OPERATIONS", "ConnectionStatus", "connection_word"]


def _facts(connection: Connection) -> dict[str, object]:
    """Return what a connection means, in words that are the same for every version."""
    return {
        "connected": connection.connected,
        "owner": connection.owner,
        "offline": connection.offline,
        "staging": connection.is_staging,
    }


def connection_word(connection: Connection) -> str:
    """Return what a connection means in a word or two."""
    if connection.offline:
        return "offline"
    if not connection.connected:
        return "not connected"
    if connection.is_staging:
        return "safe mode"
    return "connected" if connection.owner else "no owner"


@parameters(frozen=True)
class ConnectionStatus(Query):
    """Read whether a site is connected to WordPress.com."""

    name = "connection.status"
    summary = "Tell whether each site is connected to WordPress.com."
    routes = ("GET connection",)

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``{"connection": {"connected", "owner", "offline", "staging"}}``."""
        return {"connection": _facts(await reader.connection())}


OPERATIONS = (ConnectionStatus,)
