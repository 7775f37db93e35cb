"""Brings a journal to the schema of this release, or says why it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from fleet.errors import JournalError
from fleet.journal.database import Database, address, connect_arguments, dress
from fleet.journal.files import back_up, check_file, ensure_folder, exists, new_file, publish
from fleet.journal.store import PostgresStore, SqliteStore, Store
from fleet.journal.tables import VERSION_TABLE, metadata
from fleet.journal.troubles import explained

__all__ = ["RELEASE", "Schema", "prepare", "prepare_file"]

_MIGRATING = 0x6A666C74
"""Key of the lock under which a PostgreSQL journal is migrated."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a release knows of schemas.

    Args:
        revisions: Every revision, oldest first; the last is its own.
        scripts: Folder of the migrations.
    """

    revisions: tuple[str, ...]
    scripts: Path

    @property
    def head(self) -> str:
        """Return the newest revision."""
        return self.revisions[-1]


RELEASE = Schema(("0001", "0002", "0003", "0004", "0005"), Path(__file__).parent / "migrations")
"""The schema of this release. It is checked by hand, since alembic takes long to import."""


def prepare_file(store: SqliteStore, patience: float, schema: Schema = RELEASE) -> None:
    """Make the file of a journal unless there is one, and check that only its owner reads it.

    Raises:
        JournalError: It cannot be made, or is not safe.
    """
    ensure_folder(store.path.parent)
    if not exists(store.path):
        with new_file(store.path) as draft:
            _upgrade(SqliteStore(draft), patience, schema)
            publish(draft, store.path)
    check_file(store.path)


async def prepare(database: Database, patience: float, schema: Schema = RELEASE) -> None:
    """Bring a journal to this release's schema; a file is copied before it is changed.

    Raises:
        JournalError: It is no journal, or a newer release wrote it.
    """
    async with database.reading() as connection:
        found = await connection.run_sync(_revision)
    store = database.store
    if found == schema.head:
        return
    if found is None and isinstance(store, SqliteStore):
        raise JournalError(f"{store} is a database, but not a journal: name another file")
    if found is not None and found not in schema.revisions:
        raise JournalError(
            f"a newer release of fleet wrote the journal {store} (schema {found}, and this"
            f" release knows {schema.head}): use that release or a newer one"
        )
    if found is not None and isinstance(store, SqliteStore):
        back_up(store.path, found)
    _upgrade(store, patience, schema)


def _revision(connection: Connection) -> str | None:
    """Return the revision of a journal, or None where there is none.

    Raises:
        JournalError: There are tables of a journal without a revision.
    """
    names = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in names:
        if clash := names & set(metadata.tables):
            raise JournalError(
                f"the database has a table {min(clash)}, but is not a journal: name another"
            )
        return None
    found = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
    return None if found is None else str(found)


def _upgrade(store: Store, patience: float, schema: Schema) -> None:
    """Run the migrations in one transaction.

    Blocks the event loop on purpose: alembic keeps the migration it runs in its own module, so
    two of them must not interleave. It happens once per release.
    """
    # Most commands never migrate, and these imports cost them a third of a second.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(schema.scripts).replace("%", "%%"))
    engine = create_engine(
        address(store),
        connect_args=connect_arguments(store, patience),
        hide_parameters=True,
        poolclass=NullPool,
    )
    dress(engine, store, patience)
    try:
        with engine.execution_options(writes=True).begin() as connection:
            if isinstance(store, PostgresStore):
                # Several workers may meet a new database at once.
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATING})"))
            config.attributes["connection"] = connection
            command.upgrade(config, schema.head)
    except (SQLAlchemyError, OSError) as error:
        cause = error if isinstance(store, SqliteStore) else None
        raise explained(error, store) from cause
