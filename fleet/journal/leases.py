"""Leases: only one run at a time changes a site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from fleet.errors import InputError, LeaseLost, LockHeld
from fleet.journal import tables
from fleet.journal.database import Database
from fleet.journal.records import HeldLease, Lease, Owner

__all__ = ["acquire_lease", "lost", "read_leases", "release_lease", "renew_lease", "take_away"]

_leases, _held = tables.leases, tables.leased_sites
_AT_ONCE = 500
"""Names in one question; a back end takes only so many values."""


async def acquire_lease(
    database: Database, run_id: str, sites: Sequence[str], owner: Owner, ttl: float
) -> Lease:
    """Take a lease on all of `sites` or on none.

    Raises:
        LockHeld: Another lease covers some of them.
    """
    wanted = tuple(dict.fromkeys(sites))
    async with database.writing() as connection:
        # The row of the tokens is the lock under which leases are given out.
        token = (
            await connection.execute(
                update(tables.tokens)
                .values(last=tables.tokens.c.last + 1)
                .returning(tables.tokens.c.last)
            )
        ).scalar_one()
        now = await database.clock(connection)
        await connection.execute(delete(_leases).where(_leases.c.expires <= now))
        await _check_free(connection, wanted, now)
        row = {
            "token": token,
            "run_id": run_id,
            "user": owner.user,
            "host": owner.host,
            "pid": owner.pid,
            "since": now,
            "heartbeat": now,
            "expires": now + timedelta(seconds=ttl),
            "ttl": ttl,
        }
        await connection.execute(insert(_leases).values(row))
        if wanted:
            await connection.execute(
                insert(_held), [{"site": site, "token": token} for site in wanted]
            )
    return Lease(run_id, token, owner, wanted)


async def renew_lease(database: Database, lease: Lease, ttl: float | None) -> None:
    """Let a lease last for `ttl` seconds from now, or as long as it was taken for.

    Raises:
        LeaseLost: There is no such lease any more.
    """
    own = (_leases.c.token == lease.token, _leases.c.run_id == lease.run_id)
    async with database.writing() as connection:
        found = await connection.execute(select(_leases.c.ttl).where(*own).with_for_update())
        last = found.scalar_one_or_none()
        if last is None:
            raise LeaseLost(lost(lease))
        now = await database.clock(connection)
        lasts = last if ttl is None else ttl
        await connection.execute(
            update(_leases)
            .where(*own)
            .values(heartbeat=now, expires=now + timedelta(seconds=lasts), ttl=lasts)
        )


async def release_lease(database: Database, lease: Lease) -> None:
    """Remove a lease if it is still there."""
    async with database.writing() as connection:
        await connection.execute(
            delete(_leases).where(_leases.c.token == lease.token, _leases.c.run_id == lease.run_id)
        )


async def read_leases(database: Database) -> list[HeldLease]:
    """Return every lease, oldest first."""
    async with database.reading() as connection:
        return [_shown(row) for row in await connection.execute(_overview())]


async def take_away(database: Database, run_id: str) -> HeldLease:
    """Remove every lease of a run and return them as one.

    Raises:
        InputError: It has none.
    """
    async with database.writing() as connection:
        found = [
            _shown(row)
            for row in await connection.execute(_overview().where(_leases.c.run_id == run_id))
        ]
        if not found:
            raise InputError(f"run {run_id} holds no sites")
        await connection.execute(delete(_leases).where(_leases.c.run_id == run_id))
    return HeldLease(
        run_id,
        found[-1].owner,
        sum(each.sites for each in found),
        min(each.since for each in found),
        max(each.heartbeat for each in found),
        max(each.expires for each in found),
    )


def lost(lease: Lease) -> str:
    """Return the sentence for a lease that is gone."""
    return f"run {lease.run_id} no longer holds its sites: they were taken over or unlocked"


async def _check_free(connection: AsyncConnection, sites: Sequence[str], now: datetime) -> None:
    shared = Counter[int]()
    for names in _parts(sites):
        found = await connection.execute(
            select(_held.c.token, func.count().label("sites"))
            .where(_held.c.site.in_(names))
            .group_by("token")
        )
        shared.update({row.token: row.sites for row in found})
    if not shared:
        return
    (token, count), *others = shared.most_common()
    holder = _shown((await connection.execute(_overview().where(_leases.c.token == token))).one())
    raise LockHeld(_held_message(holder, count, len(sites), len(others), now))


def _held_message(holder: HeldLease, count: int, wanted: int, others: int, now: datetime) -> str:
    shared = "the site" if wanted == 1 else f"{count} of the {wanted} sites"
    more = f" ({others} more hold others)" if others else ""
    return (
        f"run {holder.run_id} of {holder.owner} holds {shared} of this run{more},"
        f" since {holder.since:%Y-%m-%d %H:%M:%S} UTC, last heartbeat"
        f" {_age((now - holder.heartbeat).total_seconds())} ago: wait for it to end, or, once"
        f" you know that it is gone, fleet unlock {holder.run_id}"
    )


def _age(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"


def _overview() -> Any:
    count = select(func.count()).where(_held.c.token == _leases.c.token).scalar_subquery()
    return select(_leases, count.label("sites")).order_by(_leases.c.token)


def _shown(row: Row[Any]) -> HeldLease:
    owner = Owner(row.user, row.host, row.pid)
    return HeldLease(row.run_id, owner, row.sites, row.since, row.heartbeat, row.expires)


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE]
