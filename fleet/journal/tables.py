"""The tables of a journal; what changes here needs a migration of the same shape."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

__all__ = [
    "VERSION_TABLE",
    "Moment",
    "Words",
    "escaped",
    "facts",
    "findings",
    "identities",
    "intents",
    "leased_sites",
    "leases",
    "marks",
    "metadata",
    "notes",
    "outcomes",
    "plans",
    "rejections",
    "runs",
    "sites",
    "states",
    "tokens",
    "trend",
]

VERSION_TABLE = "journal_version"
"""Where alembic keeps the revision; its own name would collide in a database with other tables."""

_UNSTORABLE = re.compile(r"[\\\0\ud800-\udfff]")
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")


class Moment(TypeDecorator[datetime]):
    """A time in UTC; SQLite, which knows no time zones, gets it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what is stored."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what was stored."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Any text at all: NUL and lone surrogates, which databases refuse, are stored escaped."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Return what is stored."""
        return None if value is None else escaped(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> str | None:
        """Return what was stored."""
        if value is None or "\\" not in value:
            return value
        return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), value)


def escaped(text: str) -> str:
    """Return `text` as `Words` stores it; different texts stay different."""
    return _UNSTORABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

# SQLite numbers rows by itself only where the key is exactly an INTEGER.
_Number = BigInteger().with_variant(Integer(), "sqlite")

runs = Table(
    "journal_runs",
    metadata,
    Column("number", _Number, primary_key=True),  # the order in which runs were begun
    Column("id", Words, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("operation", Words, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("read_only", Boolean, nullable=False),
    Column("user", Words, nullable=False),
    Column("host", Words, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("started", Moment, nullable=False, index=True),
    Column("finished", Moment),
    Column("interrupted", Words),
    Column("halted_by", Text),
    Column("halted_reason", Words),
    Column("parent", Words),
    Column("sites", Integer, nullable=False),
    Column("document", Text),
)

sites = Table(
    "journal_sites",
    metadata,
    Column("run_id", ForeignKey(runs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Words, nullable=False),
    Column("url", Words, nullable=False),
    UniqueConstraint("run_id", "name"),
)

outcomes = Table(
    "journal_outcomes",
    metadata,
    Column("run_id", Words, primary_key=True),
    Column("site", Words, primary_key=True),
    Column("status", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("trouble", Text),  # what earlier releases wrote has neither of these two
    Column("seconds", Float),
    ForeignKeyConstraint(["run_id", "site"], [sites.c.run_id, sites.c.name], ondelete="CASCADE"),
    Index(None, "run_id", "status", "site"),
    Index("ix_journal_outcomes_slowest", "run_id", "seconds"),
    Index(None, "site", "at"),
)

# The last outcome of each site, whichever run it comes from, also one that was forgotten since.
states = Table(
    "journal_states",
    metadata,
    Column("site", Words, primary_key=True),
    Column("url", Words, nullable=False),
    Column("run_id", Words, nullable=False),
    Column("operation", Words, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("trouble", Text),
    Column("message", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "status", "site"),
    Index(None, "at", "site"),
)

intents = Table(
    "journal_intents",
    metadata,
    Column("run_id", Words, primary_key=True),
    Column("site", Words, primary_key=True),
    Column("key", Words, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("before", Text),  # NULL where sealed; a null before is the text "null"
    Column("wanted", Text),
    Column("sealed", Boolean, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    ForeignKeyConstraint(["run_id", "site"], [sites.c.run_id, sites.c.name], ondelete="CASCADE"),
)

notes = Table(
    "journal_notes",
    metadata,
    Column("run_id", ForeignKey(runs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("name", Words, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

facts = Table(
    "journal_facts",
    metadata,
    Column("site", Words, primary_key=True),
    Column("facts", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

# By the address of the site, as leases are: whatever inventories call it.
identities = Table(
    "journal_identities",
    metadata,
    Column("site", Words, primary_key=True),
    Column("identity", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

# The fingerprint is keyed; the key is never in the journal (see `keys`).
rejections = Table(
    "journal_rejections",
    metadata,
    Column("site", Words, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("at", Moment, nullable=False),
)

# Outlives the run that used the plan: a pruned run must not make its plan usable again.
plans = Table(
    "journal_plans",
    metadata,
    Column("plan_id", Words, primary_key=True),
    Column("run_id", Words, nullable=False),
    Column("at", Moment, nullable=False),
)

# What audits and plans found, with its history; outlives the runs that saw it.
findings = Table(
    "journal_findings",
    metadata,
    Column("site", Words, primary_key=True),
    Column("url", Words, primary_key=True),
    Column("key", Words, primary_key=True),  # empty where the whole site failed
    Column("error", Words, primary_key=True),  # empty for a key
    Column("kind", Words),
    Column("wanted", Text, nullable=False),
    Column("found", Text, nullable=False),
    Column("reason", Words, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("opened", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("last_run", Words, nullable=False),
    Column("fixed", Moment, index=True),
    Column("recurrences", Integer, nullable=False),
    Column("fixes", Integer, nullable=False),
    Column("fixing", Float, nullable=False),
    Index(None, "key", "site"),
)

# How many sites conformed in each audit and plan, by key; outlives those runs.
trend = Table(
    "journal_trend",
    metadata,
    Column("run_id", Words, primary_key=True),
    Column("key", Words, primary_key=True),  # empty for whole sites
    Column("kind", Text, nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Column("good", Integer, nullable=False),
    Column("bad", Integer, nullable=False),
)

# Small facts that belong to no run, such as when a schedule ran last and what it has told whom.
marks = Table(
    "journal_marks",
    metadata,
    Column("space", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

# One row, the last fencing token given out.
tokens = Table(
    "journal_tokens",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

leases = Table(
    "journal_leases",
    metadata,
    Column("token", BigInteger, primary_key=True, autoincrement=False),
    Column("run_id", Words, nullable=False, index=True),
    Column("user", Words, nullable=False),
    Column("host", Words, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("since", Moment, nullable=False),
    Column("heartbeat", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("ttl", Float, nullable=False),
)

leased_sites = Table(
    "journal_leased_sites",
    metadata,
    Column("site", Words, primary_key=True),
    Column("token", ForeignKey(leases.c.token, ondelete="CASCADE"), nullable=False, index=True),
)
