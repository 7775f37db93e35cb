"""Run by alembic: the connection comes from whoever opens the journal."""

from __future__ import annotations

from alembic import context

from fleet.journal.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter most things; batches make a new table and move the rows.
    render_as_batch=True,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
