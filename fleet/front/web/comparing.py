"""Compares two runs for a page, without keeping more of them than what is wrong."""

from __future__ import annotations

from fleet.errors import InputError
from fleet.journal.overview import Overview
from fleet.journal.records import RunRow
from fleet.policy.history import Comparison, compare

__all__ = ["compared"]

_MOST = 20_000
"""Sites of the two runs together; more would keep everybody else waiting."""


async def compared(overview: Overview, earlier: RunRow, later: RunRow) -> Comparison:
    """Return what changed between two runs.

    Raises:
        InputError: They are too large for a page.
    """
    if earlier.sites + later.sites > _MOST:
        raise InputError(
            f"these runs have more than {_MOST:,} sites together:"
            f" fleet runs diff {earlier.run_id} {later.run_id} compares them"
        )
    return compare(await overview.report(earlier.run_id), await overview.report(later.run_id))
