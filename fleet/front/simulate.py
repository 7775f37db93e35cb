"""``fleet simulate``: a made-up fleet as a server, to try every command on."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fleet.engine.stop import stop_on_signals
from fleet.errors import InputError
from fleet.front.console import emit, tell
from fleet.front.execute import run_async
from fleet.front.simulated import simulated_fleet

__all__ = ["simulate"]


def simulate(
    *,
    sites: int = 12,
    healthy: Annotated[bool, Parameter(negative="")] = False,
    latency: float = 0.05,
    port: int = 0,
    folder: Path | None = None,
) -> int:
    """Serve a simulated fleet on loopback until Ctrl-C, with an inventory for it.

    Args:
        sites: How many sites to make up.
        healthy: Make up a fleet without troubles.
        latency: Seconds that each answer takes.
        port: Port to listen on; 0 takes a free one.
        folder: Where to write inventory.yaml; a new temporary folder if not given.
    """
    if sites < 1 or latency < 0 or not 0 <= port < 65536:
        raise InputError("--sites needs at least 1, --latency at least 0, --port 0 to 65535")
    if folder is not None and not folder.is_dir():
        raise InputError(f"--folder {folder}: there is no such folder")
    place = folder or Path(tempfile.mkdtemp(prefix="fleet-simulate-"))
    run_async(lambda: _serve(place, sites, latency, port, faults=not healthy))
    return 0


async def _serve(folder: Path, sites: int, latency: float, port: int, *, faults: bool) -> None:
    with stop_on_signals() as stop:
        async with simulated_fleet(
            folder, sites, faults=faults, latency=latency, port=port
        ) as made_up:
            (variable, password), *_ = made_up.environ.items()
            tell(f"fleet: {sites} made-up sites answer until Ctrl-C; in another terminal:")
            emit(f"export {variable}={password} FLEET_INVENTORY={made_up.inventory}")
            emit("fleet run stats.collect --per-host 50")
            await stop.draining.wait()
