"""``fleet demo``: the main job on a made-up fleet, from nothing to a report, without a network."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fleet.config import Limits, Settings
from fleet.engine.fleet import Fleet
from fleet.errors import InputError
from fleet.front.console import console_on, say, tell
from fleet.front.execute import Consent, run_async, run_watched
from fleet.front.options import Output
from fleet.front.simulated import simulated_fleet
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretResolver
from fleet.operations.base import Task
from fleet.operations.modules import ActivateModules
from fleet.operations.stats import CollectStats
from fleet.report.data import render_json, report_document
from fleet.report.text import print_text
from fleet.report.writer import write_file
from fleet.results import RunReport

__all__ = ["demo"]

_MODULES = ("monitor", "sitemaps")


def demo(
    *,
    sites: int = 12,
    healthy: Annotated[bool, Parameter(negative="")] = False,
    out: Output | None = None,
) -> int:
    """Run the main job on a simulated fleet: collect stats, then switch two modules on.

    Everything happens on this machine; nothing is left running. A few sites have troubles, as
    in every real fleet, so it exits with 3.

    Args:
        sites: How many sites to make up.
        healthy: Make up a fleet without troubles.
    """
    out = out or Output()
    wanted = _format(out)
    if not 1 <= sites <= 5000:
        raise InputError(f"--sites {sites}: between 1 and 5000")
    folder = Path(tempfile.mkdtemp(prefix="fleet-demo-"))
    reports = run_async(lambda: _run(folder, sites, out, faults=not healthy))
    for name, report in zip(("stats", "modules"), reports, strict=True):
        write_file(folder / f"{name}.json", render_json(report))
    if wanted == "json":
        say(json.dumps(_document(sites, reports), indent=2))
    else:
        _print(reports, out)
    if not out.quiet:
        _close(folder, reports)
    return max(report.exit_code for report in reports)


def _format(out: Output) -> str:
    if out.output not in (("text",), ("json",)):
        raise InputError("fleet demo writes -o text or -o json to standard output")
    return out.output[0]


async def _run(folder: Path, sites: int, out: Output, *, faults: bool) -> list[RunReport]:
    if not out.quiet:
        tell(f"fleet: {sites} made-up sites answer on this machine until the demo is over")
    async with simulated_fleet(folder, sites, faults=faults) as made_up:
        fleet = Fleet(
            Inventory.load([made_up.inventory]),
            # All made-up sites share one address, so the limit per address is the limit.
            Settings(limits=Limits(concurrency=50, per_host=50)),
            resolver=SecretResolver(made_up.environ),
        )
        tasks: tuple[Task, ...] = (CollectStats(), ActivateModules(_MODULES))
        return [await run_watched(fleet, task, fleet.inventory, out, Consent()) for task in tasks]


def _document(sites: int, reports: list[RunReport]) -> dict[str, object]:
    """Return both reports as one document; `totals` are those of the change."""
    documents = [report_document(report) for report in reports]
    return {
        "schema": "jetfleet/demo/1",
        "sites": sites,
        "totals": documents[-1]["totals"],
        "runs": documents,
    }


def _print(reports: list[RunReport], out: Output) -> None:
    console = console_on(sys.stdout, colour=not out.no_color)
    for report in reports:
        print_text(console, report, verbose=out.verbose)
        say("")


def _close(folder: Path, reports: list[RunReport]) -> None:
    tell(f"fleet: the inventory and both reports are in {folder}")
    if any(report.exit_code for report in reports):
        tell("fleet: exits with 3, because some made-up sites have troubles on purpose")
    tell("fleet: to try the commands yourself, run: fleet simulate --sites 12")
