"""An inventory of the real sites, as a user would write it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fleet.config import Limits, Settings
from fleet.engine.fleet import Fleet
from fleet.engine.sessions import SessionCache
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretResolver
from tests.wordpress.site import WordPressSite

__all__ = ["fleet_of"]


def fleet_of(
    folder: Path,
    sites: Mapping[str, WordPressSite],
    *,
    username: str = "",
    password: str | None = None,
    method: str = "cookie",
    sessions: SessionCache | None = None,
) -> Fleet:
    """Return a fleet of real sites, as their administrators unless said otherwise."""
    lines = ["version: 1", "sites:"]
    environ = {}
    for number, (name, site) in enumerate(sites.items()):
        own = site.password if method == "cookie" else site.application_password
        environ[f"FLEET_PW_{number}"] = own if password is None else password
        lines += [
            f"  {name}:",
            f"    url: {site.url}",
            f"    auth: {{method: {method}, username: {username or site.admin},"
            f" password: 'env:FLEET_PW_{number}'}}",
        ]
    path = folder / "inventory.yaml"
    path.write_text("\n".join(lines))
    settings = Settings(limits=Limits(concurrency=4, per_host=4))
    resolver = SecretResolver(environ)
    return Fleet(Inventory.load([path]), settings, resolver=resolver, sessions=sessions)
