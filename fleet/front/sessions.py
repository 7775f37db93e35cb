"""``fleet sessions``: what is kept of earlier sessions, so that runs need not log in each time."""

from __future__ import annotations

from cyclopts import App

from fleet.engine.sessions import SessionCache
from fleet.errors import FleetError
from fleet.front.console import say
from fleet.front.options import Selection
from fleet.report.inert import inert

__all__ = ["app"]

app = App(name="sessions", help="Forget the sessions that are kept between runs.")


@app.command
def forget(*names: str, selection: Selection | None = None) -> int:
    """Forget the sessions of some sites, or of all; each logs in anew at its next visit.

    The sites themselves are not told: there a session ends by itself, or in the account's profile.

    Args:
        names: Names or globs of sites; without any, the whole cache is removed.
        selection: Which sites, and where the inventory is.
    """
    selection, cache = selection or Selection(), SessionCache()
    sites = None
    if names or selection.named or selection.exclude:
        whole, selected = selection.load()
        chosen = whole.select(sites=names) if names else selected
        sites = list(chosen.sites.values())
    try:
        found = cache.forget(sites)
    except OSError as error:
        raise FleetError(f"{cache.path} cannot be removed: {error.strerror}") from error
    count = "all sessions" if sites is None else f"the sessions of {len(sites):,} sites"
    path = inert(str(cache.path), 400)
    say(f"{count} forgotten: {path}" if found else f"no sessions are kept: {path}")
    return 0
