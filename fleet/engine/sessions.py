"""Sessions kept between runs, so that a site is neither looked for nor logged in to each time.

They are in one SQLite file in the user's cache folder, which nobody else may read. Cookies are as
good as a password for as long as they last, so they are kept for two days at most. Passwords are
not kept: a keyed digest ties each entry to all that it was made with, and a changed password, user
name, address or pin finds nothing. The file is a cache: damaged, closed or gone, runs go on
without it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, closing
from pathlib import Path
from queue import Empty, SimpleQueue

from anyio import to_thread
from platformdirs import user_cache_path
from pydantic import SecretStr

from fleet.config import USER_AGENT
from fleet.engine.guarding import credential_of
from fleet.engine.keeping import site_key
from fleet.errors import FleetError, JournalError
from fleet.inventory.model import Site
from fleet.journal.keys import default_key_path, fingerprint, read_key
from fleet.site.remembered import Remembered

__all__ = ["MOST_WAITING", "KeptSessions", "SessionCache", "default_cache_path"]

_LOG = logging.getLogger("fleet")
_LONGEST = 2 * 86_400.0
"""Seconds for which a session is kept, as WordPress keeps one that nobody asked it to remember."""

_BATCH = 500
_PAUSE = 0.1
"""Seconds for which a session waits for others: writing each by itself costs ten times as much."""

MOST_WAITING = 1_000
"""Sessions that wait to be written at most; those of sites beyond are not kept this time."""

_BUSY = 5.0
"""Seconds that writing waits for another process; reading never waits for one."""

_TABLE = """
CREATE TABLE IF NOT EXISTS sessions (
    entry TEXT PRIMARY KEY, site TEXT NOT NULL, since REAL NOT NULL, kept TEXT NOT NULL
) WITHOUT ROWID
"""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_PARTS = ("", "-wal", "-shm", "-journal")
_Row = tuple[str, str, float, str | None]


class _Unusable(FleetError):
    """The cache cannot be used; the text says why and what helps."""


def default_cache_path() -> Path:
    """Return where sessions are kept."""
    return user_cache_path("jetfleet") / "sessions.db"


class SessionCache:
    """Where sessions are kept.

    Args:
        path: The file; made at first use, with its folder.
        key_path: The key of the digests.
        clock: Unix time.
    """

    def __init__(
        self,
        path: Path | None = None,
        key_path: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path or default_cache_path()
        self._key_path = key_path
        self._clock = clock

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[KeptSessions | None]:
        """Yield the sessions, or None where they cannot be had, which is told once."""
        kept = await to_thread.run_sync(self._open)
        try:
            yield kept
        finally:
            if kept is not None:
                await to_thread.run_sync(kept.close)

    def _open(self) -> KeptSessions | None:
        try:
            key = read_key(self._key_path or default_key_path())
            ready(self.path)
            return KeptSessions(self.path, key, self._clock)
        except (_Unusable, JournalError, OSError, sqlite3.Error) as error:
            _LOG.warning("sessions are not kept between runs: %s", error)
            return None

    def forget(self, sites: Collection[Site] | None = None) -> bool:
        """Forget the sessions of `sites`, or of all; return whether there was a file.

        Raises:
            OSError: The file cannot be removed.
        """
        if not self.path.exists() and not self.path.is_symlink():
            return False
        if sites is None:
            _remove(self.path)
            return True
        try:
            ready(self.path)
            with closing(sqlite3.connect(self.path, timeout=_BUSY)) as database, database:
                rows = [(site_key(site),) for site in sites]
                database.executemany("DELETE FROM sessions WHERE site = ?", rows)
        except (_Unusable, sqlite3.Error):
            _remove(self.path)
        return True


class KeptSessions:
    """The sessions while a run lasts: read where they are asked for, written behind its back.

    Args:
        path: The file, made and checked.
        key: Key of the digests.
        clock: Unix time.
    """

    def __init__(self, path: Path, key: bytes, clock: Callable[[], float]) -> None:
        self._path = path
        self._key = key
        self._clock = clock
        self._reading = sqlite3.connect(path, timeout=_BUSY, check_same_thread=False)
        # The first question may meet another process that opens or closes the file; later ones
        # meet nobody, because readers of a WAL never wait, as long as one is open.
        self._reading.execute("SELECT 1 FROM sessions LIMIT 1").fetchone()
        self._reading.execute("PRAGMA busy_timeout = 0")
        self._waiting: SimpleQueue[_Row | None] = SimpleQueue()
        self._ending = threading.Event()
        self._told = False
        self._writer = threading.Thread(target=self._write, name="sessions", daemon=True)
        self._writer.start()

    def close(self) -> None:
        """Write what waits, and close the file."""
        self._waiting.put(None)
        self._ending.set()
        self._writer.join()
        self._reading.close()

    def get(self, site: Site, password: SecretStr) -> Remembered | None:
        """Return what an earlier visit left of a site for this very account, if it still may do."""
        question = "SELECT kept FROM sessions WHERE entry = ?"
        try:
            row = self._reading.execute(question, (self._entry(site, password),)).fetchone()
        except sqlite3.Error as error:
            self._tell(error)
            return None
        kept = Remembered.decoded(row[0]) if row and isinstance(row[0], str) else None
        if kept is None or not 0 <= self._clock() - kept.since < _LONGEST:
            return None
        return kept

    def keep(
        self, site: Site, password: SecretStr, kept: Remembered, text: str | None = None
    ) -> None:
        """Keep what a visit leaves; it is written soon, unless too many wait for that.

        Args:
            site: The site.
            password: The account's.
            kept: What is kept.
            text: `kept` as it encodes itself, where that is known already.
        """
        if self._waiting.qsize() >= MOST_WAITING:
            return
        entry = self._entry(site, password)
        self._waiting.put((entry, site_key(site), kept.since, text or kept.encoded()))

    def forget(self, site: Site, password: SecretStr) -> None:
        """Forget what is known of a site for this account."""
        self._waiting.put((self._entry(site, password), "", 0.0, None))

    def _entry(self, site: Site, password: SecretStr) -> str:
        http = site.http
        return fingerprint(
            self._key,
            *credential_of(site, password),
            str(site.url),
            site.auth.login_path,
            USER_AGENT,
            str(http.ca_file or ""),
            http.pin,
            http.proxy,
        )

    def _write(self) -> None:
        """Write what comes, many at once, until None comes. Runs in a thread of its own."""
        try:
            with closing(sqlite3.connect(self._path, timeout=_BUSY)) as database:
                _write_off(database, "DELETE FROM sessions WHERE since < ?", self._clock())
                while rows := self._next():
                    _store(database, rows)
        except sqlite3.Error as error:
            self._tell(error)

    def _next(self) -> list[_Row]:
        rows = []
        row = self._waiting.get()
        if row is not None and self._waiting.qsize() < _BATCH:
            self._ending.wait(_PAUSE)
        while row is not None:
            rows.append(row)
            if len(rows) >= _BATCH:
                return rows
            try:
                row = self._waiting.get_nowait()
            except Empty:
                return rows
        if rows:
            self._waiting.put(None)
        return rows

    def _tell(self, error: sqlite3.Error) -> None:
        if not self._told:
            self._told = True
            _LOG.warning("sessions are not kept any more in this run: %s: %s", self._path, error)


def _write_off(database: sqlite3.Connection, statement: str, now: float) -> None:
    with database:
        database.execute(statement, (now - _LONGEST,))


def _store(database: sqlite3.Connection, rows: list[_Row]) -> None:
    with database:
        for entry, site, since, kept in rows:
            if kept is None:
                database.execute("DELETE FROM sessions WHERE entry = ?", (entry,))
            else:
                database.execute(
                    "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?)",
                    (entry, site, since, kept),
                )


def ready(path: Path) -> None:
    """Make the file where it is missing, and again where it is damaged.

    Raises:
        _Unusable: Others may read or exchange it, or it is another's.
        OSError: It cannot be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = path.parent.stat()
    if folder.st_uid != os.geteuid() or folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _Unusable(f"others can write to {path.parent}; chmod 700 {path.parent} helps")
    _check(path)
    try:
        _prepare(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        _LOG.warning("%s was damaged (%s), so all sessions begin anew", path, error)
        _remove(path)
        _prepare(path)


def _check(path: Path) -> None:
    for part in (path.with_name(path.name + ending) for ending in _PARTS):
        try:
            status = part.lstat()
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(status.st_mode):
            raise _Unusable(f"{part} is no regular file; removing it helps")
        if status.st_uid != os.geteuid() or status.st_mode & _OTHERS:
            raise _Unusable(f"{part} is open to others; fleet sessions forget removes it")


def _prepare(path: Path) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(path, flags, 0o600))
    with closing(sqlite3.connect(path, timeout=_BUSY)) as database, database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = OFF")
        database.execute(_TABLE)
        database.execute("SELECT kept FROM sessions LIMIT 1").fetchone()


def _remove(path: Path) -> None:
    for ending in _PARTS:
        path.with_name(path.name + ending).unlink(missing_ok=True)
