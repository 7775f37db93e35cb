"""``fleet sites``: the inventory as the tool understands it, and what its sites are taken for."""

from __future__ import annotations

from collections.abc import Iterator

from cyclopts import App

from fleet.front.console import say
from fleet.front.options import Selection
from fleet.inventory.model import Inventory, Site

__all__ = ["app"]

app = App(name="sites", help="Show the inventory.")
# Loaded when they are called: `list` is what people wait for.
app.command("fleet.front.sites_accept:accept", name="accept")
app.command("fleet.front.sites_import:import_sites", name="import")


@app.command(name="list")
def list_sites(*, selection: Selection | None = None) -> int:
    """List the selected sites with address and labels."""
    _, selected = (selection or Selection()).load()
    for line in _table(selected):
        say(line)
    return 0


@app.command
def show(name: str, /, *, selection: Selection | None = None) -> int:
    """Show each effective value of a site and where it comes from.

    Args:
        name: Name of the site.
    """
    whole, _ = (selection or Selection()).load()
    (site,) = whole.select(sites=(name,)).sites.values()
    for line in _origins(site):
        say(line)
    return 0


def _table(inventory: Inventory) -> Iterator[str]:
    """Yield a line for each site, without keeping them all."""
    name = max(map(len, inventory.sites))
    url = max(len(str(site.url)) for site in inventory.sites.values())
    for site in inventory.sites.values():
        labels = ",".join(f"{key}={value}" for key, value in sorted(site.labels.items()))
        state = "paused" if site.paused else ""
        yield f"{site.name:<{name}}  {site.url!s:<{url}}  {labels}  {state}".rstrip()


def _origins(site: Site) -> list[str]:
    width = max(map(len, site.origins))
    value = max(len(origin.value) for origin in site.origins.values())
    lines = [site.name]
    for key, origin in sorted(site.origins.items()):
        where = f"{origin.source}, {origin.place}" if origin.place else origin.source
        lines.append(f"  {key:<{width}}  {origin.value:<{value}}  {where}")
    return lines
