"""What is known of a site from an earlier visit: its addresses, and a session that may still hold.

Nothing of it is believed by itself. WordPress signs cookies and nonces with keys of the install, so
an answer that is to us proves that it is the same install; until then a session is unproven.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yarl import URL

from fleet.errors import FleetError
from fleet.site.discovery import Endpoints

__all__ = ["Outdated", "Remembered"]

_JETPACK = "jetpack/v4"
_FORM = 1
"""Number of the form in which it is kept; another one is not read."""

Row = tuple[str, str, str, str]


class Outdated(FleetError):
    """What was remembered of a site holds no longer; nothing was changed.

    No `SiteError`, so that no operation takes it for the trouble of a single route.
    """


@dataclass(frozen=True, slots=True)
class Remembered:
    """What one visit leaves for the next.

    Args:
        endpoints: Where the site's parts are.
        since: Unix time of the login.
        link: The site's own address of its REST API, as each of its answers tells it.
        nested: Whether ``_fields`` takes nested names (WordPress 5.3).
        absent: Routes that the site does not have.
        nonce: The last nonce; empty for application passwords.
        cookies: Origin, path, name and value of each cookie.
    """

    endpoints: Endpoints
    since: float
    link: str = ""
    nested: bool = True
    absent: frozenset[str] = frozenset()
    nonce: str = field(default="", repr=False)
    cookies: tuple[Row, ...] = field(default=(), repr=False)

    def encoded(self) -> str:
        """Return it as text that `decoded` reads."""
        return json.dumps(self.document())

    def document(self) -> dict[str, object]:
        """Return it as JSON values."""
        places = self.endpoints
        return {
            "form": _FORM,
            "root": str(places.rest_root),
            "files": str(places.siteurl),
            "jetpack": _JETPACK in (places.namespaces or ()),
            "name": places.name,
            "home": None if places.home is None else str(places.home),
            "passwords": places.passwords,
            "since": self.since,
            "link": self.link,
            "nested": self.nested,
            "absent": sorted(self.absent),
            "nonce": self.nonce,
            "cookies": [list(row) for row in self.cookies],
        }

    @classmethod
    def decoded(cls, text: str) -> Remembered | None:
        """Return what `text` holds, or None where it is not of this form."""
        try:
            return cls._read(json.loads(text))
        except (KeyError, TypeError, ValueError):
            return None

    @classmethod
    def _read(cls, kept: Mapping[str, Any]) -> Remembered | None:
        if kept["form"] != _FORM or not _is_whole(kept):
            return None
        endpoints = Endpoints(
            rest_root=URL(kept["root"], encoded=True),
            siteurl=URL(kept["files"], encoded=True),
            namespaces=frozenset({_JETPACK} if kept["jetpack"] else ()),
            name=kept["name"],
            home=None if kept["home"] is None else URL(kept["home"], encoded=True),
            passwords=kept["passwords"],
        )
        return cls(
            endpoints,
            kept["since"],
            kept["link"],
            kept["nested"],
            frozenset(kept["absent"]),
            kept["nonce"],
            tuple((origin, path, name, value) for origin, path, name, value in kept["cookies"]),
        )


def _is_whole(kept: Mapping[str, Any]) -> bool:
    """Return whether values are what `Remembered.document` makes them."""
    texts = [kept["name"], kept["link"], kept["nonce"], *kept["absent"]]
    texts += [part for row in kept["cookies"] for part in row]
    return isinstance(kept["since"], int | float) and all(isinstance(each, str) for each in texts)
