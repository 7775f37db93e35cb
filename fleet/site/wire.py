"""From bytes to JSON values or errors: what an answer means before WordPress comes into it.

Pure functions over `Reply`. Servers put caches, firewalls, maintenance pages and PHP notices in
front of the API; each is recognised here, and nothing unrecognised is ever taken for success.
"""

from __future__ import annotations

import html
import json
import re
import time
from dataclasses import dataclass, field

from multidict import CIMultiDictProxy

from fleet.errors import SiteError
from fleet.site import strict_json
from fleet.site.cookies import http_date
from fleet.site.exchange import REDIRECTS, Reply
from fleet.site.pages import read_page
from fleet.site.vendors import asks_for_proof, in_front, refusal

__all__ = [
    "Answer",
    "brief",
    "excerpt",
    "read_answer",
    "recognise",
    "retry_after",
    "unescaped",
    "visible",
]

_BRIEF = 4000
"""Characters of a site's own words that are kept: enough to name every setting it refused."""

_FATAL_CODES = ("", "wp_die", "internal_server_error")
"""Codes of an error that WordPress itself died of (wp-includes/functions.php, 5.2)."""

_BLANK = "\ufeff \t\r\n"
"""What stands around a document without meaning; each PHP file may add a byte order mark."""

_MARKUP = re.compile(r"<(script|style)\b.*?(?:</\1>|\Z)|<[^>]*(?:>|\Z)", re.DOTALL | re.IGNORECASE)
"""Tags; one without an end goes on to the end of the text, so that no page costs long searches."""

_DOCUMENT = re.compile(r"(?<![^>\s\ufeff])[{\[]")
"""Where a document may begin behind stray text."""

_STRAY = 512 * 1024
"""Characters that PHP may have printed before a document: thousands of notices."""

_TRIES = 20
_YEAR = 365 * 86400.0
"""Seconds; nobody waits for longer, so that is what any longer pause amounts to."""

_LONG = 40
"""Digits; more are no number of seconds that anybody meant."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON answer of the REST API, good or bad.

    Args:
        status: HTTP status.
        value: The decoded JSON value; None where the body was empty.
        headers: Headers of the answer.
    """

    status: int
    value: object
    headers: CIMultiDictProxy[str] = field(repr=False)

    @property
    def ok(self) -> bool:
        """Return whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """Return the ``code`` of the envelope, or an empty string; hostile text, never long."""
        return brief(_code(self.value))

    @property
    def said(self) -> str:
        """Return the site's own message, translated, hostile and never long, or nothing."""
        message = self.value.get("message") if isinstance(self.value, dict) else None
        return brief(message) if isinstance(message, str) else ""

    @property
    def mapping(self) -> dict[str, object]:
        """Return the value as an object.

        PHP writes an empty object as ``[]``, so that is one too.

        Raises:
            SiteError: ``proto.not_json`` where it is something else.
        """
        if isinstance(self.value, dict):
            return self.value
        if self.value == []:
            return {}
        raise SiteError("proto.not_json", "the site answered JSON of another shape than asked for")


def read_answer(reply: Reply, *, salvage: bool = True) -> Answer:
    """Return the JSON of `reply`.

    Args:
        reply: The answer as it came.
        salvage: Look past text that PHP printed before the document. Only for reads: where the
            server is that confused, a write is settled by reading again.

    Raises:
        SiteError: The answer is not the API's.
    """
    value, found = _decode(reply.body, salvage=salvage)
    fatal = reply.status >= 500 and _code(value) in _FATAL_CODES
    # An empty body is an answer, but not one of a firewall's that wants a proof.
    silent = value is None and (reply.status >= 400 or asks_for_proof(reply))
    if not found or fatal or silent or reply.status == 429:
        raise recognise(reply)
    if reply.status in REDIRECTS:
        raise recognise(reply)
    return Answer(reply.status, value, reply.headers)


def recognise(reply: Reply) -> SiteError:
    """Return what an answer that is not the API's means."""
    error = _meaning(reply)
    # A gateway's 502 to 504 says nothing about the server behind it, which may still be at work.
    error.answered = reply.status <= 500
    return error


def _meaning(reply: Reply) -> SiteError:
    status = reply.status
    if status == 429:
        return SiteError(
            "throttle.limited",
            "the site answered 429, too many requests",
            retry_after=retry_after(reply),
        )
    if sign := read_page(reply):
        said, wait = excerpt(reply), retry_after(reply)
        return SiteError(sign.kind, sign.message, said=said, retry_after=wait)
    if reply.location is not None:
        return _redirected(reply)
    if status in REDIRECTS and "Location" in reply.headers:
        return SiteError("redirect.cross_origin", "the site redirects to what is no web address")
    if status >= 500:
        return SiteError("site.server_error", f"the site answered {status}", said=excerpt(reply))
    if status in (401, 403, 406):
        plain = f"the server answered {status} before WordPress"
        message = refusal(reply, "") if in_front(reply) else plain
        return SiteError("block.waf", message, said=excerpt(reply))
    if status == 404:
        return SiteError("site.rest_unavailable", "the server answered 404 before WordPress")
    return SiteError(
        "proto.not_json", f"the site answered {status} without JSON", said=excerpt(reply)
    )


def _redirected(reply: Reply) -> SiteError:
    target = reply.location
    if target is None or target.origin() == reply.url.origin():
        where = brief(target.path) if target else "nowhere"
        return SiteError("redirect.loop", f"the site answered with a redirect to {where}")
    if reply.url.scheme == "https" and target.scheme == "http":
        return SiteError("redirect.downgrade", "the site redirects to plain http")
    return SiteError("redirect.cross_origin", f"the site redirects to {target.origin()}")


def retry_after(reply: Reply) -> float | None:
    """Return the seconds of a ``Retry-After`` header, or None where it makes no sense.

    A date counts from the answer's own, so that the site's clock may be wrong; one that is over
    asks for no pause. Whoever waits decides how long is too long.
    """
    value = reply.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _YEAR) if len(value) < _LONG else _YEAR
    until, now = http_date(value), http_date(reply.headers.get("Date", ""))
    if until is None:
        return None
    return min(max(until - (time.time() if now is None else now), 0.0), _YEAR)


def brief(text: str) -> str:
    """Return as much of a site's own words as any result needs; hostile text."""
    return text[:_BRIEF]


def excerpt(reply: Reply, length: int = 160) -> str:
    """Return the beginning of the body's visible text, for people; hostile text."""
    return visible(reply.text[:20_000])[:length]


def visible(page: str) -> str:
    """Return a piece of HTML as a person would read it, on one line; hostile text."""
    return " ".join(unescaped(_MARKUP.sub(" ", page)).split())


def unescaped(text: str) -> str:
    """Return a piece of HTML source with its entities replaced; hostile text.

    The library raises for the number of an entity that has thousands of digits.
    """
    try:
        return html.unescape(text)
    except ValueError:
        return text


def _code(value: object) -> str:
    code = value.get("code", "") if isinstance(value, dict) else ""
    return code if isinstance(code, str) else ""


def _decode(body: bytes, *, salvage: bool) -> tuple[object, bool]:
    """Return the JSON value of `body` and whether there was one; an empty body is null.

    It is read as UTF-8 whatever its header claims, as RFC 8259 has it and WordPress writes it.
    Bytes that are none may stand before the document, where PHP printed them, but not in it.
    """
    text = body.decode("utf-8", "surrogateescape").strip(_BLANK)
    if not text:
        return None, True
    try:
        return strict_json.loads(text), True
    except ValueError:
        return _salvaged(text) if salvage else (None, False)


def _salvaged(text: str) -> tuple[object, bool]:
    """Return the document behind stray text, which is the one that ends with the text.

    What was read once is not read again: a document that breaks off holds none that does not.
    Behind an object nothing is believed, since it may have been the answer.
    """
    start = 0
    for _ in range(_TRIES):
        found = _DOCUMENT.search(text, start, _STRAY)
        if found is None:
            break
        try:
            value, start = strict_json.read_at(text, found.start())
        except json.JSONDecodeError as error:
            start = max(error.pos, found.end())
            continue
        except ValueError:
            break
        # Log lines often end in "[]", so an empty value proves nothing.
        if start == len(text) and value:
            return value, True
        if value and isinstance(value, dict):
            break
    return None, False
