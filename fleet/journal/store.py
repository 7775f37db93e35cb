"""Where a journal is kept, read from what the caller wrote; a password never comes out again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_state_path
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from fleet.errors import InputError

__all__ = ["PostgresStore", "SqliteStore", "Store", "default_path", "parse_store"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_POSTGRES = ("postgresql", "postgresql+psycopg")
_EXPECTED = "a journal is kept in a file or at a postgresql:// address"


@dataclass(frozen=True, slots=True)
class SqliteStore:
    """A file of this machine.

    Args:
        path: Where it is, absolute.
    """

    path: Path

    def __str__(self) -> str:
        """Return the path."""
        return str(self.path)


@dataclass(frozen=True, slots=True)
class PostgresStore:
    """A PostgreSQL database.

    Args:
        url: Its address with the password.
        shown: The same for people.
    """

    url: URL = field(repr=False)
    shown: str

    def __str__(self) -> str:
        """Return the address without password."""
        return self.shown


Store = SqliteStore | PostgresStore


def default_path() -> Path:
    """Return where the user's own journal is."""
    return user_state_path("jetfleet") / "journal.db"


def parse_store(text: str | None) -> Store:
    """Return the store that `text` names; None for the user's own journal.

    Raises:
        InputError: It names none; the message never holds what may be a password.
    """
    if text is None:
        return SqliteStore(default_path())
    scheme = _SCHEME.match(text)
    if scheme is None:
        return _file(text)
    name = scheme[1].lower()
    if name in _POSTGRES:
        return _postgres(text)
    if name == "sqlite":
        return _sqlite(text)
    hint = ": write postgresql://" if name == "postgres" else f": {_EXPECTED}"
    raise InputError(f"{scheme[1]}: is no store this release knows{hint}")


def _sqlite(text: str) -> SqliteStore:
    _, mark, path = text.partition(":///")
    if not mark or "?" in path or "#" in path:
        raise InputError("a journal in a file is written sqlite:///path, and nothing follows it")
    return _file(path)


def _file(text: str) -> SqliteStore:
    if not text or text == ":memory:" or "\0" in text:
        raise InputError(f"this is not the path of a journal: {_EXPECTED}")
    try:
        return SqliteStore(Path(text).expanduser().absolute())
    except RuntimeError:
        raise InputError("the home folder that the path of the journal names is unknown") from None


def _postgres(text: str) -> PostgresStore:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Their messages may hold a part of the address, and so of the password.
        url = None
    parts = (url.username, url.host, url.database) if url else (None,)
    if url is None or not url.database or any("@" in (part or "") for part in parts[1:]):
        raise InputError(
            "this is not the address of a PostgreSQL database: write"
            " postgresql://user:password@host:port/database, with @ / : # in the password as"
            " %40 %2F %3A %23"
        )
    shown = URL.create(
        "postgresql",
        username=url.username,
        host=url.host or _only(url.query.get("host")),
        port=url.port,
        database=url.database,
    )
    return PostgresStore(url.set(drivername="postgresql+psycopg"), shown.render_as_string())


def _only(value: str | tuple[str, ...] | None) -> str | None:
    return ",".join(value) if isinstance(value, tuple) else value
