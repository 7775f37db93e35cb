"""What the settings of a site, laid over one another, come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from fleet.inventory.layers import Setting
from fleet.inventory.references import SecretRef
from fleet.inventory.sites import Auth, AuthMethod, Http
from fleet.inventory.windows import Freeze, Window

__all__ = ["Effective"]

T = TypeVar("T")

_LABELS = "labels."


@dataclass(frozen=True, slots=True)
class Effective:
    """The settings of all layers, the highest of each path.

    Args:
        settings: By path; those with mistakes are broken and read as missing.
    """

    settings: Mapping[str, Setting]

    def value(self, path: str, kind: type[T]) -> T | None:
        """Return the value at `path`, or None where it is missing or broken."""
        setting = self.settings.get(path)
        return setting.value if setting and isinstance(setting.value, kind) else None

    @property
    def auth(self) -> Auth | None:
        """Return the account, or None where something of it is missing or broken."""
        method = self.value("auth.method", str)
        username = self.value("auth.username", str)
        password = self.value("auth.password", SecretRef)
        login_path = self.value("auth.login_path", str)
        if not method or not username or not password or not login_path:
            return None
        return Auth(AuthMethod(method), username, password, login_path)

    @property
    def http(self) -> Http | None:
        """Return how requests are made, or None where something of it is broken."""
        timeout = self.value("http.timeout", float)
        deadline = self.value("http.deadline", float)
        if not timeout or not deadline:
            return None
        return Http(
            timeout=timeout,
            deadline=deadline,
            allow_plaintext=self.value("http.allow_plaintext", bool) is True,
            ca_file=self.value("http.ca_file", Path),
            pin=self.value("http.pin", str) or "",
            proxy=self.value("http.proxy", str) or "",
        )

    @property
    def paused(self) -> bool:
        """Return whether runs leave the site out."""
        return self.value("state", str) == "paused"

    @property
    def window(self) -> Window | None:
        """Return when in a week the site may be changed; None at any time."""
        zone = self.value("window.tz", str)
        spans = self.value("window.allow", tuple)
        return Window(zone or "UTC", spans or ()) if zone or spans else None

    @property
    def freezes(self) -> tuple[Freeze, ...]:
        """Return the days on which the site is not changed."""
        found = [s.value for s in self.settings.values() if isinstance(s.value, Freeze)]
        return tuple(sorted(found, key=lambda freeze: (freeze.first, freeze.last)))

    @property
    def labels(self) -> Mapping[str, str]:
        """Return what selectors match; read-only."""
        return MappingProxyType(
            {
                path.removeprefix(_LABELS): str(setting.value)
                for path, setting in self.settings.items()
                if path.startswith(_LABELS)
            }
        )
