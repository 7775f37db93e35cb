"""Which settings belong into a policy, and which do not.

A policy is read by many, kept in version control and carried to many sites. What is secret, makes
something happen or cannot be stored has no place in one; what belongs to one site or one person
may be written by hand, but is not taken over from a site.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from fleet.inventory.wording import shown
from fleet.operations.values import (
    COMMANDS,
    MASK,
    NEVER,
    PER_SITE,
    PER_USER,
    READ_ONLY,
    SECRET,
    masked,
)
from fleet.policy.rules import is_setting

__all__ = ["DEEPEST", "UNFIT", "json_text", "omission", "refusal", "same"]

DEEPEST = 64
"""How deep a value may be nested."""
UNFIT = READ_ONLY | NEVER | COMMANDS | SECRET
"""The settings that are never part of a policy."""
_SECRETLY = "policies are read by many: set it with fleet run settings.set"


def refusal(name: str, value: object) -> str | None:
    """Return why a policy may not ask for a setting, and what to do instead; None where it may."""
    setting = shown(name)
    if name in SECRET:
        return f"{setting} is a secret, and {_SECRETLY}"
    if name in COMMANDS:
        return (
            f"{setting} makes something happen instead of storing a value: "
            "send it with fleet run settings.set --commands"
        )
    if name in READ_ONLY:
        return f"{setting} can only be read: leave it out"
    if name in NEVER:
        return f"{setting} is never sent, for it would set the site up anew: leave it out"
    if not same(masked(name, value), value):
        return f"{setting} looks like a secret or somebody's address, and {_SECRETLY}"
    return None


def omission(name: str, value: object) -> str | None:
    """Return why a setting of a site is not taken over into a policy; None where it is."""
    if not is_setting(name):
        return "its name cannot be that of a setting"
    for names, why in (
        (SECRET, "a secret"),
        (COMMANDS, "makes something happen instead of storing a value"),
        (READ_ONLY, "can only be read"),
        (NEVER, "never sent"),
        (PER_USER, "belongs to the user who asks"),
        (PER_SITE, "belongs to this one site"),
    ):
        if name in names:
            return why
    try:
        text = json_text(value)
    except ValueError as error:
        return str(error)
    if MASK in text:
        return "a secret of ours is in it"
    if not same(masked(name, value), value):
        return "looks like a secret or somebody's address"
    return None


def json_text(value: object) -> str:
    """Return `value` as JSON in one line of ASCII, equal for equal values.

    Raises:
        ValueError: JSON cannot hold it, or it is nested too deep.
    """
    if _is_deep(value):
        raise ValueError("nested too deep")
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError("not a value that can be written down") from None


def same(one: object, other: object) -> bool:
    """Return whether two values of JSON are the same; true is not 1, but 1 is 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def _is_deep(value: object) -> bool:
    """Return whether `value` is nested deeper than may be, without going there itself."""
    level: list[object] = [value]
    for _ in range(DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return False
    return True


def _inside(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
