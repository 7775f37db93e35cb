"""One installed WordPress as a test sees it: addresses, accounts, database and access log.

What it tells comes from MariaDB and from the web server, never from the answers under test.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.wordpress.database import Database
from tests.wordpress.php_values import dump_option, load_option
from tests.wordpress.processes import wait_until

__all__ = ["ADMIN", "EDITOR", "AccessLog", "Request", "WordPressSite"]

ADMIN = "fleet-admin"
EDITOR = "fleet-editor"

_RESTORED = ("options", "usermeta", "users")
_READING = ("GET", "HEAD", "OPTIONS")


class Request(NamedTuple):
    """One line of an access log; the path has its query."""

    method: str
    path: str
    status: int


@dataclass(frozen=True, slots=True)
class AccessLog:
    """The requests a site has received, in the order they began."""

    file: Path

    def requests(self) -> list[Request]:
        """Return all requests, once none is running any more.

        Raises:
            TimeoutError: A request is still running after 10 seconds.
        """
        if not wait_until(self._is_idle, seconds=10):
            raise TimeoutError("a request has begun and not ended within 10 seconds")
        begun, ended = self._read()
        return [Request(method, path, ended[name]) for name, (method, path) in begun.items()]

    def clear(self) -> None:
        """Forget all requests, once none is running any more."""
        if self.requests():
            self.file.write_bytes(b"")

    def _is_idle(self) -> bool:
        begun, ended = self._read()
        return begun.keys() == ended.keys()

    def _read(self) -> tuple[dict[str, tuple[str, str]], dict[str, int]]:
        begun: dict[str, tuple[str, str]] = {}
        ended: dict[str, int] = {}
        for line in self.file.read_text().splitlines():
            entry = json.loads(line)
            if "status" in entry:
                ended[entry["id"]] = entry["status"]
            else:
                begun[entry["id"]] = (entry["method"], entry["path"])
        return begun, ended


@dataclass(frozen=True, slots=True)
class WordPressSite:
    """A running site.

    Args:
        name: ``pretty``, ``plain``, ``subdirectory`` or ``without-jetpack``.
        url: Its home, without a slash at the end.
        siteurl: Where WordPress's own files are, such as ``wp-login.php``.
        pretty: Whether ``/wp-json/`` answers; otherwise only ``?rest_route=`` does.
        password: The administrator's.
        editor_password: The editor's.
        application_password: The administrator's, with the spaces WordPress shows.
        database: Its tables.
        log: Its access log.
    """

    name: str
    url: str
    siteurl: str
    pretty: bool
    password: str
    editor_password: str
    application_password: str
    database: Database
    log: AccessLog
    admin: str = ADMIN
    editor: str = EDITOR

    def rest(self, route: str) -> str:
        """Return the address of a REST route such as ``/jetpack/v4/settings``."""
        return self.url + ("/wp-json" if self.pretty else "/?rest_route=") + route

    def option(self, name: str) -> object:
        """Return an option as the database has it (scalars as text), or None."""
        rows = self.database.execute(
            "SELECT HEX(option_value) FROM wp_options WHERE option_name = ?", name
        )
        return _loaded(rows)

    def set_option(self, name: str, value: object) -> None:
        """Store an option; lists and dicts as PHP arrays."""
        stored = dump_option(value)
        self.database.execute(
            "INSERT INTO wp_options (option_name, option_value, autoload) VALUES (?, ?, 'yes')"
            " ON DUPLICATE KEY UPDATE option_value = ?",
            name,
            stored,
            stored,
        )

    def active_modules(self) -> list[str]:
        """Return the modules Jetpack has stored as active, sorted."""
        stored = self.option("jetpack_active_modules")
        return sorted(stored) if isinstance(stored, list) else []

    def access_log(self) -> list[Request]:
        """Return every request since the log was cleared, waiting for those still running."""
        return self.log.requests()

    def clear_log(self) -> None:
        """Forget the requests so far."""
        self.log.clear()

    def requests_of(self, method: str = "", path: str = "") -> list[Request]:
        """Return the requests with this method, if given, and this part in their path."""
        return [
            request
            for request in self.access_log()
            if path in request.path and method in ("", request.method)
        ]

    def logins(self) -> list[Request]:
        """Return each time a password was sent to the login page."""
        return self.requests_of("POST", "/wp-login.php")

    def writes(self) -> list[Request]:
        """Return every request that could change something, except logins."""
        logins = self.logins()
        return [
            request
            for request in self.access_log()
            if request.method not in _READING and request not in logins
        ]

    def expire_nonces(self) -> None:
        """Make every nonce given so far invalid; sessions live on."""
        steps = int(str(self.option("fixture_nonce_shift") or 0))
        self.set_option("fixture_nonce_shift", steps + 1)

    def expire_sessions(self) -> None:
        """End every session of every user."""
        self.database.execute("DELETE FROM wp_usermeta WHERE meta_key = 'session_tokens'")

    def sessions(self, user: str = ADMIN) -> int:
        """Return how many sessions a user has."""
        tokens = _loaded(
            self.database.execute(
                "SELECT HEX(meta_value) FROM wp_usermeta JOIN wp_users ON user_id = ID"
                " WHERE meta_key = 'session_tokens' AND user_login = ?",
                user,
            )
        )
        return len(tokens) if isinstance(tokens, dict) else 0

    def change_password(self, password: str) -> None:
        """Give the administrator another password, which also ends all sessions.

        It is stored in the oldest form WordPress still takes, which the next login replaces.
        """
        slashed = "".join(f"\\{letter}" if letter in "'\"\\" else letter for letter in password)
        digest = hashlib.md5(slashed.encode(), usedforsecurity=False).hexdigest()
        self.database.execute(
            "UPDATE wp_users SET user_pass = ? WHERE user_login = ?", digest, self.admin
        )

    def keep_state(self) -> None:
        """Remember options, users and sessions as what `restore_sql` goes back to."""
        self.database.execute(
            "".join(
                f"CREATE TABLE kept_{table} LIKE wp_{table};"  # noqa: S608 - names of our own
                f"INSERT INTO kept_{table} SELECT * FROM wp_{table};"
                for table in _RESTORED
            )
        )

    def restore_sql(self) -> str:
        """Return the statements that go back to the kept state, for any current database."""
        name = self.database.name
        return "".join(
            f"DELETE FROM {name}.wp_{table};"  # noqa: S608 - names of our own
            f"INSERT INTO {name}.wp_{table} SELECT * FROM {name}.kept_{table};"
            for table in _RESTORED
        )


def _loaded(rows: list[list[bytes]]) -> object:
    """Return the value in a single column selected with HEX(), or None without a row."""
    return load_option(bytes.fromhex(rows[0][0].decode())) if rows else None
