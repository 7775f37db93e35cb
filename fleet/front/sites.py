"""``fleet sites``: the inventory as the tool understands it, and what its sites are taken for."""

from __future__ import annotations

from cyclopts import App

from fleet.config import Settings
from fleet.engine.accepting import accept_site
from fleet.errors import SiteError
from fleet.front.console import say, tell
from fleet.front.execute import run_async
from fleet.front.options import Output, Selection
from fleet.inventory.model import Inventory, Site
from fleet.journal.journal import open_journal
from fleet.report.inert import inert
from fleet.site.identity import Face

__all__ = ["app"]

app = App(name="sites", help="Show the inventory.")
BLOCKED = 3


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


@app.command
def accept(name: str, /, *, selection: Selection | None = None, out: Output | None = None) -> int:
    """Take a site for what it is now, and let a password that it rejected be sent once more.

    It is looked at without any credential. Say this after identity.mismatch where the change is
    right, or where a password is right that the site rejected before.

    Args:
        name: Name of the site.
    """
    whole, _ = (selection or Selection()).load()
    (site,) = whole.select(sites=(name,)).sites.values()
    store = (out or Output()).store

    async def run() -> tuple[Face | None, Face]:
        async with open_journal(store) as journal:
            return await accept_site(site, journal, Settings())

    try:
        before, now = run_async(run)
    except SiteError as error:
        tell(f"fleet: {name}: {error.kind}: {inert(error.message, 400)}; nothing was accepted")
        return BLOCKED
    if before is not None and before != now:
        say(f"{name} was {_shown(before)}")
    say(f"{name} is {_shown(now)}")
    say("accepted; what it rejected before may be sent once more")
    return 0


def _shown(face: Face) -> str:
    title = f'"{inert(face.name, 80)}" ' if face.name else ""
    number = f", number {inert(face.blog, 20)} at WordPress.com" if face.blog else ""
    return f"{title}at {inert(face.home or face.root, 200)}{number}"


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
