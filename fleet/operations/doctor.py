"""What a visit of ``fleet doctor`` reads, once the site has let it in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

from pydantic.dataclasses import dataclass as parameters

from fleet.errors import SiteError
from fleet.operations.audit import plugin_rows
from fleet.operations.base import Query
from fleet.operations.facts import read_versions
from fleet.operations.readers import Figure, known, missing
from fleet.site.client import JetpackReader, demand

__all__ = ["ExamineSite"]

_JETPACK = "jetpack/jetpack.php"


@parameters(frozen=True)
class ExamineSite(Query):
    """Read versions, connection and clock of a site; that it can be read at all is the rest.

    Args:
        clock: Unix time of this machine.
    """

    name = "doctor"
    summary = "Tell whether each site can be worked with."
    routes = ("GET connection", "GET plugins")

    clock: Callable[[], float] = time.time

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``jetpack``, ``wordpress``, ``connection`` and ``clock`` (seconds apart).

        Raises:
            SiteError: The site cannot be read.
        """
        answer = demand(await reader.read("connection"))
        apart = _apart(answer.headers.get("Date", ""), self.clock())
        connection = await reader.connection()
        state = "offline" if connection.offline else "unconnected"
        return {
            "jetpack": await _jetpack(reader),
            "wordpress": (await read_versions(reader))["wordpress"],
            "connection": known("connected" if connection.connected else state),
            "clock": missing("the site's server tells no time") if apart is None else known(apart),
        }


async def _jetpack(reader: JetpackReader) -> Figure:
    try:
        rows = plugin_rows(await reader.read("plugins"))
    except SiteError as error:
        return missing(error.message)
    version = next((row["version"] for row in rows if row["file"] == _JETPACK), None)
    return known(version) if version else missing("it is not among the plugins")


def _apart(date: str, now: float) -> int | None:
    """Return by how many seconds the site's clock is ahead of ours."""
    try:
        return round(parsedate_to_datetime(date).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
