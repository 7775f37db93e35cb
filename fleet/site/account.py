"""Whom a site takes us for, as far as its answers tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fleet.errors import SiteError
from fleet.site.discovery import Endpoints
from fleet.site.wire import Answer, brief

__all__ = ["FOR_ACCOUNTS", "ME", "ME_QUERY", "Identity", "identity_in", "refuse_anonymous"]

ME = "wp/v2/users/me"
ME_QUERY = {"context": "edit", "_fields": "id,name,roles,capabilities"}
"""WordPress leaves all rights out where a single one is asked for by a nested name (4.7 to 7.1)."""

FOR_ACCOUNTS = frozenset({ME, "wp/v2/settings", "jetpack/v4/settings", "jetpack/v4/module/all"})
"""Routes that give no good answer to somebody who is not signed in."""

_REJECTED = ("incorrect_password", "invalid_username", "invalid_email")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the site takes us for.

    Args:
        username: Display name; hostile text. Empty where the site does not tell.
        roles: Role names such as ``administrator``.
        manages: Whether the account has ``manage_options``, or None where no route tells
            (WordPress older than 4.7).
    """

    username: str = ""
    roles: tuple[str, ...] = ()
    manages: bool | None = None


def identity_in(user: Mapping[str, object]) -> Identity:
    """Return what an answer of ``users/me`` tells."""
    roles, rights = user.get("roles"), user.get("capabilities")
    return Identity(
        username=brief(str(user.get("name", ""))),
        roles=tuple(brief(str(role)) for role in roles) if isinstance(roles, list) else (),
        manages=bool(rights.get("manage_options")) if isinstance(rights, dict) else None,
    )


def refuse_anonymous(answer: Answer, endpoints: Endpoints, *, browses: bool) -> None:
    """Refuse to go on as nobody.

    WordPress ignores an application password that is wrong, and answers as it does to nobody
    (6.0 to 7.1); so does one that never got the header. Only some sites tell.

    Args:
        answer: An answer to a signed request.
        endpoints: What the site offers.
        browses: Whether we signed in by cookie.

    Raises:
        SiteError: ``auth.bad_credentials`` or ``auth.anonymous``.
    """
    if answer.status != 401:
        return
    if answer.code in _REJECTED:
        raise SiteError("auth.bad_credentials", "the site rejected the application password")
    if browses:
        why = ""
    elif endpoints.passwords is False:
        why = ": it offers no application passwords (old, on plain http, or switched off)"
    else:
        why = (
            ": the application password is wrong, or the server drops the Authorization"
            " header; neither counts as a failed login"
        )
    raise SiteError("auth.anonymous", f"the site answers as if nobody were logged in{why}")
