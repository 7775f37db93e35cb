"""One exchange as plain values: what is asked, what came back, what it cost.

Nothing here speaks to a network, so that whoever only reads answers needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from multidict import CIMultiDictProxy
from yarl import URL

from fleet.errors import SiteError

__all__ = ["REDIRECTS", "Meter", "Observer", "Reply", "Request", "web_address"]

REDIRECTS = (301, 302, 303, 307, 308)
"""Statuses that send a client elsewhere."""

_MAX_ADDRESS = 4096
_MAX_FOREIGN = 255
"""Characters beyond ASCII in an address: what a host name of them costs grows with the square."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to send.

    Args:
        method: ``GET``, ``HEAD`` or ``POST``. Nothing else: the library silently sends PUT and
            DELETE twice when a connection breaks, but never POST.
        url: Absolute address.
        headers: Further headers, credentials included.
        json: Body to send as JSON.
        form: Body to send as an HTML form.
        content: Body to send as it is; its type is among `headers`.
        fresh: Whether it goes over a connection of its own. A server may close a kept one just
            then, and nobody could tell whether a write had arrived before.
    """

    method: str
    url: URL
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: object = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    content: bytes | None = field(default=None, repr=False)
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, whole; `body` holds decoded bytes."""

    status: int
    url: URL
    headers: CIMultiDictProxy[str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """Return the body as text, undecodable bytes replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def location(self) -> URL | None:
        """Return the absolute target of a redirect, or None where there is none to follow."""
        value = self.headers.get("Location", "")
        if self.status not in REDIRECTS or not value:
            return None
        return web_address(value, self.url)


def web_address(text: str, base: URL) -> URL | None:
    """Return the http or https address that a site's `text` stands for, or None.

    A user and password in it are dropped: the library would send them as our own.

    Args:
        text: Hostile text; an address far longer than any real one is none.
        base: What a relative address is relative to; an empty one where none is accepted.
    """
    if len(text) > _MAX_ADDRESS:
        return None
    if not text.isascii() and sum(not char.isascii() for char in text) > _MAX_FOREIGN:
        return None
    try:
        target = base.join(URL(text)).with_user(None)
        # The name is decoded only here, and may turn out to stand for nothing.
        return target if target.scheme in ("http", "https") and target.host else None
    except (ValueError, IndexError):  # the second for "//[]@" (yarl 1.25)
        return None


class Observer(Protocol):
    """Is told of the exchanges of one visit as they happen; it must be quick and never raise."""

    patience: float
    """Seconds for reaching the server on this visit, where the limits do not say less."""

    def begun(self, request: Request) -> None:
        """Take note that `request` is about to be sent."""

    def connected(self) -> None:
        """Take note that a new connection stands, TLS included."""

    def answered(self, reply: Reply, seconds: float) -> None:
        """Take note of a whole answer, whatever its status, and how long it took."""

    def failed(self, error: SiteError) -> None:
        """Take note that there was no whole answer."""


@dataclass(slots=True)
class Meter:
    """What one site has cost so far; counted here and read by the engine.

    Args:
        observer: Told of each exchange; None where nobody wants to know.
    """

    requests: int = 0
    writes: int = 0
    logins: int = 0
    received: int = 0
    observer: Observer | None = field(default=None, repr=False)
