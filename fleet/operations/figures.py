"""Single figures, for whoever wants one of those that ``stats.collect`` gathers.

A figure that does not exist is null with a reason. An account without rights and a route that
breaks are errors here: nothing else was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic.dataclasses import dataclass as parameters

from fleet.operations.base import Query
from fleet.operations.readers import SOURCES, Source
from fleet.site.client import JetpackReader

__all__ = ["OPERATIONS"]

_NULL_WHEN_OFF = "null with a reason where the module is off"


class _OneFigure(Query):
    """What reading any single figure is."""

    source: ClassVar[Source]
    apart = _NULL_WHEN_OFF

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return the figure under the key it has in ``stats.collect``."""
        return {self.source.name: await self.source.ask(reader)}


@parameters(frozen=True)
class SiteData(_OneFigure):
    """Read what WordPress.com knows of a site."""

    name = "site.data"
    summary = "Tell each site's id and plan at WordPress.com."
    routes = ("GET connection", "GET site")
    seed = "Get current site data"
    rights = "jetpack_admin_page"
    apart = "null with a reason, without asking WordPress.com"
    source = SOURCES["site"]


@parameters(frozen=True)
class ProtectBlocked(_OneFigure):
    """Read how many logins Protect has blocked."""

    name = "protect.blocked"
    summary = "Count the attacks that Protect has blocked."
    routes = ("GET module/protect/data",)
    seed = "Get count of blocked attacks by Protect"
    rights = "jetpack_admin_page"
    source = SOURCES["protect"]


@parameters(frozen=True)
class MonitorDowntime(_OneFigure):
    """Read when a site was down last, in the site's own language."""

    name = "monitor.downtime"
    summary = "Tell how long ago each site was last down, in the site's own words."
    routes = ("GET module/monitor/data",)
    seed = "Get the last time the site was down from Monitor"
    rights = "jetpack_admin_page"
    source = SOURCES["monitor"]


@parameters(frozen=True)
class VerificationServices(_OneFigure):
    """Read which services have verified a site."""

    name = "verification.services"
    summary = "List the services each site is verified with."
    routes = ("GET module/verification-tools/data",)
    seed = "Get services that this site is verified with"
    rights = "jetpack_admin_page"
    source = SOURCES["verification"]


@parameters(frozen=True)
class PluginUpdates(_OneFigure):
    """Read how many plugins wait for an update, as of WordPress's last look."""

    name = "plugins.updates"
    summary = "Count the plugins that wait for an update."
    routes = ("GET updates/plugins",)
    seed = "Get number of updates available for plugins"
    rights = "jetpack_admin_page; without update_plugins the site always says 0"
    apart = "the same"
    source = SOURCES["updates"]


@parameters(frozen=True)
class AkismetSpam(_OneFigure):
    """Read how many spam comments Akismet has caught."""

    name = "akismet.spam"
    summary = "Count the spam comments that Akismet has caught."
    routes = ("GET module/akismet/data",)
    seed = "Get stats from Akismet filtered spam"
    rights = "jetpack_admin_page"
    apart = "null with a reason where Akismet is off or has no key"
    source = SOURCES["akismet"]


@parameters(frozen=True)
class LastBackup(_OneFigure):
    """Read when VaultPress made its last backup."""

    name = "backup.last"
    summary = "Tell when VaultPress made its last backup."
    routes = ("GET module/vaultpress/data",)
    seed = "Get date of last backup"
    rights = "jetpack_admin_page"
    source = SOURCES["backup"]


OPERATIONS = (
    SiteData,
    ProtectBlocked,
    MonitorDowntime,
    VerificationServices,
    PluginUpdates,
    AkismetSpam,
    LastBackup,
)
