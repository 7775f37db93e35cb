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
from fleet.errors import InputError
from fleet.inventory.model import Inventory
from fleet.journal.records import StoredIntent
from fleet.operations.conform import MODULES, SETTINGS, alike
from fleet.operations.values import MASK
from fleet.policy.plan import Blocked, Plan, PlannedChange, PlannedSite, Unread
from fleet.policy.planning import Origin, assemble, keepable, look, plain
from fleet.policy.rollout import Guard, Rollout, Share
from fleet.results import KeyResult, RunReport, RunStarted, SiteFinished, Verdict

if TYPE_CHECKING:
    from fleet.journal.journal import Journal

__all__ = ["Trace", "Traces", "plan_rollback", "read_traces"]

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


@dataclass(frozen=True, slots=True)
class Traces:
    """What a run changed.

    Args:
        addresses: Address of each of its sites, as it was then.
        keys: What it changed, by site and key.
    """

    addresses: Mapping[str, str]
    keys: Mapping[str, Mapping[str, Trace]]


async def read_traces(journal: Journal, run_id: str) -> Traces:
    """Return what a run changed.

    A change whose end nobody saw counts as made: whether it was, reading the site tells. So does
    one that a site stored in another form than the one wanted.
    """
    addresses: dict[str, str] = {}
    ended: dict[str, dict[str, KeyResult]] = {}
    async for event in journal.events(run_id):
        if isinstance(event, RunStarted):
            addresses = dict(event.sites)
        elif isinstance(event, SiteFinished):
            ended[event.result.site] = {key.key: key for key in event.result.keys}
    last = await journal.last_writers(run_id)
    keys: dict[str, dict[str, Trace]] = {}
    for stored in await journal.intents(run_id):
        key = stored.intent.key
        trace = _trace(stored, ended.get(stored.site, {}).get(key))
        if trace is None:
            continue
        writer, kind = last.get((stored.site, key), (run_id, ""))
        if writer != run_id and kind != "rollback" and not trace.why_not:
            why_not = f"run {writer} changed it again since: roll that one back first"
            trace = Trace(trace.before, trace.left, why_not)
        keys.setdefault(stored.site, {})[key] = trace
    return Traces(addresses, keys)


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

    Sites of the run that the inventory no longer has, or has at another address, are told as not
    looked at.

    Raises:
        InputError: There is no such run, or it changed nothing.
        InputErrors: A secret cannot be resolved; nothing was contacted.
    """
    traces = await read_traces(journal, run_id)
    if not traces.keys:
        raise InputError(f"run {run_id} changed nothing, so there is nothing to put back")
    strangers = _strangers(traces, fleet.inventory)
    changed = {
        site: traces.keys[site]
        for site in selected.sites
        if site in traces.keys and site not in strangers
    }
    wanted = {
        site: back
        for site, keys in changed.items()
        if (back := {key: each.before for key, each in keys.items() if not each.why_not})
    }
    sites = [site for name, site in selected.sites.items() if name in wanted]
    report = await look(fleet, wanted, sites, "plan", listeners=listeners, stop=stop)
    found = {result.site: result.keys for result in report.results}
    planned = [
        _planned(name, str(selected.sites[name].url), keys, found.get(name, ()))
        for name, keys in changed.items()
    ]
    lost = [Unread(name, "skipped", None, reason) for name, reason in strangers.items()]
    origin = Origin(f"rollback of {run_id}")
    return assemble(fleet, origin, planned, report, _ALL_AT_ONCE, sites, lost), report


def _strangers(traces: Traces, inventory: Inventory) -> dict[str, str]:
    """Return why sites that a run changed cannot be looked at."""
    found = {}
    for name in traces.keys:
        site, then = inventory.sites.get(name), traces.addresses.get(name, "")
        if site is None:
            found[name] = f"the inventory has it no more; the run changed it at {then}"
        elif str(site.url) != then:
            found[name] = f"it was at {then} when the run changed it, and is another site now"
    return found


def _trace(stored: StoredIntent, ended: KeyResult | None) -> Trace | None:
    """Return what a run left of a key that it meant to change, or None where it did not."""
    intent = stored.intent
    why_not = _why_not(intent.key, intent.before, sealed=intent.sealed)
    if ended is None or ended.verdict is Verdict.UNKNOWN:
        return Trace(intent.before, intent.wanted, why_not)
    if ended.verdict is Verdict.CHANGED:
        return Trace(intent.before, ended.found, why_not)
    if alike(ended.found, intent.before):
        return None
    left = intent.wanted if ended.found is None else ended.found
    return Trace(intent.before, left, why_not)


def _planned(
    name: str, url: str, traced: Mapping[str, Trace], found: Iterable[KeyResult]
) -> PlannedSite:
    changes: list[PlannedChange] = []
    blocked = [Blocked(key, None, trace.why_not) for key, trace in traced.items() if trace.why_not]
    for key in found:
        trace = traced[key.key]
        if key.verdict is not Verdict.DRIFT:
            blocked += [] if key.verdict.good else [Blocked(key.key, key.kind, plain(key.reason))]
        elif alike(trace.left, key.before):
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
