"""Where a ``wp_rest`` nonce stands in an admin page. Pure text in, values out.

The REST API of a cookie session wants this nonce. Since WordPress 5.3 one small request gives
it; before, only pages carry it. Jetpack's page has written it in three shapes: an object
literal with escaped slashes (4.3 to 8.3), an encoded string (8.4 to 15.3), plain JSON (15.4 on).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import unquote

__all__ = ["is_nonce", "nonce_in_page"]

_NONCE = re.compile(r"[0-9a-f]{10}")
_ENCODED = re.compile(
    r'Initial_State\s*=\s*JSON\.parse\(\s*decodeURIComponent\(\s*"([^"]*)"\s*\)\s*\)'
)
_LITERAL = re.compile(r"(Initial_State|wpApiSettings)\s*=\s*(?=\{)")
_KEYS = {"Initial_State": "WP_API_nonce", "wpApiSettings": "nonce"}
_TRIES = 20
"""More places than any real page has; a hostile page could offer thousands of broken ones."""

_MIDDLEWARE = re.compile(r'createNonceMiddleware\(\s*"([0-9a-f]{10})"\s*\)')


def is_nonce(text: str) -> bool:
    """Return whether `text` has the shape of a nonce: ten hexadecimal digits."""
    return _NONCE.fullmatch(text) is not None


def nonce_in_page(page: str) -> str | None:
    """Return the ``wp_rest`` nonce that an admin page carries, or None.

    Other nonces of the page are for other actions, so only known places are read: Jetpack's
    ``Initial_State``, core's ``wpApiSettings``, and ``createNonceMiddleware``.
    """
    for nonce in _candidates(page):
        if isinstance(nonce, str) and is_nonce(nonce):
            return nonce
    middleware = _MIDDLEWARE.search(page)
    return middleware.group(1) if middleware else None


def _candidates(page: str) -> Iterator[object]:
    decoder = json.JSONDecoder()
    for match in islice(_ENCODED.finditer(page), _TRIES):
        yield _value(_decode(decoder, unquote(match.group(1)), 0), "Initial_State")
    for match in islice(_LITERAL.finditer(page), _TRIES):
        # The same script goes on with other statements, so the decoder finds the end.
        yield _value(_decode(decoder, page, match.end()), match.group(1))


def _value(state: object, variable: str) -> object:
    return state.get(_KEYS[variable]) if isinstance(state, dict) else None


def _decode(decoder: json.JSONDecoder, text: str, start: int) -> object:
    try:
        return decoder.raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None
