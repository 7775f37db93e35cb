"""``fleet plugins``: what other distributions add."""

from __future__ import annotations

from cyclopts import App

from fleet.front.console import say, tell
from fleet.plugins import Found, Plugins

__all__ = ["app"]

app = App(name="plugins", help="List the plugins that are installed.")


@app.command(name="list")
def list_plugins() -> int:
    """List the plugins with the packages they came with; none of them is loaded."""
    rows = [(each.group.partition(".")[2], each.name, each.distribution) for each in _sorted()]
    if not rows:
        tell("no plugins are installed; docs/extending.md tells how to write one")
        return 0
    kind, name = (max(len(row[column]) for row in rows) for column in (0, 1))
    for row in rows:
        say(f"{row[0]:<{kind}}  {row[1]:<{name}}  {row[2]}")
    return 0


def _sorted() -> list[Found]:
    return sorted(Plugins().listed(), key=lambda each: (each.group, each.name))
