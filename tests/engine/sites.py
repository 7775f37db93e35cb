"""Made-up sites for the engine's tests."""

from __future__ import annotations

from pathlib import Path

from yarl import URL

from fleet.inventory.model import Auth, AuthMethod, Http, Inventory, Site
from fleet.inventory.secrets import SecretKind, SecretRef

__all__ = ["inventory", "site"]


def inventory(folder: Path, text: str) -> Inventory:
    """Return the inventory in `text`, written to `folder`."""
    path = folder / "inventory.yaml"
    path.write_text(text)
    return Inventory.load([path])


def site(name: str, address: str = "127.0.0.1:9") -> Site:
    """Return a site that nobody serves."""
    return Site(
        name=name,
        url=URL(f"http://{address}/{name}/"),
        groups=(),
        labels={},
        auth=Auth(AuthMethod.COOKIE, "admin", SecretRef(SecretKind.ENV, "FLEET_TEST")),
        http=Http(),
        paused=False,
        origins={},
    )
