"""The face of engines that give a run to other machines."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from fleet.config import Settings
from fleet.engine.engines import Engine
from fleet.engine.run import Order
from fleet.engine.stop import Stop
from fleet.journal.records import Lease

__all__ = ["Remote"]


class Remote(Protocol):
    """Machines that runs can be given to; passwords are resolved there."""

    def engine(
        self, order: Order, run_id: str, settings: Settings, stop: Stop, lease: Lease | None
    ) -> AbstractAsyncContextManager[Engine]:
        """Return an engine for one run, which is in the shared journal already.

        Args:
            order: What the run is to do.
            run_id: Its name.
            settings: Limits of each worker, retries, sizes.
            stop: Ends it early.
            lease: Its right to change its sites; None where it changes none.

        Raises:
            InputError: The machines cannot be reached or used, or the run cannot be given away;
                no site was contacted.
        """
