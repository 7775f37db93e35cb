"""Who may see the dashboard: hosts it answers for, origins it believes, tokens and sessions.

Nothing here knows of a web server; `guards` asks these questions for every request.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fleet.errors import InputError
from fleet.front.web.guesses import Guesses

__all__ = ["SESSION_SECONDS", "Access", "Hosts", "is_loopback"]

SESSION_SECONDS = 12 * 3600
_SESSIONS = 1000
"""Sessions known at once; the oldest goes first."""

_PAUSE = 2.0
"""Seconds that an answer takes, be it yes or no, where many wrong tokens come from."""

_SHORTEST = 16
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address to listen on."""
    return host in ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Hosts:
    """What the dashboard is called.

    A page of a stranger whose name suddenly leads to this machine is refused by its name.

    Args:
        port: Where it listens.
        names: Further names, as ``fleet.example.com`` or with ``:port``.
        secure: Whether it speaks TLS itself.
    """

    port: int
    names: tuple[str, ...] = ()
    secure: bool = False

    def knows(self, host: str) -> bool:
        """Return whether a Host header names this dashboard."""
        host = host.lower()
        return host in self.names or host in {f"{name}:{self.port}" for name in _LOOPBACK}

    def trusts(self, host: str, origin: str | None, site: str | None) -> bool:
        """Return whether a request that is more than a look comes from one of our own pages.

        Args:
            host: Its Host header.
            origin: Its Origin header.
            site: Its Sec-Fetch-Site header.
        """
        if site is not None and site != "same-origin":
            return False
        if origin is None:
            return site == "same-origin"
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        schemes = ("https",) if self.secure else ("http", "https")
        return parts.scheme in schemes and parts.netloc.lower() == host.lower()


@dataclass(slots=True)
class Access:
    """Knows the token, and who has shown it.

    Args:
        token: What has to be shown; None where everybody on this machine may look.
        clock: Seconds that only go forward.
        pause: Returns after a number of seconds.
    """

    token: str | None = field(repr=False)
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _sessions: dict[str, float] = field(default_factory=dict, repr=False)
    _guesses: Guesses = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._guesses = Guesses(self.clock)
        if self.token is not None and len(self.token) < _SHORTEST:
            raise InputError(
                f"--token leads to fewer than {_SHORTEST} characters: make one with"
                " python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )

    @property
    def is_open(self) -> bool:
        """Return whether no token is asked for."""
        return self.token is None

    async def accepts(self, shown: str, peer: str) -> bool:
        """Return whether `shown` is the token; how long that takes tells nothing about it.

        The token is always taken. Where many wrong ones came from, the right one too has to wait:
        else whoever guesses would know a wrong one by its silence.

        Args:
            shown: What may be the token.
            peer: Address of who shows it.
        """
        if self.token is None:
            return False
        good = hmac.compare_digest(_digest(shown), _digest(self.token))
        many = self._guesses.are_many(peer)
        if not good:
            self._guesses.add(peer)
        if many:
            await self.pause(_PAUSE)
        return good

    def open_session(self) -> str:
        """Return a new session, for a cookie."""
        while len(self._sessions) >= _SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        session = secrets.token_urlsafe(32)
        self._sessions[_name(session)] = self.clock() + SESSION_SECONDS
        return session

    def is_session(self, session: str) -> bool:
        """Return whether a session is open."""
        return self._sessions.get(_name(session), 0.0) > self.clock()

    def close_session(self, session: str) -> None:
        """End a session."""
        self._sessions.pop(_name(session), None)

    def form_token(self, session: str) -> str:
        """Return what a form of a session has to bring back, so that no other page can send it."""
        return hmac.new(self._key, f"form:{session}".encode(), hashlib.sha256).hexdigest()

    def is_form_token(self, session: str, shown: str) -> bool:
        """Return whether a form was ours."""
        return hmac.compare_digest(_digest(shown), _digest(self.form_token(session)))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _name(session: str) -> str:
    return _digest(session).hex()
