"""Intents: what a run is about to change, on record before the change leaves; and used plans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, case, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from fleet.errors import LeaseLost, Refused
from fleet.journal import tables
from fleet.journal.claims import check_claim, rows_about
from fleet.journal.codec import decode_value, encode_value
from fleet.journal.database import Database, upsert
from fleet.journal.leases import lost, renew_lease
from fleet.journal.records import Claim, Intent, Lease, StoredIntent

__all__ = ["add_intents", "read_intents", "read_last_writers", "spend_plan", "unsettled_of"]

_intents = tables.intents


async def add_intents(
    database: Database,
    run_id: str,
    site: str,
    intents: Sequence[Intent],
    lease: Lease | None,
    claim: Claim | None = None,
) -> None:
    """Put intents on record in one transaction.

    Raises:
        LeaseLost: The lease does not hold the site any more, or the claim is not the last one.
    """
    while not await _added(database, run_id, site, intents, lease, claim):
        # The lease ran out, and nobody took the site yet: this process slept. Renewed in a
        # transaction of its own, since whoever takes it over locks in the other order.
        if lease is None:
            raise RuntimeError("only a lease can run out")
        await renew_lease(database, lease, None)


async def _added(
    database: Database,
    run_id: str,
    site: str,
    intents: Sequence[Intent],
    lease: Lease | None,
    claim: Claim | None,
) -> bool:
    """Add the intents, unless the lease ran out."""
    async with database.writing() as connection:
        at = database.now()
        if claim is not None:
            await check_claim(connection, claim)
        if lease is not None:
            expires = await _expiry(connection, lease)
            if expires <= await database.clock(connection):
                return False
        if intents:
            await connection.execute(
                _adding(connection),
                [_row(run_id, site, position, each, at) for position, each in enumerate(intents)],
            )
    return True


async def _expiry(connection: AsyncConnection, lease: Lease) -> datetime:
    """Return when a lease ends; nobody takes it over before the transaction ends.

    A lease is held or lost as a whole, so which of its sites is meant does not matter.
    """
    leases = tables.leases
    found: datetime | None = (
        await connection.execute(
            select(leases.c.expires)
            .where(leases.c.token == lease.token, leases.c.run_id == lease.run_id)
            .with_for_update(read=True)
        )
    ).scalar_one_or_none()
    if found is None:
        raise LeaseLost(f"{lost(lease)}; nothing was sent")
    return found


def _adding(connection: AsyncConnection) -> Any:
    adding = upsert(connection, _intents)
    given = adding.excluded
    sealed = or_(_intents.c.sealed, given.sealed)
    return adding.on_conflict_do_update(
        index_elements=["run_id", "site", "key"],
        set_={
            "position": given.position,
            # What the run found first is what a rollback has to bring back.
            "before": case((given.sealed, None), else_=_intents.c.before),
            "wanted": case((sealed, None), else_=given.wanted),
            "sealed": sealed,
            "settled": False,
            "at": given.at,
        },
    )


def _row(run_id: str, site: str, position: int, intent: Intent, at: datetime) -> dict[str, object]:
    return {
        "run_id": run_id,
        "site": site,
        "key": intent.key,
        "position": position,
        "before": None if intent.sealed else encode_value(intent.before),
        "wanted": None if intent.sealed else encode_value(intent.wanted),
        "sealed": intent.sealed,
        "settled": False,
        "at": at,
    }


async def read_intents(database: Database, run_id: str) -> list[StoredIntent]:
    """Return the intents of a run, in the order they were meant last."""
    async with database.reading() as connection:
        found = await connection.execute(
            select(_intents)
            .where(_intents.c.run_id == run_id)
            .order_by(_intents.c.at, _intents.c.site, _intents.c.position)
        )
        return [_stored(row) for row in found]


async def unsettled_of(
    database: Database, run_id: str, sites: Sequence[str]
) -> dict[str, list[StoredIntent]]:
    """Return what a run meant to change on `sites` and nobody knows the outcome of."""
    rows = await rows_about(
        database,
        lambda names: select(_intents).where(
            _intents.c.run_id == run_id,
            _intents.c.site.in_(names),
            _intents.c.settled.is_(False),
        ),
        sites,
    )
    found: dict[str, list[StoredIntent]] = {}
    for row in rows:
        found.setdefault(row.site, []).append(_stored(row))
    return found


def _stored(row: Row[Any]) -> StoredIntent:
    before, wanted = (
        None if text is None else decode_value(text) for text in (row.before, row.wanted)
    )
    return StoredIntent(row.site, Intent(row.key, before, wanted, row.sealed), row.at, row.settled)


async def read_last_writers(
    database: Database, run_id: str
) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the run, and its kind, that last meant to change each site and key of a run."""
    own, later, runs = _intents.alias(), _intents.alias(), tables.runs
    query = (
        select(later.c.site, later.c.key, runs.c.id, runs.c.kind)
        .join(own, and_(own.c.site == later.c.site, own.c.key == later.c.key))
        .join(runs, runs.c.id == later.c.run_id)
        .where(own.c.run_id == run_id, later.c.at >= own.c.at)
        .order_by(later.c.at, runs.c.number)
    )
    async with database.reading() as connection:
        found = await connection.execute(query)
        return {(row.site, row.key): (row.id, row.kind) for row in found}


async def spend_plan(connection: AsyncConnection, plan_id: str, run_id: str, at: datetime) -> None:
    """Mark a plan as applied by a run.

    Raises:
        Refused: It was applied before.
    """
    plans = tables.plans
    row = {"plan_id": plan_id, "run_id": run_id, "at": at}
    # Of two at once the second waits here for the first, and then finds its row.
    added = await connection.execute(
        upsert(connection, plans)
        .values(row)
        .on_conflict_do_nothing(index_elements=["plan_id"])
        .returning(plans.c.plan_id)
    )
    if added.first() is not None:
        return
    used = (await connection.execute(select(plans).where(plans.c.plan_id == plan_id))).one()
    raise Refused(
        f"this plan was already applied by run {used.run_id} on {used.at:%Y-%m-%d %H:%M} UTC:"
        " make a new plan"
    )
