"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make every table."""
    _make_runs()
    _make_results()
    _make_rest()
    _make_leases()


def _make_runs() -> None:
    op.create_table(
        "journal_runs",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("read_only", sa.Boolean, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.BigInteger, nullable=False),
        sa.Column("started", _MOMENT, nullable=False, index=True),
        sa.Column("finished", _MOMENT),
        sa.Column("interrupted", sa.Text),
        sa.Column("halted_by", sa.Text),
        sa.Column("halted_reason", sa.Text),
        sa.Column("parent", sa.Text),
        sa.Column("sites", sa.Integer, nullable=False),
        sa.Column("document", sa.Text),
    )
    op.create_table(
        "journal_sites",
        sa.Column(
            "run_id",
            sa.Text,
            sa.ForeignKey("journal_runs.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.UniqueConstraint("run_id", "name"),
    )


def _make_results() -> None:
    op.create_table(
        "journal_outcomes",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        _of_site(),
    )
    op.create_index(op.f("ix_journal_outcomes_run_id"), "journal_outcomes", ["run_id", "status"])
    op.create_table(
        "journal_intents",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("wanted", sa.Text),
        sa.Column("sealed", sa.Boolean, nullable=False),
        sa.Column("settled", sa.Boolean, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        _of_site(),
    )


def _of_site() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["run_id", "site"], ["journal_sites.run_id", "journal_sites.name"], ondelete="CASCADE"
    )


def _make_rest() -> None:
    op.create_table(
        "journal_notes",
        sa.Column(
            "run_id",
            sa.Text,
            sa.ForeignKey("journal_runs.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    op.create_table(
        "journal_facts",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    op.create_table(
        "journal_plans",
        sa.Column("plan_id", sa.Text, primary_key=True),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )


def _make_leases() -> None:
    tokens = op.create_table(
        "journal_tokens",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(tokens, [{"id": 1, "last": 0}])
    op.create_table(
        "journal_leases",
        sa.Column("token", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("run_id", sa.Text, nullable=False, index=True),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.BigInteger, nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("heartbeat", _MOMENT, nullable=False),
        sa.Column("expires", _MOMENT, nullable=False),
        sa.Column("ttl", sa.Float, nullable=False),
    )
    op.create_table(
        "journal_leased_sites",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column(
            "token",
            sa.BigInteger,
            sa.ForeignKey("journal_leases.token", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
    )
