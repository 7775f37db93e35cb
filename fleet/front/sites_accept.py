"""``fleet sites accept``: a site is taken for what it is now."""

from __future__ import annotations

from fleet.config import Settings
from fleet.engine.accepting import accept_site
from fleet.errors import SiteError
from fleet.front.console import say, tell
from fleet.front.execute import run_async
from fleet.front.options import Output, Selection
from fleet.journal.journal import open_journal
from fleet.report.inert import inert
from fleet.site.identity import Face

__all__ = ["accept"]

BLOCKED = 3


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
