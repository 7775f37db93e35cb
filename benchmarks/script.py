"""The requests that everybody sends to each site, taken from what our product was seen to send."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from benchmarks.recording import Exchange

__all__ = ["Step", "kept", "nonce_in", "script_of"]

_NONCE = re.compile(r'"nonce":"([0-9a-f]{10})"')
_SENT = ("accept", "content-type")


@dataclass(frozen=True, slots=True)
class Step:
    """One request to each site.

    Args:
        method: In capitals.
        uri: Path and query.
        headers: Beside cookies and nonce.
        body: Empty for none.
        status: That a good answer has.
        cookies: Whether the session's cookies are sent.
        nonce: Whether the nonce is sent.
        gives_nonce: Whether the answer holds the nonce.
        is_json: Whether the answer is JSON, which is parsed.
    """

    method: str
    uri: str
    headers: Mapping[str, str]
    body: str
    status: int
    cookies: bool
    nonce: bool
    gives_nonce: bool
    is_json: bool

    def document(self) -> dict[str, object]:
        """Return it as JSON values."""
        return asdict(self)


def script_of(exchanges: Iterable[Exchange]) -> list[Step]:
    """Return the requests of one visit as others can send them."""
    return [
        Step(
            method=each.method,
            uri=each.uri,
            headers={name: each.headers[name] for name in _SENT if name in each.headers},
            body=each.body,
            status=each.status,
            cookies="cookie" in each.headers,
            nonce="x-wp-nonce" in each.headers,
            gives_nonce="rest-nonce" in each.uri or bool(_NONCE.search(each.answer)),
            is_json=dict(each.answer_headers)
            .get("Content-Type", "")
            .startswith("application/json"),
        )
        for each in exchanges
    ]


def kept(lines: Iterable[str], cookies: dict[str, str]) -> None:
    """Put the cookies of `Set-Cookie` headers into `cookies`, as little as will do here."""
    for line in lines:
        name, _, value = line.partition(";")[0].partition("=")
        cookies[name] = value


def nonce_in(text: str) -> str:
    """Return the nonce that an answer gives: all of it, or in the settings of a page."""
    found = _NONCE.search(text)
    return found.group(1) if found else text.strip()
