"""A plan: what apply would change, per site and key, in a file that can be reviewed and kept.

The file is canonical JSON with a digest over it: it is read back only where it is, byte for byte,
what this tool wrote. It holds values of modules and settings, and never a secret.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as checked

from fleet.errors import InputError, Refused
from fleet.inventory.model import Inventory, Site

__all__ = [
    "FORMAT",
    "Blocked",
    "Limits",
    "Plan",
    "PlannedChange",
    "PlannedCheck",
    "PlannedSite",
    "Unread",
    "Wave",
    "inventory_digest",
    "load_plan",
    "new_plan_id",
    "plan_document",
    "read_plan",
    "render_plan",
]

FORMAT = "jetfleet/plan/1"
_STRICT = ConfigDict(extra="forbid", strict=True)
_BEGINNING = f'{{\n "format": "{FORMAT}"'.encode()
_EDITED = "this plan is not as fleet plan wrote it: make a new one"


@checked(frozen=True, slots=True, config=_STRICT)
class PlannedChange:
    """One key of a site that would get another value.

    Args:
        key: ``modules.SLUG`` or ``settings.KEY``.
        before: The value that the plan saw.
        after: The value it is to get.
        known: False where the value seen is not kept in plans, so that its staleness cannot be
            told.
        rule: The policy that wants it, for people.
        severity: How grave it is while it is not so.
    """

    key: str
    before: Any
    after: Any
    known: bool = True
    rule: str = ""
    severity: str = "medium"


@checked(frozen=True, slots=True, config=_STRICT)
class Blocked:
    """One key of a site that is not as wanted and cannot be changed."""

    key: str
    kind: str | None
    reason: str


@checked(frozen=True, slots=True, config=_STRICT)
class PlannedSite:
    """What would change on one site.

    Args:
        name: Its name in the inventory.
        url: Its address in the inventory.
        changes: The changes; none where only something is blocked.
        blocked: What cannot be changed.
        notes: Things worth knowing.
    """

    name: str
    url: str
    changes: tuple[PlannedChange, ...]
    blocked: tuple[Blocked, ...] = ()
    notes: tuple[str, ...] = ()


@checked(frozen=True, slots=True, config=_STRICT)
class Unread:
    """A site that could not be looked at, so that nothing is planned for it."""

    name: str
    status: str
    kind: str | None
    message: str


@checked(frozen=True, slots=True, config=_STRICT)
class Limits:
    """How many sites may end badly; None for no limit."""

    max_failures: int | None = None
    max_unreachable: int | None = None


@checked(frozen=True, slots=True, config=_STRICT)
class Wave:
    """Sites that are changed together, before the next wave begins."""

    sites: tuple[str, ...]
    limits: Limits
    pause: float = 0.0


@checked(frozen=True, slots=True, config=_STRICT)
class PlannedCheck:
    """What has to hold of a site after it was changed; see `fleet.site.health.HealthCheck`."""

    path: str
    status: tuple[int, ...]
    contains: str | None
    within: float


@checked(frozen=True, slots=True, config=_STRICT)
class Plan:
    """What apply would do.

    Args:
        id: Unique; a plan is applied once.
        created: When it was made.
        expires: From when on it is refused.
        origin: What it was made from: ``policy`` or ``rollback of RUN``.
        inventory: Digest of the planned sites' names and addresses.
        policy: Digest of the policy files; empty for a rollback.
        looked_at: How many sites were looked at.
        sites: The sites where something is to change or is blocked.
        unread: The sites that could not be looked at.
        waves: The sites to be changed, in the order of their waves.
        limits: The failure budget of the whole run.
        checks: What has to hold of each site after it was changed.
        guard: Why the plan changes more than is allowed without being told so; empty where it
            does not.
        approval: Whether somebody has to approve of it before it is applied.
    """

    id: str
    created: AwareDatetime
    expires: AwareDatetime
    origin: str
    inventory: str
    policy: str
    looked_at: int
    sites: tuple[PlannedSite, ...]
    unread: tuple[Unread, ...]
    waves: tuple[Wave, ...]
    limits: Limits
    checks: tuple[PlannedCheck, ...] = ()
    guard: tuple[str, ...] = ()
    approval: bool = False

    @property
    def changing(self) -> tuple[PlannedSite, ...]:
        """Return the sites where something is to change."""
        return tuple(site for site in self.sites if site.changes)

    @property
    def digest(self) -> str:
        """Return what stands for the plan's whole content."""
        return _digest(plan_document(self))

    def site(self, name: str) -> PlannedSite:
        """Return what is planned for a site.

        Raises:
            KeyError: Nothing is.
        """
        return next(site for site in self.sites if site.name == name)

    def refuse_unless_usable(self, inventory: Inventory, now: datetime | None) -> tuple[Site, ...]:
        """Return the inventory's sites that the plan changes.

        Args:
            inventory: The sites there are now.
            now: When it is to be applied; None where that has begun already.

        Raises:
            Refused: The plan has expired, or its sites are not those of the inventory.
        """
        if now is not None and now >= self.expires:
            raise Refused(f"this plan expired on {_told(self.expires)}: make a new one")
        found = [inventory.sites.get(site.name) for site in self.changing]
        for planned, site in zip(self.changing, found, strict=True):
            if site is None:
                raise Refused(f"the plan changes {planned.name}, which the inventory has no more")
            if str(site.url) != planned.url:
                raise Refused(f"{planned.name} has another address than when it was planned")
        sites = tuple(site for site in found if site is not None)
        if inventory_digest(sites) != self.inventory:
            raise Refused("the plan's sites are not those of the inventory: make a new plan")
        return sites


_PLAN = TypeAdapter(Plan)


def new_plan_id() -> str:
    """Return an id that no other plan has."""
    return secrets.token_hex(8)


def inventory_digest(sites: Iterable[Site]) -> str:
    """Return what stands for the names and addresses of `sites`."""
    rows = sorted((site.name, str(site.url)) for site in sites)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON values."""
    document: dict[str, Any] = _PLAN.dump_python(plan, mode="json")
    return document | {"created": _iso(plan.created), "expires": _iso(plan.expires)}


def render_plan(plan: Plan) -> str:
    """Return the file of a plan: ASCII text that ends with a newline."""
    document = plan_document(plan)
    whole = {"format": FORMAT, "digest": _digest(document), "plan": document}
    return json.dumps(whole, indent=1, allow_nan=False) + "\n"


def load_plan(document: object) -> Plan:
    """Return the plan that `plan_document` made.

    Raises:
        Refused: It is no such document.
    """
    try:
        return _PLAN.validate_json(json.dumps(document, allow_nan=False))
    except (ValueError, RecursionError) as error:
        raise Refused(_EDITED) from error


def read_plan(path: Path) -> Plan:
    """Return the plan in a file.

    Raises:
        InputError: The file cannot be read.
        Refused: It is not, byte for byte, what this tool wrote.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "input/output error").lower()
        raise InputError(f"{path} cannot be read: {reason}") from error
    if not data.startswith(_BEGINNING):
        raise Refused(f"{path} is no plan of this release: fleet plan -o plan.json writes one")
    try:
        found = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path}: {_EDITED}") from error
    plan = load_plan(found.get("plan"))
    if render_plan(plan).encode() != data:
        raise Refused(f"{path}: {_EDITED}")
    return plan


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _digest(document: dict[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, allow_nan=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _told(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
