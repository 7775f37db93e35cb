"""Who is asking: users, sessions in cookies, nonces and application passwords of one site.

As WordPress does it: a session is a token in a signed cookie, a nonce is bound to the user, the
session's token and half a day, and Basic authentication knows application passwords only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import random
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import quote

from fleet.simulator.wire import SimRequest

__all__ = ["NOBODY", "Accounts", "Session", "SimUser", "Visitor"]

_TICK = 43_200
_DAY = 86_400
_ADMIN_CAPABILITIES = (
    "activate_plugins", "edit_plugins", "edit_users", "manage_options", "update_plugins",
    "install_plugins", "update_core", "list_users", "switch_themes", "edit_posts",
    "edit_others_posts", "publish_posts", "edit_pages", "upload_files", "read",
)  # fmt: skip
_CAPABILITIES: dict[str, tuple[str, ...]] = {
    "administrator": _ADMIN_CAPABILITIES,
    "editor": ("edit_posts", "edit_others_posts", "publish_posts", "edit_pages", "read"),
    "author": ("edit_posts", "publish_posts", "upload_files", "read"),
    "subscriber": ("read",),
}


@dataclass(frozen=True, slots=True)
class SimUser:
    """An account of a simulated site.

    Args:
        name: Login name.
        password: What wp-login.php accepts.
        role: ``administrator``, ``editor``, ``author`` or ``subscriber``.
        email: Accepted instead of the name; made from the name if empty.
        application_passwords: Accepted by Basic authentication, with or without their spaces.
    """

    name: str
    password: str
    role: str = "administrator"
    email: str = ""
    application_passwords: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Return the e-mail address."""
        return self.email or f"{self.name}@site.example"

    @property
    def capabilities(self) -> tuple[str, ...]:
        """Return what the role may do."""
        return _CAPABILITIES[self.role]


@dataclass(frozen=True, slots=True)
class Session:
    """A login that the server remembers.

    Args:
        user: Who logged in.
        token: 43 characters that name the session.
        expires: Unix time at which it ends.
        remembered: Whether the cookie outlives the browser.
    """

    user: SimUser
    token: str
    expires: float
    remembered: bool


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom a request turned out to be from.

    Args:
        user: None for nobody.
        token: Session token, empty without a session.
        method: ``cookie``, ``basic`` or empty.
    """

    user: SimUser | None = None
    token: str = ""
    method: str = ""

    def can(self, capability: str) -> bool:
        """Return whether the user has a capability."""
        return self.user is not None and capability in self.user.capabilities


NOBODY = Visitor()


class Accounts:
    """The users of one site with their sessions and nonces.

    Args:
        users: In the order of their ids, from 1.
        seed: Text that makes cookie names, tokens and nonces differ between sites.
        clock: Unix time.
    """

    def __init__(self, users: Iterable[SimUser], seed: str, clock: Callable[[], float]) -> None:
        self.users = tuple(users)
        self.cookie_hash = hashlib.md5(seed.encode(), usedforsecurity=False).hexdigest()
        self._key = f"key of {seed}"
        self._random = random.Random(f"tokens of {seed}")  # noqa: S311 - made-up tokens
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._salt = 0

    def identity(self, user: SimUser | None) -> int:
        """Return the id of a user, 0 for nobody."""
        return self.users.index(user) + 1 if user else 0

    def find(self, login: str) -> SimUser | None:
        """Return the user with this name or e-mail address."""
        return next((user for user in self.users if login in (user.name, user.address)), None)

    def open(self, user: SimUser, remembered: bool) -> Session:
        """Return a new session of `user`: 14 days if remembered, else 2."""
        token = "".join(self._random.choices(string.ascii_letters + string.digits, k=43))
        days = 14 if remembered else 2
        session = Session(user, token, self._clock() + days * _DAY, remembered)
        self._sessions[token] = session
        return session

    def close(self, token: str) -> None:
        """End one session."""
        self._sessions.pop(token, None)

    def expire_sessions(self) -> None:
        """End all sessions, as a change of the keys does."""
        self._sessions.clear()

    def expire_nonces(self) -> None:
        """Make every nonce given out so far invalid, sessions stay."""
        self._salt += 1

    @property
    def session_count(self) -> int:
        """Return how many sessions the server remembers."""
        return len(self._sessions)

    def _sign(self, session: Session, kind: str) -> str:
        text = f"{kind}|{session.user.name}|{int(session.expires)}|{session.token}"
        key = f"{self._key}|{session.user.password}"
        return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()

    def _cookie(self, session: Session, kind: str) -> str:
        parts = (session.user.name, str(int(session.expires)), session.token)
        return quote("|".join((*parts, self._sign(session, kind))), safe="")

    def cookie_lines(self, session: Session, paths: tuple[str, str], secure: bool) -> list[str]:
        """Return the `Set-Cookie` values of a login.

        Args:
            session: The new session.
            paths: Path of the home address and of the core files, each with a slash at its end.
            secure: Whether the login came by TLS.
        """
        core = paths[1]
        end = ""
        if session.remembered:
            until = session.expires + _DAY / 2
            end = f"; expires={formatdate(until, usegmt=True)}; Max-Age={14 * _DAY + _DAY // 2}"
        flags = "; Secure; HttpOnly" if secure else "; HttpOnly"
        auth = f"wordpress_{'sec_' if secure else ''}{self.cookie_hash}"
        logged = f"wordpress_logged_in_{self.cookie_hash}={self._cookie(session, 'logged_in')}"
        closed = f"{auth}={self._cookie(session, 'auth')}"
        lines = [
            f"{closed}{end}; path={core}wp-content/plugins{flags}",
            f"{closed}{end}; path={core}wp-admin{flags}",
        ]
        return lines + [f"{logged}{end}; path={path}{flags}" for path in dict.fromkeys(paths)]

    def cookie_names(self, secure: bool) -> tuple[str, str]:
        """Return the names of the cookie for wp-admin and of the one for everything else."""
        prefix = "wordpress_sec_" if secure else "wordpress_"
        return f"{prefix}{self.cookie_hash}", f"wordpress_logged_in_{self.cookie_hash}"

    def by_cookie(self, request: SimRequest, kind: str) -> Visitor:
        """Return who the cookie names: `kind` is ``logged_in`` or, for wp-admin, ``auth``."""
        auth, logged = self.cookie_names(request.is_https)
        value = request.cookies().get(logged if kind == "logged_in" else auth, "")
        parts = value.split("|")
        if len(parts) != 4:
            return NOBODY
        session = self._sessions.get(parts[2])
        if session is None or session.expires < self._clock():
            return NOBODY
        if not hmac.compare_digest(self._sign(session, kind).encode(), parts[3].encode()):
            return NOBODY
        return Visitor(session.user, session.token, "cookie")

    def by_basic(self, request: SimRequest) -> Visitor:
        """Return who an application password names; a wrong one is nobody, without an error."""
        scheme, _, encoded = (request.header("authorization") or "").partition(" ")
        if scheme.lower() != "basic":
            return NOBODY
        try:
            decoded = base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
        except binascii.Error:
            return NOBODY
        login, _, secret = decoded.partition(":")
        user = self.find(login)
        wanted = _letters(secret)
        if user and wanted and any(_letters(own) == wanted for own in user.application_passwords):
            return Visitor(user, "", "basic")
        return NOBODY

    def _nonce(self, visitor: Visitor, action: str, tick: int) -> str:
        who = self.identity(visitor.user)
        text = f"{self._key}|{self._salt}|{tick}|{action}|{who}|{visitor.token}"
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[-12:-2]

    def nonce(self, visitor: Visitor, action: str = "wp_rest") -> str:
        """Return the nonce of the present half day: ten hex digits."""
        return self._nonce(visitor, action, math.ceil(self._clock() / _TICK))

    def nonce_holds(self, visitor: Visitor, nonce: str, action: str = "wp_rest") -> bool:
        """Return whether a nonce is of this or the half day before."""
        tick = math.ceil(self._clock() / _TICK)
        return nonce in (self._nonce(visitor, action, tick), self._nonce(visitor, action, tick - 1))


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())
