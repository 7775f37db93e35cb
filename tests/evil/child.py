"""One run in a process of its own, which tells how it ended and what it cost in memory."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from pathlib import Path

from fleet.engine.fleet import Fleet
from fleet.inventory.model import Inventory
from tests.engine.simulated import QUICK
from tests.evil.company import TASK


async def main(path: str) -> None:
    """Run on the sites of an inventory and print JSON."""
    report = await Fleet(Inventory.load([Path(path)]), QUICK).run(TASK)
    ended = {result.site: [result.status, result.kind] for result in report.results}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(json.dumps({"ended": ended, "megabytes": peak}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
