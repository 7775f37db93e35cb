"""A private MariaDB, read and written through its own command-line client.

It keeps its data in a temporary folder, listens on nothing but a socket there and cares for
no durability, so it starts in about a second.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.wordpress.processes import StartError, run, server

__all__ = ["Database", "MariaDB"]

_TUNING = (
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-log-file-size=16M",
    "--innodb-buffer-pool-size=32M",
    "--performance-schema=OFF",
)
_LONGEST_SOCKET = 100  # bytes; the kernel refuses paths of 108


@dataclass(frozen=True, slots=True)
class MariaDB:
    """A running server."""

    socket: Path

    def execute(self, sql: str, database: str = "") -> list[list[bytes]]:
        """Return the rows that `sql` selects.

        Columns come as the client prints them, so select HEX() of anything but plain text.
        """
        client = ["mariadb", "--no-defaults", "--user=root", f"--socket={self.socket}"]
        shape = ["--batch", "--skip-column-names", "--raw", "--default-character-set=utf8mb4"]
        printed = run([*client, *shape, database], _environment(), sql.encode())
        return [line.split(b"\t") for line in printed.splitlines()]

    def is_ready(self) -> bool:
        """Return whether it answers."""
        if not self.socket.exists():
            return False
        try:
            return self.execute("SELECT 1") == [[b"1"]]
        except StartError:
            return False

    @classmethod
    @contextlib.contextmanager
    def started(cls, folder: Path) -> Iterator[MariaDB]:
        """Yield a new server with its data below `folder`.

        Raises:
            StartError: It did not start, or the folder's path is too long for a socket.
        """
        database = cls(folder / "mariadb.sock")
        if len(os.fsencode(database.socket)) > _LONGEST_SOCKET:
            raise StartError(f"{database.socket} is too long for a socket: set TMPDIR")
        data = folder / "data"
        # MariaDB refuses to run as root unless it is told to.
        user = ["--user=root"] if os.geteuid() == 0 else []
        common = ["--no-defaults", f"--datadir={data}", *user, *_TUNING]
        create = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        run(["mariadb-install-db", *common, *create], _environment())
        own = [f"--socket={database.socket}", f"--pid-file={folder / 'mariadb.pid'}"]
        command = ["mariadbd", *common, *own, "--skip-networking", "--skip-log-bin"]
        with server(command, _environment(), folder / "mariadb.log", database.is_ready):
            yield database


@dataclass(frozen=True, slots=True)
class Database:
    """The tables of one site on a server."""

    server: MariaDB
    name: str

    def execute(self, sql: str, *values: str | bytes) -> list[list[bytes]]:
        """Return the rows that `sql` selects, as `MariaDB.execute` does.

        Each question mark in `sql` stands for one of `values`.
        """
        first, *rest = sql.split("?")
        given = zip(map(_literal, values), rest, strict=True)
        return self.server.execute(first + "".join(map("".join, given)), self.name)


def _literal(value: str | bytes) -> str:
    """Return an SQL literal that needs no escaping."""
    return f"X'{(value.encode() if isinstance(value, str) else value).hex()}'"


def _environment() -> dict[str, str]:
    # Debian keeps the server in /usr/sbin, which is not on everyone's path.
    return {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
