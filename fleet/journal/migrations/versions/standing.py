"""How each site stands now, and what is asked of outcomes by pages about a whole fleet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)

_LATEST = """
INSERT INTO journal_states (site, url, run_id, operation, kind, status, message, at)
SELECT name, url, run_id, operation, kind, status, '', at FROM (
    SELECT s.name, s.url, o.run_id, r.operation, r.kind, o.status, o.at,
        row_number() OVER (PARTITION BY o.site ORDER BY o.at DESC, r.number DESC) AS age
    FROM journal_outcomes AS o
    JOIN journal_runs AS r ON r.id = o.run_id
    JOIN journal_sites AS s ON s.run_id = o.run_id AND s.name = o.site
    WHERE o.status <> 'not_started'
) AS latest WHERE age = 1
"""


def upgrade() -> None:
    """Make the tables that answer for a whole fleet, and fill in what is known."""
    op.add_column("journal_outcomes", sa.Column("trouble", sa.Text))
    op.add_column("journal_outcomes", sa.Column("seconds", sa.Float))
    op.drop_index(op.f("ix_journal_outcomes_run_id"), "journal_outcomes")
    _index("journal_outcomes", "run_id", "status", "site")
    op.create_index("ix_journal_outcomes_slowest", "journal_outcomes", ["run_id", "seconds"])
    _index("journal_outcomes", "site", "at")
    op.create_table(
        "journal_states",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("trouble", sa.Text),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    _index("journal_states", "status", "site")
    _index("journal_states", "at", "site")
    _index("journal_findings", "key", "site")
    op.execute(_LATEST)


def _index(table: str, first: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{first}"), table, [first, *columns])
