"""Requests and answers of the simulated world as plain values, so that the world needs no socket.

The encoding follows PHP where clients can tell: escaped slashes in JSON, `name[]=` in queries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

__all__ = ["Json", "SimRequest", "SimResponse", "parse_query", "php_json", "redirect"]

Json = object
"""A JSON value; an empty PHP array is an empty list, whatever it would hold when filled."""

_BRACKET = re.compile(r"^([^\[\]]+)\[([^\[\]]*)\]$")


@dataclass(frozen=True, slots=True)
class SimRequest:
    """One HTTP request.

    Args:
        method: In capitals.
        path: As it was on the request line, without the query.
        query: Raw, without the question mark.
        headers: Name and value pairs in their order.
        body: As received.
        client: Address of the sender.
        is_https: Whether it arrived by TLS.
    """

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    client: str = "127.0.0.1"
    is_https: bool = False

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def cookies(self) -> dict[str, str]:
        """Return cookie values as sent, percent-encoding undone; the first of a name wins."""
        jar: dict[str, str] = {}
        for key, value in self.headers:
            if key.lower() != "cookie":
                continue
            for part in value.split(";"):
                name, _, content = part.strip().partition("=")
                jar.setdefault(name, unquote(content.strip('"')))
        return jar

    @property
    def origin(self) -> str:
        """Return scheme and host as the client sees them."""
        return f"{'https' if self.is_https else 'http'}://{self.header('host') or 'localhost'}"


@dataclass(frozen=True, slots=True)
class SimResponse:
    """One HTTP answer and how the network carries it.

    Args:
        status: HTTP status.
        headers: Name and value pairs; several `Set-Cookie` are several pairs.
        body: As on the wire.
        delay: Seconds before the first byte.
        drop: The connection is reset instead of answering.
        cut: Only this many bytes of the announced body are sent, then the connection closes.
        drip: Seconds between pieces of the body; 0 sends it at once.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    delay: float = 0.0
    drop: bool = False
    cut: int | None = None
    drip: float = 0.0
    facts: Mapping[str, str] = field(default_factory=dict)
    """Who answered, for the oracle: `user` is the login name, empty for nobody."""

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> object:
        """Return the body as JSON.

        Raises:
            ValueError: It is none.
        """
        return json.loads(self.body)


def php_json(value: Json) -> bytes:
    """Return `value` as PHP's `json_encode` writes it: slashes escaped, non-ASCII as `\\u`."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def parse_query(raw: str) -> dict[str, object]:
    """Return the parameters of a query or form body; `a[]=1` gives a list, `a[k]=1` an object."""
    found: dict[str, object] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        match = _BRACKET.match(name)
        if match is None:
            found[name] = value
            continue
        base, key = match.groups()
        if key:
            nested = found.get(base)
            found[base] = {**nested, key: value} if isinstance(nested, dict) else {key: value}
        else:
            listed = found.get(base)
            found[base] = [*listed, value] if isinstance(listed, list) else [value]
    return found


def redirect(location: str, *headers: tuple[str, str], status: int = 302) -> SimResponse:
    """Return a redirect with an empty HTML body."""
    return SimResponse(
        status=status,
        headers=(("Content-Type", "text/html; charset=UTF-8"), *headers, ("Location", location)),
    )
