"""Undoing a run: the values from before it, for exactly the keys that it changed.

What somebody has changed since is left as it is and told. A rollback is a plan like any other,
and its run can be rolled back itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from fleet.engine.fleet import Fleet
from fleet.engine.run import Listener
from fleet.engine.stop import Stop
from fleet.inventory.model import Inventory
from fleet.operations.conform import MODULES, SETTINGS, Conform
from fleet.operations.values import MASK
from fleet.policy.plan import Blocked, Plan, PlannedChange, PlannedSite
from fleet.policy.planning import Origin, assemble, keepable, look
from fleet.policy.rollout import Guard, Rollout, Share
from fleet.results import KeyResult, RunReport, SiteFinished, Verdict

if TYPE_CHECKING:
    from fleet.journal.journal import Journal

__all__ = ["Trace", "plan_rollback", "traces"]


_ALL_AT_ONCE = Rollout(guard=Guard(Share(percent=Decimal(100)), sys.maxsize))
"""A rollback is what one reaches for in trouble: no waves, and no guard that wants a number."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One key that a run changed.

    Args:
        before: The value from before the run.
        left: The value that the run left.
        why_not: Why it cannot be put back; empty where it can.
    """

    before: object
    left: object
    why_not: str = ""


async def traces(journal: Journal, run_id: str) -> dict[str, dict[str, Trace]]:
    """Return what a run changed, by site and key.

    A change whose end nobody saw counts as made: whether it was, reading the site tells.
    """
    ended: dict[str, dict[str, KeyResult]] = {}
    async for event in journal.events(run_id):
        if isinstance(event, SiteFinished):
            ended[event.result.site] = {key.key: key for key in event.result.keys}
    found: dict[str, dict[str, Trace]] = {}
    for stored in await journal.intents(run_id):
        intent, key = stored.intent, ended.get(stored.site, {}).get(stored.intent.key)
        if key is not None and key.verdict not in (Verdict.CHANGED, Verdict.UNKNOWN):
            continue
        left = key.found if key is not None and key.verdict is Verdict.CHANGED else intent.wanted
        why_not = _why_not(intent.key, intent.before, sealed=intent.sealed)
        found.setdefault(stored.site, {})[intent.key] = Trace(intent.before, left, why_not)
    return found


async def plan_rollback(
    fleet: Fleet,
    journal: Journal,
    run_id: str,
    selected: Inventory,
    *,
    listeners: Iterable[Listener] = (),
    stop: Stop | None = None,
) -> tuple[Plan, RunReport]:
    """Return the plan that undoes a run on the selected sites, and the run that looked at them.

    Raises:
        InputError: There is no such run.
        InputErrors: A secret cannot be resolved; nothing was contacted.
    """
    changed = {
        site: keys
        for site, keys in (await traces(journal, run_id)).items()
        if site in selected.sites
    }
    wanted = {
        site: back
        for site, keys in changed.items()
        if (back := {key: each.before for key, each in keys.items() if not each.why_not})
    }
    sites = [site for name, site in selected.sites.items() if name in wanted]
    report = await look(fleet, wanted, sites, "plan", listeners=listeners, stop=stop)
    found = {result.site: result for result in report.results}
    planned = [
        _planned(
            name, str(selected.sites[name].url), keys, found[name].keys if name in found else ()
        )
        for name, keys in changed.items()
    ]
    origin = Origin(f"rollback of {run_id}")
    return assemble(fleet, origin, planned, report, _ALL_AT_ONCE, sites), report


def _planned(
    name: str, url: str, traced: Mapping[str, Trace], found: Iterable[KeyResult]
) -> PlannedSite:
    compare = Conform({key: trace.before for key, trace in traced.items() if not trace.why_not})
    changes: list[PlannedChange] = []
    blocked = [Blocked(key, None, trace.why_not) for key, trace in traced.items() if trace.why_not]
    for key in found:
        trace = traced[key.key]
        if key.verdict is not Verdict.DRIFT:
            blocked += [] if key.verdict.good else [Blocked(key.key, key.kind, key.reason)]
        elif compare.same(key.key, trace.left, key.before):
            before, known = keepable(key.before)
            changes.append(PlannedChange(key.key, before, trace.before, known, "rollback"))
        else:
            reason = "it was changed again since; that is left as it is"
            blocked.append(Blocked(key.key, "plan.stale", reason))
    return PlannedSite(name, url, tuple(changes), tuple(blocked))


def _why_not(key: str, before: object, *, sealed: bool) -> str:
    if not key.startswith((MODULES, SETTINGS)):
        return "what this does cannot be put back"
    if sealed or MASK in json.dumps(before):
        return "its value is secret, so it was not kept"
    if before is None:
        return "it had no value before, and Jetpack cannot take one away"
    return ""
