"""The cookies of one site: few, small, and never for anybody but the origin that set them.

The library's jar keeps cookies by host name alone, so that sites on two ports, or the http and
the https side of one host, would share their sessions. Here the origin is part of each cookie,
whatever domain the site claims for it; what the rules of RFC 6265 do not allow is dropped.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

from yarl import URL

__all__ = ["Cookies", "http_date"]

MOST = 50
"""Cookies of one site; WordPress sets about six."""

ROOM = 16 * 1024
"""Characters of all names and values of one site together."""

_LONGEST = 4096
"""Characters of one cookie, as in browsers."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")
"""Printable ASCII alone: anything else could not be sent back in a header."""

_SECONDS = re.compile(r"-?[0-9]{1,18}")
_DATE = re.compile(r"[A-Za-z]{3,9}, [0-9]{1,2}[ -][A-Za-z]{3}[ -][0-9]{2,4} [0-9:]{8} GMT")


@dataclass(frozen=True, slots=True)
class _Cookie:
    origin: URL
    path: str
    name: str
    value: str = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.name) + len(self.value)


class Cookies:
    """A jar for one site.

    Args:
        clock: Unix time, for sites that do not tell theirs.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kept: dict[tuple[URL, str, str], _Cookie] = {}

    def __len__(self) -> int:
        """Return how many cookies are kept."""
        return len(self._kept)

    def clear(self) -> None:
        """Drop every cookie."""
        self._kept.clear()

    def rows(self) -> tuple[tuple[str, str, str, str], ...]:
        """Return origin, path, name and value of each cookie, the oldest first."""
        return tuple(
            (str(each.origin), each.path, each.name, each.value) for each in self._kept.values()
        )

    def restore(self, rows: Iterable[tuple[str, str, str, str]]) -> None:
        """Keep what `rows` gave away; what no site could have set is dropped."""
        origins: dict[str, URL] = {}
        for where, path, name, value in rows:
            if _sound(name, value):
                origin = origins.setdefault(where, URL(where))
                self._keep(_Cookie(origin, path, name, value), over=False)

    def header(self, url: URL) -> str:
        """Return the value of a ``Cookie`` header for a request to `url`, empty for none."""
        if not self._kept:
            return ""
        origin, path = url.origin(), url.raw_path
        fitting = [
            cookie
            for cookie in self._kept.values()
            if cookie.origin == origin and _below(path, cookie.path)
        ]
        fitting.sort(key=lambda cookie: len(cookie.path), reverse=True)
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in fitting)

    def take(self, lines: Iterable[str], url: URL, date: str = "") -> None:
        """Keep what an answer of `url` sets, and drop what it takes back.

        Args:
            lines: Its ``Set-Cookie`` headers; hostile text.
            url: Where it came from.
            date: Its ``Date`` header: whether a cookie is over is a matter of the site's clock.
        """
        for line in lines:
            pair, *rest = line.split(";")
            name, _, value = (part.strip() for part in pair.partition("="))
            attributes = {
                key.strip().lower(): content.strip()
                for key, _, content in (item.partition("=") for item in rest)
            }
            if not _sound(name, value) or not _allowed(name, attributes, url):
                continue
            path = attributes.get("path", "")
            path = path if path.startswith("/") else _folder(url.raw_path)
            cookie = _Cookie(url.origin(), path, name, value)
            self._keep(cookie, over=self._over(attributes, date))

    def _keep(self, cookie: _Cookie, *, over: bool) -> None:
        key = (cookie.origin, cookie.path, cookie.name)
        self._kept.pop(key, None)
        if over:
            return
        self._kept[key] = cookie
        room = ROOM - sum(each.size for each in self._kept.values())
        while len(self._kept) > MOST or room < 0:
            room += self._kept.pop(self._least()).size

    def _least(self) -> tuple[URL, str, str]:
        """Return the cookie to give up: the oldest, those of WordPress last."""
        return min(self._kept, key=lambda key: key[2].startswith("wordpress"))

    def _over(self, attributes: dict[str, str], date: str) -> bool:
        if _SECONDS.fullmatch(age := attributes.get("max-age", "")):
            return int(age) <= 0
        expires = http_date(attributes.get("expires", ""))
        if expires is None:
            return False
        now = http_date(date)
        return expires <= (self._clock() if now is None else now)


def http_date(text: str) -> float | None:
    """Return the Unix time of a date as HTTP writes it, or None where it is none."""
    if not text.isascii() or not _DATE.fullmatch(text):
        return None
    try:
        return parsedate_to_datetime(text).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):  # the 32nd of a month, the year 0
        return None


def _sound(name: str, value: str) -> bool:
    if len(name) + len(value) > _LONGEST:
        return False
    return bool(_NAME.fullmatch(name) and _VALUE.fullmatch(value))


def _allowed(name: str, attributes: dict[str, str], url: URL) -> bool:
    """Return whether a site may set a cookie with these attributes at all (RFC 6265bis 5.7)."""
    domain = attributes.get("domain", "").removeprefix(".").lower()
    secure = "secure" in attributes
    if secure and url.scheme != "https":
        return False
    if name.lower().startswith("__secure-") and not secure:
        return False
    if name.lower().startswith("__host-"):
        return secure and not domain and attributes.get("path") == "/"
    return not domain or _own(url.host or "", domain)


def _own(host: str, domain: str) -> bool:
    """Return whether `domain` is `host` or stands above it; a top-level domain never does.

    Networks of WordPress sites set the domain above theirs. For which hosts a browser would take
    it makes no difference here: it goes back to its own origin alone.
    """
    if domain == host:
        return True
    return "." in domain and host.endswith("." + domain) and not _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _folder(path: str) -> str:
    """Return the path of a cookie that names none."""
    return path[: path.rfind("/")] or "/"


def _below(path: str, folder: str) -> bool:
    if not path.startswith(folder):
        return False
    return folder.endswith("/") or path[len(folder) :][:1] in ("", "/")
