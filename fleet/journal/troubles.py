"""What a database's failure means and what to do about it, in our words.

The words of the drivers are not passed on: they differ from release to release, and may hold an
address or a value. They stay in the cause of the error where they cannot hold a password.
"""

from __future__ import annotations

from sqlalchemy import exc

from fleet.errors import JournalError
from fleet.journal.store import PostgresStore, Store

__all__ = ["explained"]

_SQLITE = {
    5: "another process has been writing to it for too long: see which fleet command hangs",
    6: "another process has been writing to it for too long: see which fleet command hangs",
    3: "this user may not open it: check who owns the file and its folder",
    8: "it cannot be written: the file or its file system is read-only",
    10: (
        "the disk reports an input/output error, which a full disk or a used-up quota also"
        " does: free some space or check the disk, then resume the run"
    ),
    11: "it is damaged: keep the file for a repair, and put back a copy of it",
    13: "the disk is full: free some space, then resume the run",
    14: "it cannot be opened: check that its folder is there and can be written",
    26: "it is damaged or not a journal: put back a copy of it, or name another file",
}
"""By SQLite's primary result code."""

_POSTGRES = {
    "08": "the connection to the server was lost: check the server, then resume the run",
    "25006": "the server is read-only: name the primary server",
    "28": "the server refused the login: check user and password",
    "3D": "the server has no such database: create it first",
    "40P01": "it was locked crosswise with another process: resume the run",
    "42501": "the user may not do this in the database: grant it all rights there, or name another",
    "53100": "the server's disk is full: free some space there, then resume the run",
    "53": "the server has no room for more connections or memory: try again later",
    "55P03": "another process has been writing to it for too long: see which fleet command hangs",
    "57": "the server was stopped or ended the connection: check it, then resume the run",
    "58": "the server reports trouble with its disk: check the server",
}
"""By SQLSTATE, or the class of it."""


def explained(error: Exception, store: Store) -> JournalError:
    """Return the error to raise in place of one of the database library.

    Args:
        error: What happened.
        store: Where.
    """
    return JournalError(f"the journal {store}: {_meaning(error, store)}")


def _meaning(error: Exception, store: Store) -> str:
    if isinstance(error, exc.TimeoutError):
        return "no connection became free in time: see which fleet command hangs"
    if isinstance(error, exc.IntegrityError):
        return "it has no such run, or no such site in the run"
    source = error.driver_exception if isinstance(error, exc.DBAPIError) else error
    if isinstance(store, PostgresStore):
        return _of_postgres(source)
    code = getattr(source, "sqlite_errorcode", None)
    if isinstance(code, int):
        name = getattr(source, "sqlite_errorname", code)
        return _SQLITE.get(code & 0xFF, f"SQLite failed with {name}")
    return _failed(source)


def _of_postgres(source: object) -> str:
    state = getattr(source, "sqlstate", None)
    if not isinstance(state, str):
        name = type(source).__name__
        if name in ("OperationalError", "ConnectionTimeout", "InterfaceError"):
            return (
                "the server cannot be reached, or refused the login: check the address, that"
                " the server runs, that the database is there, user and password"
            )
        return _failed(source)
    for key in (state, state[:2]):
        if key in _POSTGRES:
            return _POSTGRES[key]
    return f"the server refused a statement with SQLSTATE {state}"


def _failed(source: object) -> str:
    return f"the database library failed with {type(source).__name__}"
