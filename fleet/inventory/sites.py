"""A site as the rest of the program sees it: every setting decided, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from yarl import URL

from fleet.errors import Place
from fleet.inventory.secrets import SecretRef
from fleet.inventory.windows import Freeze, Window, opens

__all__ = ["Auth", "AuthMethod", "Http", "Origin", "Site"]


class AuthMethod(StrEnum):
    """How the tool proves to a site who it is."""

    COOKIE = "cookie"
    APPLICATION_PASSWORD = "application-password"  # noqa: S105 - the name of a method


@dataclass(frozen=True, slots=True)
class Auth:
    """The account used on a site.

    Args:
        method: How it signs in.
        username: Login name or e-mail address.
        password: Where the password is; for `AuthMethod.APPLICATION_PASSWORD` the application's.
        login_path: Address of the login form relative to the site's, for hidden logins.
    """

    method: AuthMethod
    username: str
    password: SecretRef
    login_path: str = "wp-login.php"


@dataclass(frozen=True, slots=True)
class Http:
    """How requests to a site are made.

    Args:
        timeout: Seconds one request may take.
        deadline: Seconds the whole visit to the site may take.
        allow_plaintext: Whether plain http may be used beyond this machine.
        ca_file: Certificate authorities to trust for this site instead of the system's.
        pin: The one public key to trust, as ``sha256/`` and its digest in base64; empty for none.
        proxy: Address of a proxy that requests go through; empty for none.
    """

    timeout: float = 30.0
    deadline: float = 120.0
    allow_plaintext: bool = False
    ca_file: Path | None = None
    pin: str = ""
    proxy: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setting got its value.

    Args:
        value: The value for people; a secret as its reference, an inline one as ``(inline)``.
        place: Where it is written; None for built-in values.
        source: ``site``, ``group gold``, ``defaults`` or ``built in``.
    """

    value: str
    place: Place | None
    source: str


@dataclass(frozen=True, slots=True)
class Site:
    """One site.

    Args:
        name: Its unique name.
        url: Its address: lower-case host, no default port, a path that ends with "/".
        groups: The groups it takes settings from, later ones first in rank.
        labels: What selectors match; read-only.
        auth: The account.
        http: How requests are made.
        paused: Whether runs leave it out, as `skipped`.
        origins: Origin of each effective setting by dotted path, such as ``auth.username``,
            ``labels.client``, ``http.timeout``; read-only.
        window: When in a week it may be changed; None at any time.
        freezes: Days on which it is not changed, in the order of their first days.
    """

    name: str
    url: URL
    groups: tuple[str, ...]
    labels: Mapping[str, str] = field(hash=False)
    auth: Auth
    http: Http
    paused: bool
    origins: Mapping[str, Origin] = field(hash=False, compare=False, repr=False)
    window: Window | None = None
    freezes: tuple[Freeze, ...] = ()

    def opens(self, now: datetime) -> datetime | None:
        """Return the earliest moment from `now` on at which a change may start; None for never."""
        return opens(self.window, self.freezes, now)
