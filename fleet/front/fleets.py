"""The fleet that a command works with, as its flags say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet.engine.fleet import Fleet
from fleet.errors import InputError
from fleet.front.ci.job import job_of
from fleet.front.options import Output, Pace
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretResolver
from fleet.journal.journal import Journal
from fleet.journal.store import PostgresStore, parse_store

if TYPE_CHECKING:
    from fleet.engine.remote import Remote

__all__ = ["fleet_of"]


def fleet_of(whole: Inventory, pace: Pace, out: Output, journal: Journal) -> Fleet:
    """Return the fleet of `whole` with the limits and the engine of the flags.

    Raises:
        InputError: The flags make no sense together, or a package is missing.
    """
    return Fleet(
        pace.applied(whole),
        pace.settings(),
        resolver=SecretResolver(heard=job_of(out.ci).mask),
        journal=journal,
        sessions=pace.sessions(),
        remote=_remote(pace, out, journal),
    )


def _remote(pace: Pace, out: Output, journal: Journal) -> Remote | None:
    if pace.engine == "local" or pace.scheduler is None:
        return None
    store = parse_store(out.store)
    if not isinstance(store, PostgresStore):
        raise InputError(
            "--engine dask needs a journal that all workers reach:"
            " --store postgresql://USER@HOST/DATABASE"
        )
    try:
        # Heavy, and an extra of its own.
        from fleet.engine.dask import DaskRemote  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise InputError(
            "--engine dask needs a package more: pip install 'jetfleet[dask,postgres]'"
        ) from error
    return DaskRemote(pace.scheduler, str(store), journal, pace.part)
