"""Reading the rollout of a policy file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from fleet.inventory.document import Entry, Node
from fleet.inventory.selector import parse_selector
from fleet.policy.fields import (
    APPROVAL,
    CONTAINS,
    DEACTIVATIONS,
    EXPIRES,
    LIMIT,
    PATH,
    PAUSE,
    SELECT,
    STATUS,
    STEP,
    WITHIN,
)
from fleet.policy.reader import Reader
from fleet.policy.rollout import BudgetShares, Canary, Check, Guard, Rollout, Share, Waves

__all__ = [
    "BUDGET_KEYS",
    "CANARY_KEYS",
    "CHECK_KEYS",
    "GUARD_KEYS",
    "ROLLOUT_KEYS",
    "read_rollout",
]

BUDGET_KEYS = ("max_failures", "max_unreachable")
"""What a wave, and the rollout as a whole, can have as limits."""
CANARY_KEYS = ("select", "pause")
"""What the canary can have."""
GUARD_KEYS = ("max_sites", "max_deactivations")
"""What the guard can have."""
CHECK_KEYS = ("path", "status", "contains", "within")
"""What a check can have."""
ROLLOUT_KEYS = (
    *("waves", "canary", "pause", *BUDGET_KEYS, "wave"),
    *("guard", "checks", "expires", "approval"),
)
"""What a rollout can have."""


def read_rollout(reader: Reader, node: Node) -> Rollout:
    """Return the rollout in `node`; mistakes are noted, and what has one is as by default."""
    entries = reader.mapping(node, ROLLOUT_KEYS)
    usual = Rollout()
    return Rollout(
        waves=_waves(reader, entries),
        canary=_canary(reader, entries["canary"].node) if "canary" in entries else None,
        pause=reader.field(entries, "pause", PAUSE, usual.pause),
        budget=_budget(reader, entries),
        wave=_budget(reader, _below(reader, entries, "wave", BUDGET_KEYS)),
        guard=_guard(reader, _below(reader, entries, "guard", GUARD_KEYS)),
        checks=_checks(reader, entries),
        expires=reader.field(entries, "expires", EXPIRES, usual.expires),
        approval=reader.field(entries, "approval", APPROVAL, usual.approval),
    )


def _below(
    reader: Reader, entries: Mapping[str, Entry], key: str, keys: Sequence[str]
) -> Mapping[str, Entry]:
    return reader.mapping(entries[key].node, keys) if key in entries else {}


def _budget(reader: Reader, entries: Mapping[str, Entry]) -> BudgetShares:
    failures: Share | None = reader.field(entries, "max_failures", LIMIT, None)
    unreachable: Share | None = reader.field(entries, "max_unreachable", LIMIT, None)
    return BudgetShares(failures, unreachable)


def _guard(reader: Reader, entries: Mapping[str, Entry]) -> Guard:
    usual = Guard()
    return Guard(
        reader.field(entries, "max_sites", LIMIT, usual.max_sites),
        reader.field(entries, "max_deactivations", DEACTIVATIONS, usual.max_deactivations),
    )


def _canary(reader: Reader, node: Node) -> Canary:
    entries = reader.mapping(node, CANARY_KEYS)
    reader.missing(entries, ("select",), node)
    text, selector = reader.field(entries, "select", SELECT, ("", parse_selector("")))
    pause: float | None = reader.field(entries, "pause", PAUSE, None)
    if "select" in entries and entries["select"].node.value == "":
        reader.note("this would make canaries of all sites", entries["select"].node.place)
    return Canary(text, selector, pause)


def _waves(reader: Reader, entries: Mapping[str, Entry]) -> Waves:
    nodes = reader.items(entries, "waves", "[1, 10%, 100%]")
    if "waves" in entries and entries["waves"].node.value == ():
        reader.note("expected at least one wave, such as 100%", entries["waves"].node.place)
    found = [(node, reader.plain(node, STEP)) for node in nodes]
    steps = [(node, step) for node, step in found if isinstance(step, Share)]
    for (_, before), (node, step) in pairwise(steps):
        if _shrinks(before, step):
            message = "waves are counted from the first site: this one has to reach further"
            reader.note(f"{message} than {before}", node.place)
    return Waves(tuple(step for _, step in steps)) if steps else Waves()


def _shrinks(before: Share, step: Share) -> bool:
    """Return whether `step` reaches no further than `before`, however many sites there are."""
    if before.percent is not None and step.percent is not None:
        return step.percent <= before.percent
    if before.count is not None and step.count is not None:
        return step.count <= before.count
    return before.percent == 100


def _checks(reader: Reader, entries: Mapping[str, Entry]) -> tuple[Check, ...]:
    nodes = reader.items(entries, "checks", "[{path: /, status: 200}]")
    return tuple(check for node in nodes if (check := _check(reader, node)))


def _check(reader: Reader, node: Node) -> Check | None:
    if not isinstance(node.value, Mapping):
        path = reader.plain(node, PATH)
        return Check(path) if isinstance(path, str) else None
    entries = reader.mapping(node, CHECK_KEYS)
    reader.missing(entries, ("path",), node)
    path = reader.field(entries, "path", PATH, "")
    contains: str | None = reader.field(entries, "contains", CONTAINS, None)
    within = reader.field(entries, "within", WITHIN, Check("").within)
    return Check(path, _statuses(reader, entries), contains, within) if path else None


def _statuses(reader: Reader, entries: Mapping[str, Entry]) -> tuple[int, ...]:
    if "status" not in entries:
        return (200,)
    node = entries["status"].node
    if not isinstance(node.value, tuple):
        return (reader.field(entries, "status", STATUS, 200),)
    if not node.value:
        reader.note("expected a status code, such as 200", node.place)
    codes = [reader.plain(item, STATUS) for item in node.value]
    return tuple(code for code in codes if isinstance(code, int))
