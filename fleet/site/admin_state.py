"""What Jetpack's admin page carries in its scripts. Pure text in, values out.

``Initial_State`` holds what no route tells, such as the dismissed notices, and the ``wp_rest``
nonce that the REST API of a cookie session wants where WordPress is older than 5.3. Jetpack has
written it in three shapes: an object literal with escaped slashes (4.3 to 8.3), an encoded
string (8.4 to 15.3), plain JSON (15.4 on).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from urllib.parse import unquote

from fleet.site import strict_json

__all__ = ["initial_state", "is_nonce", "nonce_in_page", "ssl_nonce_in_page"]

_NONCE = re.compile(r"[0-9a-f]{10}")
_ENCODED = re.compile(
    r'Initial_State\s*=\s*JSON\.parse\(\s*decodeURIComponent\(\s*"([^"]*)"\s*\)\s*\)'
)
_LITERAL = re.compile(r"(Initial_State|wpApiSettings)\s*=\s*(?=\{)")
_KEYS = {"Initial_State": "WP_API_nonce", "wpApiSettings": "nonce"}
_TRIES = 20
"""More places than any real page has; a hostile page could offer thousands of broken ones."""

_MIDDLEWARE = re.compile(r'createNonceMiddleware\(\s*"([0-9a-f]{10})"\s*\)')
_SSL = re.compile(
    r"""action:\s*["']jetpack-recheck-ssl["'],\s*["']ajax-nonce["']:\s*["']([0-9a-f]{10})["']"""
)
"""The one place of this nonce; single quotes to 8.9, double ones from 11.5 on."""


def is_nonce(text: str) -> bool:
    """Return whether `text` has the shape of a nonce: ten hexadecimal digits."""
    return _NONCE.fullmatch(text) is not None


def nonce_in_page(page: str) -> str | None:
    """Return the ``wp_rest`` nonce that an admin page carries, or None.

    Other nonces of the page are for other actions, so only known places are read: Jetpack's
    ``Initial_State``, core's ``wpApiSettings``, and ``createNonceMiddleware``.
    """
    for variable, state in _objects(page):
        nonce = state.get(_KEYS[variable])
        if isinstance(nonce, str) and is_nonce(nonce):
            return nonce
    middleware = _MIDDLEWARE.search(page)
    return middleware.group(1) if middleware else None


def initial_state(page: str) -> Mapping[str, object] | None:
    """Return Jetpack's ``Initial_State``, or None where the page carries none.

    Up to 8.3 numbers and booleans at its top are texts; below they keep their types.
    """
    states = (state for variable, state in _objects(page) if variable == "Initial_State")
    return next((state for state in states if state), None)


def ssl_nonce_in_page(page: str) -> str | None:
    """Return the nonce for testing SSL again, or None.

    It stands in the notice that Jetpack shows while its last test of SSL has failed.
    """
    found = _SSL.search(page)
    return found.group(1) if found else None


def _objects(page: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the objects of the page that can be decoded, each with its variable's name."""
    for match in islice(_ENCODED.finditer(page), _TRIES):
        state = _decode(unquote(match.group(1)), 0)
        if isinstance(state, dict):
            yield "Initial_State", state
    for match in islice(_LITERAL.finditer(page), _TRIES):
        # The same script goes on with other statements, so the decoder finds the end.
        state = _decode(page, match.end())
        if isinstance(state, dict):
            yield match.group(1), state


def _decode(text: str, start: int) -> object:
    try:
        return strict_json.read_at(text, start)[0]
    except ValueError:
        return None
