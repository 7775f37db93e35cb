"""What audits and plans found over time, which outlives the runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of findings and of the trend."""
    op.create_table(
        "journal_findings",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("site", "url", "key", "error")),
        sa.Column("kind", sa.Text),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("wanted", "found", "reason")),
        *(
            sa.Column(name, _MOMENT, nullable=False)
            for name in ("first_seen", "opened", "last_seen")
        ),
        sa.Column("last_run", sa.Text, nullable=False),
        sa.Column("fixed", _MOMENT),
        sa.Column("recurrences", sa.Integer, nullable=False),
        sa.Column("fixes", sa.Integer, nullable=False),
        sa.Column("fixing", sa.Float, nullable=False),
    )
    op.create_index("ix_journal_findings_fixed", "journal_findings", ["fixed"])
    op.create_table(
        "journal_trend",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("good", sa.Integer, nullable=False),
        sa.Column("bad", sa.Integer, nullable=False),
    )
    op.create_index("ix_journal_trend_at", "journal_trend", ["at"])
