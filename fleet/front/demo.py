"""``fleet demo``: the main job on a made-up fleet, from nothing to a report, without a network."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fleet.config import Limits, Settings
from fleet.engine.fleet import Fleet
from fleet.engine.stop import Stop
from fleet.errors import InputError, Interrupted
from fleet.front.console import columns_of, console_on, put, say, tell
from fleet.front.execute import run_async, watched, worst
from fleet.front.options import Output
from fleet.front.plan_view import plan_text
from fleet.front.simulated import simulated_fleet
from fleet.inventory.model import Inventory
from fleet.inventory.secrets import SecretResolver
from fleet.journal.journal import open_journal
from fleet.policy.apply import Applier
from fleet.policy.document import PolicyDocument
from fleet.policy.examine import audit
from fleet.policy.plan import Plan, render_plan
from fleet.policy.planning import make_plan
from fleet.report.data import json_text, render_json, report_document
from fleet.report.html import write_html
from fleet.report.text import print_text
from fleet.report.writer import write_file, write_whole
from fleet.results import RunReport

__all__ = ["demo"]

POLICY = """\
# What the made-up sites should look like.
version: 1

policies:
  - name: baseline
    modules:
      active: [monitor, sitemaps]
      inactive: [carousel]
    settings: {sharing_label: "Tell a friend:"}
    jetpack: {min_version: "6.0"}

exceptions:
  - sites: ["pebble-studio"]
    key: modules.monitor
    until: 2099-01-01
    reason: their host watches the site

rollout:
  waves: [1, 100%]              # one site first, then the others
  max_failures: 20%
  guard: {max_sites: 100%}
"""


@dataclass(slots=True)
class _Shown:
    """What a demo has done so far.

    Args:
        show: Prints a report or a plan under a title.
        reports: The reports, by name of their file.
        stopped: The signal that ended it early, if one did.
    """

    show: Callable[[str, RunReport | Plan], None]
    reports: dict[str, RunReport] = field(default_factory=dict)
    stopped: str | None = None

    def add(self, name: str, title: str, report: RunReport, stop: Stop) -> bool:
        """Show a report and return whether to go on."""
        self.reports[name] = report
        self.stopped = stop.signal
        self.show(title, report)
        return self.stopped is None


def demo(
    *,
    sites: int = 12,
    healthy: Annotated[bool, Parameter(negative="")] = False,
    out: Output | None = None,
) -> int:
    """Run the main job on a simulated fleet: audit it, plan, apply in waves, and audit again.

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
    done = _Shown(_printer(out) if wanted == "text" else lambda _title, _what: None)
    run_async(lambda: _run(folder, sites, out, done, faults=not healthy))
    reports = done.reports
    for name, report in reports.items():
        write_file(folder / f"{name}.json", render_json(report))
        write_whole(folder / f"{name}.html", partial(write_html, report))
    if wanted == "json":
        put(json_text(_document(sites, list(reports.values()))))
    code = worst(report.exit_code for name, report in reports.items() if name != "audit")
    if done.stopped:
        raise Interrupted(done.stopped)
    if not out.quiet:
        _close(folder, *reports, code=code)
    return code


def _format(out: Output) -> str:
    if out.output not in (("text",), ("json",)):
        raise InputError("fleet demo writes -o text or -o json to standard output")
    return out.output[0]


async def _run(folder: Path, sites: int, out: Output, done: _Shown, *, faults: bool) -> None:
    if not out.quiet:
        tell(f"fleet: {sites} made-up sites answer on this machine until the demo is over")
    policy = folder / "policy.yaml"
    write_file(policy, POLICY)
    async with (
        simulated_fleet(folder, sites, faults=faults) as made_up,
        open_journal(str(folder / "journal.db")) as journal,
    ):
        fleet = Fleet(
            Inventory.load([made_up.inventory]),
            # All made-up sites share one address, so the limit per address is the limit.
            Settings(limits=Limits(concurrency=50, per_host=50)),
            resolver=SecretResolver(made_up.environ),
            journal=journal,
        )
        await _main_job(fleet, PolicyDocument.load([policy]), folder, out, done)


async def _main_job(
    fleet: Fleet, document: PolicyDocument, folder: Path, out: Output, done: _Shown
) -> None:
    everything = fleet.inventory
    with watched(out) as (listeners, stop):
        before = await audit(fleet, document, everything, listeners=listeners, stop=stop)
    if not done.add("audit", "How the sites stand to the policy (fleet audit)", before, stop):
        return
    with watched(out) as (listeners, stop):
        plan, _ = await make_plan(fleet, document, everything, listeners=listeners, stop=stop)
    write_file(folder / "plan.json", render_plan(plan))
    done.show("What would change (fleet plan)", plan)
    done.stopped = stop.signal
    if done.stopped:
        return
    with watched(out) as (listeners, stop):
        report = await Applier(fleet, plan).apply(listeners=listeners, stop=stop)
    if not done.add("apply", "The changes, each read again (fleet apply)", report, stop):
        return
    with watched(out) as (listeners, stop):
        after = await audit(fleet, document, everything, listeners=listeners, stop=stop)
    done.add("audit-again", "How the sites stand now (fleet audit)", after, stop)


def _printer(out: Output) -> Callable[[str, RunReport | Plan], None]:
    console = console_on(sys.stdout, colour=not out.no_color)

    def show(title: str, what: RunReport | Plan) -> None:
        say(f"== {title}\n")
        if isinstance(what, Plan):
            put(plan_text(what, verbose=out.verbose, width=columns_of(sys.stdout)))
        else:
            with suppress(BrokenPipeError):
                print_text(console, what, verbose=out.verbose)
        say("")

    return show


def _document(sites: int, reports: list[RunReport]) -> dict[str, object]:
    """Return all reports as one document; `totals` are those of the last audit."""
    documents = [report_document(report) for report in reports]
    return {
        "schema": "jetfleet/demo/1",
        "sites": sites,
        "totals": documents[-1]["totals"],
        "runs": documents,
    }


def _close(folder: Path, *reports: str, code: int) -> None:
    tell(f"fleet: the inventory, the policy, the plan and all reports are in {folder}")
    tell(f"fleet: open the last report in a browser: {folder / reports[-1]}.html")
    if code:
        tell("fleet: exits with 3, because some made-up sites have troubles on purpose")
    tell("fleet: to try the commands yourself, run: fleet simulate --sites 12")
