"""Putting a site's modules, or all of its Jetpack options, back to where Jetpack begins.

Neither can be undone, and Jetpack says nothing about what it did. So everything readable is
read before and after, and what differs is what the reset changed. Back to the beginning is not
empty: modules that start by themselves are on again, on a disconnected site none is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic.dataclasses import dataclass as parameters

from fleet.errors import SiteError
from fleet.operations.base import Complaint, Decision, Operation, WriteLog, undone
from fleet.operations.module_state import shows_stored
from fleet.operations.option_writes import setting_key, some
from fleet.operations.refusals import refusal
from fleet.operations.values import READ_ONLY, masked, sendable
from fleet.results import Change, KeyResult, Verdict
from fleet.site.client import JetpackClient, JetpackReader, Module, demand
from fleet.site.wire import Answer

__all__ = ["OPERATIONS", "ResetModules", "ResetOptions", "ResetState"]

_DEFAULTS = "Jetpack's defaults"
_JUMPSTART = "jumpstart.status"
_LIVE = READ_ONLY | {"onboarding"}
"""Settings that mirror other parts of the site."""
_BLIND = (
    "Jetpack before 4.6 does not tell what is stored while it is disconnected,"
    " so a reset could not be checked"
)


@dataclass(frozen=True, slots=True)
class ResetState:
    """Everything of a site that a reset may change and that can be read.

    Args:
        values: Value by key: ``modules.SLUG``, ``settings.NAME``, ``jumpstart.status``.
        strays: Modules that are stored as active though Jetpack does not start them by itself.
    """

    values: Mapping[str, object]
    strays: tuple[str, ...] = ()

    def group(self, name: str) -> dict[str, object]:
        """Return the keys of one group, such as ``modules``."""
        return {key: value for key, value in self.values.items() if key.startswith(f"{name}.")}


class _Reset(Operation[ResetState]):
    """What both resets share."""

    irreversible = True
    apart = "the same; a site that is not connected ends with no module active"
    what: ClassVar[str]
    groups: ClassVar[tuple[str, ...]]

    def parameters(self) -> Mapping[str, object]:
        """Return what is reset."""
        return {"reset": list(self.groups)}

    async def observe(self, reader: JetpackReader) -> ResetState:
        """Return everything readable that a reset may change."""
        modules = await reader.modules()
        settings = await reader.settings()
        connection = await reader.connection()
        values: dict[str, object] = {
            f"modules.{slug}": settings.get(slug, module.activated)
            for slug, module in modules.items()
            if slug in settings or shows_stored(module, connection)
        }
        active = [slug for slug in modules if values.get(f"modules.{slug}") is True]
        strays = await _strays(reader, [slug for slug in active if not modules[slug].override])
        if "settings" in self.groups:
            values |= _settings(modules, settings)
        if "jumpstart" in self.groups:
            values |= await _jumpstart(reader)
        return ResetState(values, strays)

    def decide(self, state: ResetState) -> Decision:
        """Return one change for each group; which of its keys change shows only afterwards."""
        read = [group for group in self.groups if state.group(group)]
        if not read:
            blind = KeyResult(
                self.what,
                Verdict.UNSUPPORTED,
                wanted=_DEFAULTS,
                kind="jetpack.unsupported",
                reason=_BLIND,
            )
            return Decision(settled=(blind,))
        notes = () if "modules" in read else ("modules are reset too, which cannot be read here",)
        changes = tuple(Change(group, state.group(group), _DEFAULTS) for group in read)
        return Decision(changes, notes=notes)

    async def enact(
        self,
        client: JetpackClient,
        state: ResetState,
        changes: tuple[Change, ...],
        log: WriteLog,
    ) -> None:
        """Send it once."""
        del state
        await log.sending(changes)
        answer = await client.write(f"options/{self.what}", {"reset": True})
        log.answer(changes)
        if not answer.ok:
            told = _complaint(answer)
            log.complain(changes, told.kind, told.reason, undone=told.undone)

    def judge(
        self,
        before: ResetState,
        after: ResetState | None,
        changes: tuple[Change, ...],
        log: WriteLog,
        trouble: SiteError | None,
    ) -> tuple[KeyResult, ...]:
        """Return each key that differs as changed; where none does, the groups.

        A group that could not be read before is not seen to differ by being read afterwards.
        """
        if after is None or any(undone(change.key, log, trouble) for change in changes):
            return super().judge(before, after, changes, log, trouble)
        doubt = _doubt(log, trouble)
        changed = tuple(
            self._changed(key, before, after, doubt)
            for key in _differing(before, after)
            if any(key.startswith(f"{change.key}.") for change in changes)
        )
        if changed:
            return changed
        if doubt:
            return super().judge(before, after, changes, log, trouble)
        return tuple(self._unchanged(change, after) for change in changes)

    def _changed(self, key: str, before: ResetState, after: ResetState, doubt: str) -> KeyResult:
        old, new = before.values.get(key), after.values.get(key)
        return KeyResult(
            key,
            Verdict.CHANGED,
            self.shown(key, old),
            _DEFAULTS,
            self.shown(key, new),
            reason=doubt,
        )

    def _unchanged(self, change: Change, after: ResetState) -> KeyResult:
        """Return how a group ended where the site said yes and nothing differs.

        Nothing need differ on a site that is at its beginning. One with modules on that no reset
        leaves on is not.
        """
        found = self.shown(change.key, change.before)
        if not after.strays:
            reason = "the site said yes, and all that can be read was as it is now"
            return KeyResult(change.key, Verdict.UNCHANGED, found, _DEFAULTS, found, reason=reason)
        reason = (
            f"the site said yes, but nothing differs, and {some(after.strays)} would be off"
            " after a reset"
        )
        return KeyResult(
            change.key, Verdict.REJECTED, found, _DEFAULTS, found, "verify.mismatch", reason
        )

    def found(self, state: ResetState, key: str) -> object:
        """Return the keys of a group."""
        return state.group(key)

    def shown(self, key: str, value: object) -> object:
        """Return a value, or those of a group, with secret ones masked."""
        if key in self.groups and isinstance(value, Mapping):
            return {name: self.shown(name, each) for name, each in value.items()}
        return masked(key.removeprefix(setting_key("")), value)


@parameters(frozen=True)
class ResetModules(_Reset):
    """Switch on the modules that start by themselves, and all others off."""

    name = "reset.modules"
    summary = "Put the active modules back to Jetpack's defaults; cannot be undone."
    routes = ("POST options/modules", "GET connection", "GET module/all", "GET settings")
    seed = "Reset Jetpack modules"
    what = "modules"
    groups = ("modules",)


@parameters(frozen=True)
class ResetOptions(_Reset):
    """Delete almost every Jetpack option except the connection, and reset the modules too."""

    name = "reset.options"
    summary = "Delete Jetpack's options and reset its modules; cannot be undone."
    routes = (
        "POST options/options",
        "GET connection",
        "GET module/all",
        "GET settings",
        "GET jumpstart",
    )
    seed = "Reset Jetpack options"
    what = "options"
    groups = ("modules", "settings", "jumpstart")


def _settings(modules: Mapping[str, Module], settings: Mapping[str, object]) -> dict[str, object]:
    """Return options by key; before Jetpack 4.6 only the list of modules tells them."""
    values: dict[str, object] = {}
    for module in modules.values():
        for name, option in module.options.items():
            if isinstance(option, dict) and "current_value" in option:
                values[name] = option["current_value"]
    values |= {name: each for name, each in settings.items() if name not in modules}
    return {
        setting_key(name): sendable(name, each)
        for name, each in values.items()
        if name not in _LIVE
    }


async def _strays(reader: JetpackReader, active: Collection[str]) -> tuple[str, ...]:
    """Return those of the active modules that Jetpack does not start by itself."""
    listed = demand(await reader.read("module/all")).mapping if active else {}
    return tuple(
        slug
        for slug, module in sorted(listed.items())
        if slug in active and isinstance(module, dict) and module.get("auto_activate") == "No"
    )


async def _jumpstart(reader: JetpackReader) -> dict[str, object]:
    """Return the status of Jumpstart where Jetpack tells it (4.5 to 7.4)."""
    answer = await reader.read("jumpstart")
    return {_JUMPSTART: answer.mapping.get("status")} if answer.ok else {}


def _differing(before: ResetState, after: ResetState) -> list[str]:
    keys = before.values.keys() | after.values.keys()
    return sorted(key for key in keys if before.values.get(key) != after.values.get(key))


def _doubt(log: WriteLog, trouble: SiteError | None) -> str:
    """Return what speaks against the reset having run to its end, or an empty string."""
    if log.complaints:
        reasons = {complaint.reason for complaint in log.complaints.values()}
        return f"changed, although the site refused the reset ({', '.join(sorted(reasons))})"
    if trouble is not None:
        return f"changed, but the answer was lost ({trouble.message}); it may not be all"
    return ""


def _complaint(answer: Answer) -> Complaint:
    if whole := refusal(answer):
        return whole
    if answer.code == "rest_no_route":
        return Complaint("jetpack.unsupported", "this site's Jetpack has no such reset")
    said = answer.said or f"the site answered {answer.status} {answer.code}"
    return Complaint("jetpack.refused", said)


OPERATIONS = (ResetModules, ResetOptions)
