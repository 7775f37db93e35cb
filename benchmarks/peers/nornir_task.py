"""The same as a task of Nornir, which runs it in its threads; the task uses requests."""

from __future__ import annotations

from collections.abc import Sequence

from nornir.core import Nornir
from nornir.core.inventory import Host, Hosts, Inventory
from nornir.core.task import Result, Task
from nornir.plugins.runners import ThreadedRunner

from benchmarks.peers.requests_threads import visit
from benchmarks.script import Step

__all__ = ["run"]


def run(sites: Sequence[str], script: Sequence[Step], concurrency: int) -> int:
    """Send `script` to each of `sites` and return how many answered all of it well."""
    hosts = Hosts({url: Host(url, hostname=url) for url in sites})
    nornir = Nornir(Inventory(hosts), runner=ThreadedRunner(num_workers=concurrency))
    done = nornir.run(_visit, script=script)
    return sum(each.result is True for each in done.values())


def _visit(task: Task, script: Sequence[Step]) -> Result:
    return Result(host=task.host, result=visit(str(task.host.hostname), script))
