"""Making a plan: sites are read, and what would change on them is written down.

Nothing here can write: the run it makes is one that only looks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from fleet.engine.fleet import Fleet
from fleet.engine.run import Listener, Order
from fleet.engine.stop import Stop
from fleet.inventory.model import Inventory, Site
from fleet.operations.conform import Conform
from fleet.operations.values import MASK
from fleet.policy.document import PolicyDocument
from fleet.policy.plan import (
    Blocked,
    Limits,
    Plan,
    PlannedChange,
    PlannedCheck,
    PlannedSite,
    Unread,
    Wave,
    inventory_digest,
    new_plan_id,
)
from fleet.policy.rollout import Guard, Rollout
from fleet.policy.rules import Desired
from fleet.results import KeyResult, RunReport, SiteResult, Verdict

__all__ = ["Origin", "assemble", "keepable", "look", "make_plan", "plain"]


_LARGEST = 100_000
_LONGEST = 400
_DEEPEST = 32
_NOT_KEPT = "(not kept)"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a plan was made from.

    Args:
        name: For people: ``policy``, or ``rollback of RUN``.
        digest: Digest of the policy files; empty where there are none.
    """

    name: str
    digest: str = ""


async def make_plan(
    fleet: Fleet,
    document: PolicyDocument,
    selected: Inventory,
    *,
    listeners: Iterable[Listener] = (),
    stop: Stop | None = None,
) -> tuple[Plan, RunReport]:
    """Return the plan that brings the selected sites to their policies, and the run that looked.

    Sites that no policy wants anything of are not looked at.

    Raises:
        InputErrors: A secret cannot be resolved; nothing was contacted.
    """
    day, enforced = document.on(fleet.now().date()), _Enforced()
    desired = {
        name: found
        for name, site in selected.sites.items()
        if enforced.by(found := day.desired(site))
    }
    wanted = {name: enforced.by(each) for name, each in desired.items()}
    sites = [selected.sites[name] for name in wanted]
    report = await look(fleet, wanted, sites, "plan", listeners=listeners, stop=stop)
    planned = [
        _planned(result, desired[result.site], wanted[result.site]) for result in report.results
    ]
    plan = assemble(
        fleet, Origin("policy", document.digest), planned, report, document.rollout, sites
    )
    return plan, report


async def look(
    fleet: Fleet,
    wanted: Mapping[str, Mapping[str, object]],
    sites: Iterable[Site],
    name: str,
    *,
    listeners: Iterable[Listener] = (),
    stop: Stop | None = None,
) -> RunReport:
    """Return what would change on `sites` to bring them to `wanted`, their values by key."""
    tasks: dict[int, Conform] = {}
    for values in wanted.values():
        if id(values) not in tasks:
            tasks[id(values)] = Conform(values)
    order = Order(name, {}, tuple(sites), dry_run=True, kind="plan")
    async with fleet.begin(order, listeners=listeners, stop=stop) as run:
        await run.visit(order.sites, lambda site: tasks[id(wanted[site.name])])
    return run.report


def assemble(  # noqa: PLR0913, PLR0917 - what a plan is made of
    fleet: Fleet,
    origin: Origin,
    planned: Iterable[PlannedSite],
    report: RunReport,
    rollout: Rollout,
    sites: Iterable[Site],
    lost: Iterable[Unread] = (),
) -> Plan:
    """Return the plan of what was found on sites; its budget and waves are numbers of sites.

    Args:
        fleet: Tells the time.
        origin: What the plan is made from.
        planned: What would change, site by site.
        report: The run that looked at the sites.
        rollout: How changes reach them.
        sites: The sites that were looked at.
        lost: Sites that could not be looked at, other than those the report tells.
    """
    kept = tuple(each for each in planned if each.changes or each.blocked)
    changing = {each.name for each in kept if each.changes}
    changed = [site for site in sites if site.name in changing]
    now = fleet.now()
    return Plan(
        id=new_plan_id(),
        created=now,
        expires=now + timedelta(seconds=rollout.expires),
        origin=origin.name,
        inventory=inventory_digest(changed),
        policy=origin.digest,
        looked_at=len(report.results),
        sites=kept,
        unread=(*lost, *(_unread(result) for result in report.results if not result.keys)),
        waves=tuple(
            Wave(wave.names, Limits(*rollout.wave.limits(len(wave.names))), wave.pause)
            for wave in rollout.schedule(changed)
        ),
        limits=Limits(*rollout.budget.limits(len(changed))),
        checks=tuple(
            PlannedCheck(each.path, each.status, each.contains, each.within)
            for each in rollout.checks
        ),
        guard=_guard(rollout.guard, kept, len(report.results)),
        approval=rollout.approval,
    )


class _Enforced:
    """The values to bring about, made once for all sites that share what is desired."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Desired, Mapping[str, object]]] = {}

    def by(self, desired: Desired) -> Mapping[str, object]:
        """Return the values by key."""
        if id(desired) not in self._made:
            # With its owner, whose number is no other's as long as it is kept.
            self._made[id(desired)] = desired, desired.enforced
        return self._made[id(desired)][1]


def keepable(value: object) -> tuple[object, bool]:
    """Return a value that a site told as a plan can keep it, and whether it is still the same.

    What is masked, or holds a mask, is not; nor is what no JSON reader takes: halves of
    characters, infinities (``1e999``), hundreds of levels, megabytes.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        kept = MASK not in text and len(text.encode()) <= _LARGEST and _depth(value) <= _DEEPEST
    except (ValueError, RecursionError):
        kept = False
    return (value, True) if kept else (MASK if value == MASK else _NOT_KEPT, False)


def _depth(value: object) -> int:
    if isinstance(value, Mapping):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _planned(result: SiteResult, desired: Desired, wanted: Mapping[str, object]) -> PlannedSite:
    changes, blocked = [], []
    for key in result.keys:
        if key.verdict is Verdict.DRIFT:
            rule = desired.rules[key.key].rule
            before, known = keepable(key.before)
            after = wanted[key.key]
            changes.append(
                PlannedChange(key.key, before, after, known, rule.policy, rule.severity.value)
            )
        elif not key.verdict.good:
            blocked.append(_blocked(key))
    notes = tuple(plain(note) for note in result.notes)
    return PlannedSite(result.site, result.url, tuple(changes), tuple(blocked), notes)


def plain(text: str) -> str:
    """Return text that a site may have worded as a plan can keep it: short, and valid Unicode."""
    return text[:_LONGEST].encode("utf-8", "replace").decode()


def _blocked(key: KeyResult) -> Blocked:
    return Blocked(key.key, key.kind, plain(key.reason))


def _unread(result: SiteResult) -> Unread:
    return Unread(result.site, result.status.value, result.kind, plain(result.message))


def _guard(guard: Guard, planned: Iterable[PlannedSite], looked_at: int) -> tuple[str, ...]:
    """Return why the plan needs a word more than usual, or nothing."""
    changing = [site for site in planned if site.changes]
    allowed = guard.sites_allowed(looked_at)
    off = sum(
        change.key.startswith("modules.") and change.after is False
        for site in changing
        for change in site.changes
    )
    reasons = []
    if len(changing) > allowed:
        reasons.append(f"{len(changing)} of {looked_at} sites would change, and {allowed} may")
    if off > guard.max_deactivations:
        reasons.append(f"{off} modules would be switched off, and {guard.max_deactivations} may")
    return tuple(reasons)
