"""One site made from its layers, and the mistakes that only show in the outcome."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from yarl import URL

from fleet.errors import InputError, Place
from fleet.inventory.address import is_loopback
from fleet.inventory.fields import display
from fleet.inventory.layers import BUILT_IN, Layer, Setting
from fleet.inventory.parts import Named
from fleet.inventory.references import SecretRef
from fleet.inventory.sites import Auth, AuthMethod, Http, Site
from fleet.inventory.windows import Freeze, Window
from fleet.inventory.wording import shown

__all__ = ["Assembler"]

T = TypeVar("T")

_LABELS = "labels."
_RANK = {"built": 0, "defaults": 1, "group": 2, "site": 3}


class Assembler:
    """Lays the layers of a site over one another.

    Args:
        key: The site's name and place.
        layers: The layers from the lowest to the highest, without the built-in one.
    """

    def __init__(self, key: Named, layers: Iterable[Layer]) -> None:
        self.errors: list[InputError] = []
        self._key = key
        self._settings = dict(BUILT_IN)
        for layer in layers:
            self._settings.update(layer)

    @property
    def url(self) -> URL | None:
        """Return the site's address, or None where it is missing or broken."""
        return self._value("url", URL)

    def site(self, groups: tuple[str, ...]) -> Site | None:
        """Return the site, or None where a mistake was noted here or before."""
        self._check_needed()
        self._check_plaintext()
        self._check_times()
        url = self.url
        auth = self._auth()
        http = self._http()
        if self.errors or not url or not auth or not http:
            return None
        return Site(
            name=self._key.name,
            url=url,
            groups=groups,
            labels=self._labels(),
            auth=auth,
            http=http,
            paused=self._value("state", str) == "paused",
            origins=MappingProxyType({path: s.origin for path, s in self._settings.items()}),
            window=self._window(),
            freezes=self._freezes(),
        )

    def _value(self, path: str, kind: type[T]) -> T | None:
        """Return the value at `path`, or None where it is missing or broken."""
        setting = self._settings.get(path)
        return setting.value if setting and isinstance(setting.value, kind) else None

    def _check_needed(self) -> None:
        name = shown(self._key.name)
        if "url" not in self._settings:
            self._note(f"the site {name} has no url", self._key.place)
        for path in ("auth.username", "auth.password"):
            if path not in self._settings:
                message = f"the site {name} has no {path}: write it here, in a group or in defaults"
                self._note(message, self._key.place)

    def _check_plaintext(self) -> None:
        url = self.url
        allowed = self._settings["http.allow_plaintext"].value
        if url and url.scheme == "http" and allowed is False and not is_loopback(url):
            self._note(
                "plain http would show the password to everyone on the way: write https://, "
                "or set http.allow_plaintext: true",
                self._settings["url"].origin.place,
            )

    def _check_times(self) -> None:
        http = self._http()
        if http and http.deadline < http.timeout:
            settings = self._settings["http.timeout"], self._settings["http.deadline"]
            self._note(
                f"http.deadline ({display(http.deadline)}) is shorter than http.timeout "
                f"({display(http.timeout)})",
                max(settings, key=_rank).origin.place,
            )

    def _auth(self) -> Auth | None:
        method = self._value("auth.method", str)
        username = self._value("auth.username", str)
        password = self._value("auth.password", SecretRef)
        login_path = self._value("auth.login_path", str)
        if not method or not username or not password or not login_path:
            return None
        return Auth(AuthMethod(method), username, password, login_path)

    def _http(self) -> Http | None:
        timeout = self._value("http.timeout", float)
        deadline = self._value("http.deadline", float)
        if not timeout or not deadline:
            return None
        return Http(
            timeout=timeout,
            deadline=deadline,
            allow_plaintext=self._value("http.allow_plaintext", bool) is True,
            ca_file=self._value("http.ca_file", Path),
            pin=self._value("http.pin", str) or "",
            proxy=self._value("http.proxy", str) or "",
        )

    def _window(self) -> Window | None:
        zone = self._value("window.tz", str)
        spans = self._value("window.allow", tuple)
        return Window(zone or "UTC", spans or ()) if zone or spans else None

    def _freezes(self) -> tuple[Freeze, ...]:
        found = [s.value for s in self._settings.values() if isinstance(s.value, Freeze)]
        return tuple(sorted(found, key=lambda freeze: (freeze.first, freeze.last)))

    def _labels(self) -> MappingProxyType[str, str]:
        return MappingProxyType(
            {
                path.removeprefix(_LABELS): str(setting.value)
                for path, setting in self._settings.items()
                if path.startswith(_LABELS)
            }
        )

    def _note(self, message: str, place: Place | None) -> None:
        self.errors.append(InputError(message, place))


def _rank(setting: Setting) -> int:
    return _RANK[setting.origin.source.split()[0]]
