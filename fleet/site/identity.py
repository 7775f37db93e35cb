"""What tells one site from another, all of it known before any password is sent. Pure.

A domain that is sold, a server that moved or a DNS record that points elsewhere can put another
site behind an address. What a site is was kept when it was met first, and is compared each time.
Neither its certificate nor its IP address counts, nor the scheme: all of them change on healthy
sites. A title alone may change, too; it counts together with a second sign.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from yarl import URL

from fleet.site.discovery import Endpoints

__all__ = ["Differences", "Face", "blog_in_page"]

_STATISTICS = "_stq"
_BLOG = re.compile(r"""\bblog\\?["']?\s{0,3}[:,]\s{0,3}\\?["']?(\d{1,15})\b""")
"""Jetpack's statistics name the site's number at WordPress.com in every public page."""

_SCRIPT = 600
"""Characters of the script in which they do; whatever follows is another's."""

_TRIES = 20
"""More scripts of theirs than any page has."""

_LONGEST = 300
_TEXTS = ("root", "home", "files", "name", "blog")
_JETPACK = "jetpack/v4"


@dataclass(frozen=True, slots=True)
class Differences:
    """How a site differs from the one that was met before, each for people.

    Args:
        grave: Each alone says that it is another site.
        slight: Each alone may happen to any site.
    """

    grave: tuple[str, ...]
    slight: tuple[str, ...]

    @property
    def another(self) -> bool:
        """Return whether it has to be taken for another site: one grave sign or two slight."""
        return bool(self.grave) or len(self.slight) > 1

    def __str__(self) -> str:
        """Return all of them in one line; it may hold hostile text."""
        return "; ".join((*self.grave, *self.slight))


@dataclass(frozen=True, slots=True)
class Face:
    """What a site shows to everybody; all of it hostile text.

    Args:
        root: Host and port of the REST API.
        home: Public address as its REST index tells it, without scheme; empty where unknown.
        files: Address of WordPress's files, the same way.
        name: Title; empty where unknown.
        blog: Jetpack's number of the site at WordPress.com; empty where unknown.
        jetpack: Whether the index lists Jetpack; None where unknown.
    """

    root: str
    home: str = ""
    files: str = ""
    name: str = ""
    blog: str = ""
    jetpack: bool | None = None

    @classmethod
    def of(cls, endpoints: Endpoints, blog: str = "") -> Face:
        """Return what discovery has seen of a site.

        Args:
            endpoints: What it has found; its index may have been closed.
            blog: Jetpack's number of the site, where known.
        """
        root = _place(endpoints.rest_root.origin())
        if endpoints.namespaces is None:
            return cls(root, blog=blog)
        return cls(
            root,
            _place(endpoints.home) if endpoints.home else "",
            _place(endpoints.siteurl),
            endpoints.name[:_LONGEST],
            blog,
            _JETPACK in endpoints.namespaces,
        )

    @classmethod
    def read(cls, document: Mapping[str, object]) -> Face:
        """Return the face that `document` gave away; what it does not have is unknown."""
        root, home, files, name, blog = (
            value if isinstance(value := document.get(key), str) else "" for key in _TEXTS
        )
        jetpack = document.get("jetpack")
        return cls(root, home, files, name, blog, jetpack if isinstance(jetpack, bool) else None)

    def document(self) -> dict[str, object]:
        """Return the face as JSON values."""
        return {
            "root": self.root,
            "home": self.home,
            "files": self.files,
            "name": self.name,
            "blog": self.blog,
            "jetpack": self.jetpack,
        }

    def differences(self, seen: Face) -> Differences:
        """Return how `seen` differs from this face; what either does not know is no difference."""
        grave = [
            *_changed("the REST API", self.root, seen.root),
            *_changed("its home", self.home, seen.home),
            *_changed("Jetpack's number of the site", self.blog, seen.blog),
        ]
        slight = [
            *_changed("its title", self.name, seen.name),
            *_changed("the address of WordPress", self.files, seen.files),
        ]
        if self.jetpack and seen.jetpack is False:
            slight.append("Jetpack is gone")
        return Differences(tuple(grave), tuple(slight))

    def without_number(self, seen: Face) -> Differences:
        """Return the same where the page that tells Jetpack's number was read, and told none.

        Anybody may switch Jetpack's statistics off, and they go with Jetpack itself: that the
        number is gone counts beside files that moved, but not beside a new title or the like.
        """
        found = self.differences(seen)
        gone = f"Jetpack's number of the site ({self.blog}) is told no more"
        moved = bool(_changed("", self.files, seen.files))
        lost = (gone,) if moved and self.blog and not seen.blog else ()
        return Differences(found.grave, (*found.slight, *lost))

    def completed(self, seen: Face) -> Face:
        """Return `seen` with what only this face knows."""
        return Face(
            seen.root,
            seen.home or self.home,
            seen.files or self.files,
            seen.name or self.name,
            seen.blog or self.blog,
            self.jetpack if seen.jetpack is None else seen.jetpack,
        )


def blog_in_page(page: str) -> str:
    """Return Jetpack's number of the site in one of its public pages, or an empty string."""
    start = 0
    for _ in range(_TRIES):
        start = page.find(_STATISTICS, start)
        if start < 0:
            break
        script = page[start : start + _SCRIPT].partition("</script")[0]
        if found := _BLOG.search(script):
            return found.group(1)
        start += len(_STATISTICS)
    return ""


def _changed(what: str, before: str, now: str) -> tuple[str, ...]:
    if not before or not now or before == now:
        return ()
    return (f"{what} was {before[:80]} and is {now[:80]}",)


def _place(url: URL) -> str:
    """Return an address as it is compared: host, a port that is not usual, and path."""
    port = "" if url.is_default_port() or url.port is None else f":{url.port}"
    return f"{url.raw_host or ''}{port}{url.path.rstrip('/')}"[:_LONGEST].lower()
