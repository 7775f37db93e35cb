"""Where a journal is kept is read from what the caller wrote, and passwords stay unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.errors import InputError
from fleet.journal.store import PostgresStore, SqliteStore, default_path, parse_store

SECRET = "hunter2"


def test_by_default_it_is_in_the_users_own_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere")
    monkeypatch.setenv("HOME", "/home/ann")

    assert parse_store(None) == SqliteStore(default_path())
    assert default_path().parts[-2:] == ("jetfleet", "journal.db")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/var/lib/fleet/j.db", "/var/lib/fleet/j.db"),
        ("sqlite:////var/lib/fleet/j.db", "/var/lib/fleet/j.db"),
        ("SQLite:///j.db", "j.db"),
        ("state/j.db", "state/j.db"),
        ("~/j.db", "/home/ann/j.db"),
    ],
)
def test_a_file_is_a_path_or_an_address(
    text: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ann")

    assert parse_store(text) == SqliteStore(Path(path).absolute())


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg", "PostgreSQL"])
def test_a_server_is_shown_without_its_password(scheme: str) -> None:
    store = parse_store(f"{scheme}://ann:{SECRET}@db.example:5433/fleet?sslmode=require")

    assert isinstance(store, PostgresStore)
    assert store.url.drivername == "postgresql+psycopg"
    assert store.url.password == SECRET
    assert str(store) == "postgresql://ann@db.example:5433/fleet"
    assert SECRET not in repr(store)


def test_a_password_among_the_options_is_not_shown_either() -> None:
    store = parse_store(f"postgresql:///fleet?host=/run/postgresql&password={SECRET}")

    assert SECRET not in f"{store} {store!r}"
    assert "fleet" in str(store)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":memory:",
        "a\0b",
        "sqlite://",
        "sqlite:j.db",
        "sqlite:///:memory:",
        "sqlite:///j.db?mode=memory",
        f"postgres://ann:{SECRET}@db/fleet",
        f"mysql://ann:{SECRET}@db/fleet",
        f"postgresql+asyncpg://ann:{SECRET}@db/fleet",
        f"postgresql:ann:{SECRET}",
        f"postgresql://ann:{SECRET}@db:54x32/fleet",
        f"postgresql://ann:{SECRET}@db",
        f"postgresql://ann:a@{SECRET}@db/fleet",
        f"postgresql://ann:a@b/{SECRET}@db/fleet",
        f"postgresql://ann:{SECRET}@[::1/fleet",
        f"postgresql://ann:a@b:{SECRET}@db/fleet",
        "file:j.db",
        "https://example.org/j.db",
    ],
)
def test_anything_else_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_store(text)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_usual_slip_is_named() -> None:
    with pytest.raises(InputError, match="write postgresql://"):
        parse_store("postgres://db/fleet")
