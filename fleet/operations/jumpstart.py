"""Jumpstart: the recommended modules in one go, as Jetpack 4.3 to 7.4 offered it once.

Switching it on activates the modules tagged for it. Dismissing only puts its prompt away: it
switches nothing off, whatever the documentation of the time said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic.dataclasses import dataclass as parameters

from fleet.operations.base import Complaint, Decision, Operation, WriteLog
from fleet.operations.module_state import ModuleState, read_modules
from fleet.operations.modules import ActivateModules
from fleet.operations.refusals import refusal
from fleet.results import Change, KeyResult, Verdict
from fleet.site.client import JetpackClient, JetpackReader, demand
from fleet.site.wire import Answer

__all__ = ["OPERATIONS", "ActivateJumpstart", "DismissJumpstart", "JumpstartState"]

_ROUTE = "/jumpstart"
_STATUS = "jumpstart.status"
_NEW, _ACTIVATED, _DISMISSED = "new_connection", "jumpstart_activated", "jumpstart_dismissed"
_PREFIX = "modules."
_BUTTONS = "Jetpack also sets its usual sharing buttons where a site has none"
_GONE = "Jumpstart ended with Jetpack 7.4; modules.activate and settings.set do what it did"
_MUTE = "Jetpack before 4.5 does not tell about the prompt, so dismissing it could not be checked"


@dataclass(frozen=True, slots=True)
class JumpstartState:
    """What a site says about Jumpstart.

    Args:
        exists: Whether its Jetpack has it.
        readable: Whether its Jetpack tells its status (4.5).
        status: ``new_connection``, ``jumpstart_activated``, ``jumpstart_dismissed``,
            ``jetpack_action_taken``, or False for none of these.
        modules: The modules tagged for it and their state.
    """

    exists: bool
    readable: bool = False
    status: object = None
    modules: ModuleState | None = None

    def active(self, slug: str) -> bool | None:
        """Return whether a module is switched on, or None where that is not known."""
        return None if self.modules is None else self.modules.active(slug)


class _Jumpstart(Operation[JumpstartState]):
    """What both orders share."""

    life = "4.3 to 7.4"
    wanted: ClassVar[str]

    async def observe(self, reader: JetpackReader) -> JumpstartState:
        """Return the status, where Jetpack has and tells it."""
        routes = await reader.routes()
        if not routes.has("POST", _ROUTE):
            return JumpstartState(exists=False)
        if not routes.has("GET", _ROUTE):
            return JumpstartState(exists=True)
        return JumpstartState(exists=True, readable=True, status=await _status(reader))

    def _settled(self, state: JumpstartState, verdict: Verdict, reason: str = "") -> KeyResult:
        kind = "jetpack.unsupported" if verdict is Verdict.UNSUPPORTED else None
        return KeyResult(_STATUS, verdict, state.status, self.wanted, state.status, kind, reason)

    def found(self, state: JumpstartState, key: str) -> object:
        """Return the status, or whether a module is switched on."""
        return state.status if key == _STATUS else state.active(key.removeprefix(_PREFIX))


@parameters(frozen=True)
class ActivateJumpstart(_Jumpstart):
    """Activate the modules tagged for Jumpstart."""

    name = "jumpstart.activate"
    summary = "Activate the modules that Jumpstart recommends."
    routes = ("POST jumpstart", "GET jumpstart", "GET module/all", "GET settings")
    seed = "Activate Jumpstart"
    apart = "modules that need WordPress.com are refused; not connected, all are"
    wanted = _ACTIVATED

    async def observe(self, reader: JetpackReader) -> JumpstartState:
        """Return the status and the tagged modules."""
        state = await super().observe(reader)
        if not state.exists:
            return state
        listed = demand(await reader.read("module/all")).mapping
        tagged = [slug for slug, module in listed.items() if _is_tagged(slug, module)]
        modules = await read_modules(reader, tagged) if tagged else None
        return JumpstartState(True, state.readable, state.status, modules)

    async def reread(
        self, reader: JetpackReader, before: JumpstartState, changes: tuple[Change, ...]
    ) -> JumpstartState:
        """Return status and modules again."""
        del changes
        modules = (
            await read_modules(reader, list(before.modules.modules)) if before.modules else None
        )
        status = await _status(reader) if before.readable else None
        return JumpstartState(True, before.readable, status, modules)

    def decide(self, state: JumpstartState) -> Decision:
        """Return the modules to be activated; the status follows where anything can be."""
        if state.modules is None:
            reason = "this site's Jetpack recommends no modules" if state.exists else _GONE
            return Decision(settled=(self._settled(state, Verdict.UNSUPPORTED, reason),))
        tagged = tuple(sorted(state.modules.modules))
        modules = ActivateModules(tagged).decide(state.modules)
        impossible = next((key for key in modules.settled if key.kind), None)
        notes = (*modules.notes, _BUTTONS) if modules.changes else modules.notes
        if not state.readable:
            return Decision(modules.changes, modules.settled, notes)
        status = Change(_STATUS, state.status, self.wanted)
        if state.status == self.wanted:
            done = self._settled(state, Verdict.UNCHANGED)
            return Decision(modules.changes, (*modules.settled, done), notes)
        if impossible is not None and not modules.changes:
            # It would fail again: Jumpstart is done only when each of its modules is active.
            refused = KeyResult(
                _STATUS,
                Verdict.REJECTED,
                state.status,
                self.wanted,
                state.status,
                impossible.kind,
                impossible.reason,
            )
            return Decision((), (*modules.settled, refused), notes)
        return Decision((*modules.changes, status), modules.settled, (*modules.notes, _BUTTONS))

    async def enact(
        self,
        client: JetpackClient,
        state: JumpstartState,
        changes: tuple[Change, ...],
        log: WriteLog,
    ) -> None:
        """Send it; what it could not activate does not stop the rest."""
        del state
        await log.sending(changes)
        answer = await client.write("jumpstart", {"active": True})
        log.answer(changes)
        if not answer.ok:
            _complain(log, changes, answer)
            return
        done = _activated(answer)
        left_out = [change for change in changes if _left_out(change.key, done)]
        log.complain(
            left_out, "jetpack.refused", "left out by Jetpack; a plugin may be in conflict"
        )


@parameters(frozen=True)
class DismissJumpstart(_Jumpstart):
    """Put the prompt for Jumpstart away; nothing is switched off."""

    name = "jumpstart.dismiss"
    summary = "Put the prompt of Jumpstart away; switches nothing off."
    routes = ("POST jumpstart", "GET jumpstart")
    seed = "Deactivate Jumpstart"
    life = "4.5 to 7.4"
    wanted = _DISMISSED

    def decide(self, state: JumpstartState) -> Decision:
        """Return the change of status; only a new connection has a prompt."""
        if not state.exists or not state.readable:
            reason = _MUTE if state.exists else _GONE
            return Decision(settled=(self._settled(state, Verdict.UNSUPPORTED, reason),))
        if not self.same(_STATUS, self.wanted, state.status):
            return Decision((Change(_STATUS, state.status, self.wanted),))
        settled = (self._settled(state, Verdict.UNCHANGED),)
        if state.status == self.wanted:
            return Decision(settled=settled)
        return Decision(settled=settled, notes=("there is no prompt to dismiss",))

    async def enact(
        self,
        client: JetpackClient,
        state: JumpstartState,
        changes: tuple[Change, ...],
        log: WriteLog,
    ) -> None:
        """Send it."""
        del state
        await log.sending(changes)
        answer = await client.write("jumpstart", {"active": False})
        log.answer(changes)
        if not answer.ok:
            _complain(log, changes, answer)

    def same(self, key: str, wanted: object, found: object) -> bool:
        """Return whether the prompt is away, which any status but a new connection's means."""
        del key, wanted
        return found != _NEW


async def _status(reader: JetpackReader) -> object:
    return demand(await reader.read("jumpstart")).mapping.get("status")


def _is_tagged(slug: str, module: object) -> bool:
    features = module.get("feature") if isinstance(module, dict) else None
    tagged = isinstance(features, list) and "Jumpstart" in features
    return tagged and re.fullmatch(r"[a-z][a-z-]{0,59}", slug) is not None


def _activated(answer: Answer) -> Iterable[object] | None:
    """Return what the site says it activated, or None where it does not say."""
    data = answer.value.get("data") if isinstance(answer.value, Mapping) else None
    done = data.get("activated_modules") if isinstance(data, dict) else None
    return done if isinstance(done, list) else None


def _left_out(key: str, done: Iterable[object] | None) -> bool:
    return key != _STATUS and done is not None and key.removeprefix(_PREFIX) not in done


def _complain(log: WriteLog, changes: Iterable[Change], answer: Answer) -> None:
    said = answer.said or f"the site answered {answer.status} {answer.code}".strip()
    told = refusal(answer) or Complaint("jetpack.refused", said)
    log.complain(changes, told.kind, told.reason, undone=told.undone)


OPERATIONS = (ActivateJumpstart, DismissJumpstart)
