"""``fleet sites``: the inventory as the tool understands it."""

from __future__ import annotations

from cyclopts import App

from fleet.front.console import say
from fleet.front.options import Selection
from fleet.inventory.model import Inventory, Site

__all__ = ["app"]

app = App(name="sites", help="Show the inventory.")


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


def _table(inventory: Inventory) -> list[str]:
    rows = [
        (
            site.name,
            str(site.url),
            ",".join(f"{key}={value}" for key, value in sorted(site.labels.items())),
            "paused" if site.paused else "",
        )
        for site in inventory.sites.values()
    ]
    name = max(len(row[0]) for row in rows)
    url = max(len(row[1]) for row in rows)
    return [f"{r[0]:<{name}}  {r[1]:<{url}}  {r[2]}  {r[3]}".rstrip() for r in rows]


def _origins(site: Site) -> list[str]:
    width = max(map(len, site.origins))
    value = max(len(origin.value) for origin in site.origins.values())
    lines = [site.name]
    for key, origin in sorted(site.origins.items()):
        where = f"{origin.source}, {origin.place}" if origin.place else origin.source
        lines.append(f"  {key:<{width}}  {origin.value:<{value}}  {where}")
    return lines
