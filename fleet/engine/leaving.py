"""What a visit leaves for the next run, and when it leaves nothing."""

from __future__ import annotations

import time

from pydantic import SecretStr

from fleet.engine.sessions import KeptSessions
from fleet.inventory.model import Site
from fleet.redaction import SESSION_SHAPE, Accounts
from fleet.site.remembered import Remembered
from fleet.site.session import SiteSession

__all__ = ["keep_session"]


def keep_session(
    sessions: KeptSessions,
    site: Site,
    password: SecretStr,
    session: SiteSession,
    warm: Remembered | None,
    accounts: Accounts,
) -> None:
    """Keep the session for the next run, unless the site made a cookie of the password.

    Args:
        sessions: Where it is kept.
        site: The site.
        password: The account's.
        session: What the visit leaves.
        warm: What it went on from; nothing is written where that is still so.
        accounts: Makes what knows the password in whatever is left.
    """
    left = session.remembered(time.time())
    if left is None or left == warm:
        return
    document = left.document()
    if warm is not None and document == warm.document():
        return
    known = (site.name, str(site.url))
    plain = accounts.redactor(site.auth.username, password.get_secret_value(), known)
    # What WordPress made is known by its shape; anything else in it could be the password.
    rest = {**document, "cookies": [_unsigned(row) for row in left.cookies]}
    text = left.encoded()
    if plain.value(rest) == rest and password.get_secret_value() not in text:
        sessions.keep(site, password, left, text)
    else:
        sessions.forget(site, password)


def _unsigned(row: tuple[str, ...]) -> list[str]:
    return [SESSION_SHAPE.sub("", part) for part in row]
