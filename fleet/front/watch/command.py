"""``fleet watch`` and ``fleet schedule``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from fleet.config import Settings
from fleet.engine.sessions import SessionCache
from fleet.engine.stop import Stop, stop_on_signals
from fleet.errors import InputError
from fleet.front.console import put, say, tell
from fleet.front.execute import run_async
from fleet.front.watch.channels import Post
from fleet.front.watch.checking import check as check_schedules
from fleet.front.watch.clock import WallClock
from fleet.front.watch.document import load_plan
from fleet.front.watch.executing import Executor
from fleet.front.watch.nouns import Plan, Schedule
from fleet.front.watch.units import PRINTERS
from fleet.front.watch.watcher import Watcher
from fleet.inventory.secrets import SecretResolver
from fleet.inventory.wording import guess, shown
from fleet.journal.journal import open_journal
from fleet.report.layout import plural

__all__ = ["app", "watch"]

MISSED = 3
_File = Annotated[Path, Parameter(name=["--file", "-f"])]
app = App(name="schedule", help="Print schedules for systemd, cron, GitHub or Kubernetes.")


def watch(
    *,
    file: _File = Path("fleet.yaml"),
    once: str | None = None,
    check: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    store: str | None = None,
) -> int:
    """Run the schedules of fleet.yaml when they are due, and send their alerts; only reads.

    It goes on until SIGTERM or Ctrl-C; runs that are on then end first.

    Args:
        file: The file with schedules, alerts and channels.
        once: Run this schedule now, with its alerts, and exit as its run does.
        check: Tell whether every schedule ran in time; exits with 3 where one has not.
        store: Where runs are recorded: a file, or postgresql://USER@HOST/DATABASE.
    """
    if once and check:
        raise InputError("--once and --check: one of them")
    plan = load_plan(file)
    if check:
        return _check(plan, store)
    schedule = _named(plan, once) if once else None
    return run_async(lambda: _watch(plan, schedule, store))


async def _watch(plan: Plan, schedule: Schedule | None, store: str | None) -> int:
    with stop_on_signals() as stop:
        watcher = _watcher(plan, store, stop)
        if schedule is not None:
            return await watcher.once(schedule)
        tell(f"fleet: watching {plural(len(plan.schedules), 'schedule')} of {plan.file}")
        await watcher.watch()
        tell(f"fleet: {stop.signal or 'done'}; the watch is over")
    return 0


def _watcher(plan: Plan, store: str | None, stop: Stop) -> Watcher:
    clock = WallClock()
    # What the inventory's commands are given has nothing of the channels in it.
    for_sites = SecretResolver(private=plan.secrets)
    return Watcher(
        plan,
        lambda: open_journal(store),
        Executor(for_sites, clock.now, Settings(), SessionCache()),
        Post(SecretResolver()),
        clock,
        stop,
        tell,
    )


def _check(plan: Plan, store: str | None) -> int:
    async def read() -> tuple[list[str], bool]:
        async with open_journal(store) as journal:
            return await check_schedules(plan, journal, WallClock().now())

    lines, good = run_async(read)
    for line in lines:
        say(line)
    return 0 if good else MISSED


@app.command(name="print")
def print_schedule(
    system: Literal["systemd", "cron", "github", "kubernetes"],
    name: str | None = None,
    /,
    *,
    file: _File = Path("fleet.yaml"),
) -> int:
    """Print what starts the schedules without fleet watch.

    Args:
        system: Who is to start them.
        name: Only this schedule.
        file: The file with the schedules.
    """
    plan = load_plan(file)
    chosen = [_named(plan, name)] if name else list(plan.schedules.values())
    separator = "---\n" if system in ("github", "kubernetes") else "\n"
    put(separator.join(PRINTERS[system](schedule, plan.file) for schedule in chosen))
    sys.stdout.flush()
    return 0


def _named(plan: Plan, name: str) -> Schedule:
    if name not in plan.schedules:
        hint = guess(name, plan.schedules)
        raise InputError(f"there is no schedule {shown(name)} in {plan.file}{hint}")
    return plan.schedules[name]
