"""The sites that are measured, and our own engine at work on them."""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from fleet.config import Limits, Settings
from fleet.engine.fleet import Fleet
from fleet.engine.sessions import SessionCache
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretResolver
from fleet.journal.journal import open_journal
from fleet.operations.connection import ConnectionStatus
from fleet.operations.module_list import ListModules
from fleet.policy.document import PolicyDocument
from fleet.policy.planning import make_plan
from fleet.results import RunReport, Status
from fleet.simulator.site import DEFAULT_USERS

__all__ = [
    "BLOG",
    "FOLDER",
    "PASSWORD",
    "USER",
    "Done",
    "Work",
    "address",
    "carry_out",
    "cpu_seconds",
    "inventory_files",
    "inventory_text",
    "state_in",
    "urls",
]

FOLDER = "blog"
"""Path below which every site lives, as many WordPress sites do."""
BLOG = 912712712700
"""Number at WordPress.com of the recorded site; the stub gives each site one of its own."""
USER = DEFAULT_USERS[0].name
PASSWORD = DEFAULT_USERS[0].password
_GOOD = (Status.UNCHANGED, Status.CHANGED)
_POLICY = """\
version: 1
policies:
  - name: baseline
    level: base
    modules:
      active: [protect, stats, monitor]
      inactive: [post-by-email]
    options:
      carousel.carousel_display_exif: false
"""
_DEFAULTS = f"""\
version: 1
defaults:
  auth: {{method: cookie, username: {USER}, password: "env:FLEET_PASSWORD"}}
  http: {{timeout: 30s, deadline: 2m}}
"""


class Work(StrEnum):
    """What is done on each site."""

    FULL = "full"
    """Log in, fetch the nonce, read every module and every setting."""
    PLAN = "plan"
    """Plan a policy."""
    STATUS = "status"
    """Log in and tell whether the site is connected."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a run of anybody came to.

    Args:
        sites: How many were tried.
        good: How many of them were read to the end.
        requests: Requests sent.
        seconds: Wall clock, start of the program and loading of files excluded.
        cpu: CPU seconds in that time, those of its own processes included.
    """

    sites: int
    good: int
    requests: int
    seconds: float
    cpu: float


def address(index: int) -> str:
    """Return the loopback address of a site; all have the same length, so none is a part."""
    high, low = divmod(index, 10_000)
    return f"127.{100 + high}.{100 + low // 100}.{100 + low % 100}"


def urls(count: int, port: int) -> dict[str, str]:
    """Return the sites of the stub, name to address."""
    return {
        f"site-{index:06d}": f"http://{address(index)}:{port}/{FOLDER}/" for index in range(count)
    }


def inventory_text(sites: Mapping[str, str]) -> str:
    """Return an inventory of `sites`, as YAML, each on a server of its own.

    Those of the simulator share one address, and a label says that they are apart, as a thousand
    sites are that answer in 100 ms each.
    """
    lines = [f"  {name}: {{url: '{url}', labels: {{host: {name}}}}}" for name, url in sites.items()]
    return "\n".join([_DEFAULTS + "sites:", *lines, ""])


def inventory_files(sites: Mapping[str, str], folder: Path) -> list[Path]:
    """Return the files of an inventory as huge fleets have it: defaults, and sites line by line."""
    defaults, lines = folder / "defaults.yaml", folder / "sites.jsonl"
    defaults.write_text(_DEFAULTS)
    with lines.open("w") as file:
        for name, url in sites.items():
            print(json.dumps({"name": name, "url": url}), file=file)
    return [defaults, lines]


@contextmanager
def state_in(folder: Path) -> Iterator[None]:
    """Keep what a user would have below home in `folder` instead."""
    own = {"XDG_STATE_HOME": str(folder / "state"), "XDG_CACHE_HOME": str(folder / "cache")}
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


async def carry_out(
    work: Work, sites: Mapping[str, str], folder: Path, *, concurrency: int
) -> Done:
    """Return what our engine does with `work` on `sites`, its journal in `folder`."""
    path = folder / "inventory.yaml"
    path.write_text(inventory_text(sites))
    policy = folder / "policy.yaml"
    policy.write_text(_POLICY)
    inventory = Inventory.load([path])
    with state_in(folder):
        async with open_journal():
            pass  # made now: that happens once for a user, not in each run
        started, cpu = time.perf_counter(), cpu_seconds()
        report = await _reported(work, inventory, policy, concurrency)
        seconds, spent = time.perf_counter() - started, cpu_seconds() - cpu
    good = sum(report.totals[status] for status in _GOOD)
    return Done(len(sites), good, report.usage.requests, seconds, spent)


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of those it has waited for."""
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, both))


async def _reported(work: Work, inventory: Inventory, policy: Path, concurrency: int) -> RunReport:
    async with open_journal() as journal:
        fleet = Fleet(
            inventory,
            Settings(limits=Limits(concurrency=concurrency, per_host=concurrency)),
            resolver=SecretResolver({"FLEET_PASSWORD": PASSWORD}),
            journal=journal,
            sessions=SessionCache(),  # as the command has it; its file is in the state of the run
        )
        if work is Work.FULL:
            return await fleet.run(ListModules())
        if work is Work.STATUS:
            return await fleet.run(ConnectionStatus())
        _, report = await make_plan(fleet, PolicyDocument.load([policy]), inventory)
        return report
