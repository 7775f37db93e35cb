"""A private PostgreSQL, with its data in a temporary folder and no care for durability."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.wordpress.processes import (
    HOST,
    StartError,
    reserved_port,
    run,
    server,
    temporary_folder,
    wait_until,
)

__all__ = ["PASSWORD", "Postgres", "missing_parts", "started"]

PASSWORD = "pAss/wörd@42"
"""Awkward in an address."""

_USER = "postgres"
_TUNING = ("fsync=off", "full_page_writes=off", "max_connections=60", "shared_buffers=32MB")


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server.

    Args:
        port: Where it listens, on loopback only.
        data: Its folder.
    """

    port: int
    data: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def new_database(self) -> str:
        """Return the name of a new, empty database."""
        name = f"journal{next(self._numbers)}"
        with self.connected("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return name

    def url(self, database: str, password: str = PASSWORD) -> str:
        """Return the address of a database as a user would write it."""
        quoted = password.replace("/", "%2F").replace("@", "%40")
        return f"postgresql://fleet:{quoted}@{HOST}:{self.port}/{database}"

    def connected(self, database: str) -> psycopg.Connection:
        """Return a connection of the tests' own, each statement a transaction."""
        return psycopg.connect(
            host=HOST,
            port=self.port,
            user="fleet",
            password=PASSWORD,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def is_ready(self) -> bool:
        """Return whether it answers."""
        try:
            self.connected("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Let it end its connections and itself."""
        pid_file = self.data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(pid_file.read_text().split()[0]), signal.SIGINT)
            wait_until(lambda: not pid_file.exists(), seconds=10)


def missing_parts() -> str:
    """Return which Debian package this machine lacks, or an empty string."""
    return "" if _programs() else "apt install postgresql"


@contextlib.contextmanager
def started() -> Iterator[Postgres]:
    """Yield a new server.

    Raises:
        StartError: It did not start; the message has its last words.
    """
    programs = _programs()
    if programs is None:
        raise StartError("PostgreSQL is not installed")
    with temporary_folder() as folder, reserved_port() as port:
        secret = folder / "password"
        secret.write_text(f"{PASSWORD}\n", encoding="utf-8")
        user: list[str] = []
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            user = ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]
            for path in (folder, secret):
                shutil.chown(path, _USER)
        data = folder / "data"
        create = [str(programs / "initdb"), "--no-sync", "--username=fleet", "--encoding=UTF8"]
        create += ["--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={secret}", str(data)]
        run([*user, *create], os.environ)
        settings = [f"listen_addresses={HOST}", f"port={port}", "unix_socket_directories="]
        options = [word for each in (*settings, *_TUNING) for word in ("-c", each)]
        command = [*user, str(programs / "postgres"), "-D", str(data), *options]
        postgres = Postgres(port, data)
        with server(command, os.environ, folder / "postgres.log", postgres.is_ready):
            try:
                yield postgres
            finally:
                # Ended by itself it also removes its shared memory.
                postgres.stop()


def _programs() -> Path | None:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4])
    )
    return found[-1].parent if found else None
