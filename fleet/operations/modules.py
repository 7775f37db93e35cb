"""Switching modules on and off in bulk.

What counts is what is stored, see `module_state`; where it differs from what is in effect, a
note says so. Where a site does not tell what it stores, switching off is asked for all the same:
the answer is then the only thing that tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass as parameters

from fleet.errors import SiteError
from fleet.operations.base import Decision, Operation, WriteLog, undone
from fleet.operations.caps import short
from fleet.operations.module_state import ModuleState, Slug, read_modules, stored_states
from fleet.operations.refusals import answered, refusal
from fleet.results import Change, KeyResult, Verdict
from fleet.site.client import JetpackClient, JetpackReader, Module
from fleet.site.wire import Answer

__all__ = ["OPERATIONS", "ActivateModules", "DeactivateModules", "ModuleState"]

Slugs = Annotated[
    tuple[Slug, ...],
    AfterValidator(lambda slugs: tuple(dict.fromkeys(slugs))),
    Field(min_length=1, description="module slugs, separated by commas"),
]
_PREFIX = "modules."
_GONE = ("not_found", "rest_no_route")
_MEANT = {"not_supported": "jetpack.plan", "deactivation_failed": "jetpack.override"}
"""Refusals whose code says who can help; the second is a module that a filter keeps active."""


class _Toggle(Operation[ModuleState]):
    """What activating and deactivating share."""

    modules: Slugs
    wanted: ClassVar[bool]

    def parameters(self) -> Mapping[str, object]:
        """Return the slugs."""
        return {"modules": list(self.modules)}

    async def observe(self, reader: JetpackReader) -> ModuleState:
        """Return the state of the named modules."""
        return await read_modules(reader, self.modules, dict.fromkeys(self.modules, self.wanted))

    async def reread(
        self, reader: JetpackReader, before: ModuleState, changes: tuple[Change, ...]
    ) -> ModuleState:
        """Return the state again; stored states alone where the site tells them."""
        slugs = [_slug(change) for change in changes]
        if before.stored:
            return replace(before, stored=stored_states(await reader.settings(slugs), slugs))
        return replace(before, modules=await reader.modules(slugs))

    def decide(self, state: ModuleState) -> Decision:
        """Return the modules to switch, those that are as wanted, and those that cannot be."""
        changes, settled = [], []
        for slug in self.modules:
            before = state.active(slug)
            if refusal := self._refusal(state, slug):
                settled.append(refusal)
            elif before is self.wanted:
                settled.append(
                    KeyResult(_key(slug), Verdict.UNCHANGED, before, self.wanted, before)
                )
            else:
                changes.append(Change(_key(slug), before, self.wanted))
        return Decision(tuple(changes), tuple(settled), self._notes(state))

    def _refusal(self, state: ModuleState, slug: str) -> KeyResult | None:
        module = state.modules.get(slug)
        if module is None:
            reason = f"this site's Jetpack has no module {slug}"
            return _refused(slug, None, self.wanted, "jetpack.unsupported", reason)
        forced = "active" if self.wanted else "inactive"
        before = state.active(slug)
        if module.override and module.override != forced:
            reason = f"code on the host forces {slug} {module.override}"
            return _refused(slug, before, self.wanted, "jetpack.override", reason)
        if before is self.wanted or not self.wanted:
            return None
        hidden = f" ({state.why_hidden})" if state.hides(slug) else ""
        if state.connection.offline and module.requires_connection:
            reason = f"{slug} needs WordPress.com, and Jetpack is in offline mode{hidden}"
            return _refused(slug, before, self.wanted, "jetpack.offline", reason)
        if not state.connection.offline and not state.connection.connected:
            reason = f"a disconnected Jetpack activates no module at all{hidden}"
            return _refused(slug, before, self.wanted, "jetpack.not_connected", reason)
        if _lacks_user(state, module):
            reason = f"{slug} needs a user connected to WordPress.com, and this site has none"
            return _refused(slug, before, self.wanted, "jetpack.not_connected", reason)
        return None

    def _notes(self, state: ModuleState) -> tuple[str, ...]:
        """Return what is worth knowing about the state found."""
        del state
        return ()

    def found(self, state: ModuleState, key: str) -> object:
        """Return whether the module is switched on."""
        return state.active(key.removeprefix(_PREFIX))


@parameters(frozen=True)
class ActivateModules(_Toggle):
    """Switch modules on, all of a site in one request where its Jetpack can do that.

    Args:
        modules: Slugs of the modules.
    """

    name = "modules.activate"
    summary = "Switch modules on."
    routes = (
        "GET connection",
        "GET module/all",
        "GET settings",
        "POST module/all/active",
        "POST module/{slug}/active",
    )
    seed = "Activate modules, one or several"
    life = "4.3 on; several in one request from 4.5"
    apart = "offline: modules that need WordPress.com are refused; not connected: all are"
    wanted = True

    modules: Slugs

    async def enact(
        self,
        client: JetpackClient,
        state: ModuleState,
        changes: tuple[Change, ...],
        log: WriteLog,
    ) -> None:
        """Activate in bulk; one by one where that route is missing or broken (4.3, 4.4).

        Bulk stops with a 302 at a module whose plugin in conflict had to go first. Asked once
        more it goes on, up to the next such module; then those that are still off are asked for
        one by one, each once more after a 302 of its own. So one conflict costs two requests,
        and N modules cost 2 + 2 N at most, where every plugin keeps coming back.
        """
        await log.sending(changes)
        slugs = [_slug(change) for change in changes]
        answer = await answered(log, changes, client.activate_modules(slugs))
        if answer is not None and answer.status == 302:
            await log.sending(changes)
            answer = await answered(log, changes, client.activate_modules(slugs))
        if answer is None:
            return
        if answer.status == 404 and answer.code in _GONE:
            log.withdraw(changes)
            await _one_by_one(client, changes, state, log)
            return
        if not answer.ok:
            for change in changes:
                _complain(log, change, state, answer)
        if answer.status == 302 and len(changes) > 1:
            reached = await self.reread(client, state, changes)
            left = [change for change in changes if not reached.active(_slug(change))]
            await _one_by_one(client, left, state, log)

    def _notes(self, state: ModuleState) -> tuple[str, ...]:
        sleeping = [
            slug
            for slug, module in state.modules.items()
            if state.active(slug) and (not module.activated or _lacks_user(state, module))
        ]
        if not sleeping:
            return ()
        return (f"stored as active but not in effect: {', '.join(sleeping)}",)


@parameters(frozen=True)
class DeactivateModules(_Toggle):
    """Switch modules off.

    The bulk route of the modules ignores the request to deactivate, so several go through the
    settings, where Jetpack tells stored states (4.6), and else one by one.

    Where Jetpack hides what it stores, each is asked for once. One that was off is then answered
    409 ``already_inactive``, which is its stored state in the site's own words; any other answer
    leaves it unknown, since nothing can be read.

    Args:
        modules: Slugs of the modules.
    """

    name = "modules.deactivate"
    summary = "Switch modules off."
    routes = (
        "GET connection",
        "GET module/all",
        "GET settings",
        "POST settings",
        "POST module/{slug}/active",
    )
    seed = "Deactivate a module"
    apart = "the same; up to 4.5 unknown until run again, where Jetpack hides what is stored"
    wanted = False

    modules: Slugs

    async def enact(
        self,
        client: JetpackClient,
        state: ModuleState,
        changes: tuple[Change, ...],
        log: WriteLog,
    ) -> None:
        """Deactivate all in one request, or a single one by its own route."""
        together = [change for change in changes if _slug(change) in state.stored]
        if len(together) < 2:
            together = []
        else:
            await log.sending(together)
            values = {_slug(change): False for change in together}
            answer = await answered(log, together, client.update_settings(values))
            if answer is not None and not answer.ok:
                for change in together:
                    _complain(log, change, state, answer)
        alone = [change for change in changes if change not in together]
        await _one_by_one(client, alone, state, log)

    def judge(
        self,
        before: ModuleState,
        after: ModuleState | None,
        changes: tuple[Change, ...],
        log: WriteLog,
        trouble: SiteError | None,
    ) -> tuple[KeyResult, ...]:
        """Return how each change ended; a module that stays hidden is judged by the answer."""
        judged = super().judge(before, after, changes, log, trouble)
        return tuple(
            _hidden(result, after or before, log, trouble)
            if (after or before).hides(_slug(change))
            else result
            for change, result in zip(changes, judged, strict=True)
        )

    def _notes(self, state: ModuleState) -> tuple[str, ...]:
        hidden = [slug for slug in self.modules if state.hides(slug)]
        if not hidden:
            return ()
        return (f"{state.why_hidden}, so this is asked for without knowing: {', '.join(hidden)}",)


def _key(slug: str) -> str:
    return _PREFIX + slug


def _slug(change: Change) -> str:
    return change.key.removeprefix(_PREFIX)


def _refused(slug: str, before: object, wanted: bool, kind: str, reason: str) -> KeyResult:
    verdict = Verdict.UNSUPPORTED if kind == "jetpack.unsupported" else Verdict.REJECTED
    return KeyResult(_key(slug), verdict, before, wanted, before, kind, reason)


async def _one_by_one(
    client: JetpackClient, changes: Iterable[Change], state: ModuleState, log: WriteLog
) -> None:
    """Switch modules each by its own request; those behind one that breaks off are not sent."""
    for change in changes:
        await log.sending([change])
        await _toggle(client, change, state, log)


async def _toggle(client: JetpackClient, change: Change, state: ModuleState, log: WriteLog) -> None:
    """Switch one module; a redirect means that a conflicting plugin went first: once more."""
    slug, active = _slug(change), change.after is True
    answer = await answered(log, [change], client.toggle_module(slug, active=active))
    if answer is not None and answer.status == 302:
        await log.sending([change])
        answer = await answered(log, [change], client.toggle_module(slug, active=active))
    if answer is None:
        return
    if answer.code == "already_inactive":
        log.told[change.key] = False
    elif not answer.ok:
        _complain(log, change, state, answer)


def _complain(log: WriteLog, change: Change, state: ModuleState, answer: Answer) -> None:
    if whole := refusal(answer):
        log.complain([change], whole.kind, whole.reason, undone=whole.undone)
        return
    said = answer.said or f"the site answered {answer.status} {answer.code}".strip()
    if answer.status == 302:
        said = f"a plugin in conflict with {_slug(change)} keeps coming back"
    log.complain([change], _kind(change, state, answer), said)


def _hidden(
    result: KeyResult, state: ModuleState, log: WriteLog, trouble: SiteError | None
) -> KeyResult:
    """Return how switching off a module ended whose stored state nobody can read."""
    complaint = log.complaints.get(result.key)
    if log.told.get(result.key) is False:
        said = "the site answered that it was off already"
        return replace(
            result, verdict=Verdict.UNCHANGED, before=False, found=False, kind=None, reason=said
        )
    if undone(result.key, log, trouble):
        return result
    if complaint is not None:
        said = f"the site refused it ({complaint.reason})"
    elif trouble is not None and result.key not in log.answered:
        said = f"the answer was lost ({trouble.message})"
    else:
        said = "the site said yes"
    reason = (
        f"sent, and {said}, but {state.why_hidden}:"
        " run again, and the site says whether it is off by then"
    )
    return replace(
        result,
        verdict=Verdict.UNKNOWN,
        found=None,
        kind="write.unconfirmed",
        reason=short(reason),
    )


def _kind(change: Change, state: ModuleState, answer: Answer) -> str:
    """Return the kind of a refusal; bulk answers name no module, so facts have to."""
    if answer.code in _MEANT:
        return _MEANT[answer.code]
    module = state.modules.get(_slug(change))
    if answer.status == 424 and module is not None and not module.available:
        alone = not state.connection.connected or _lacks_user(state, module)
        return "jetpack.not_connected" if alone else "jetpack.plan"
    return "jetpack.refused"


def _lacks_user(state: ModuleState, module: Module) -> bool:
    """Return whether a module waits for a user's own connection (told apart since 10.4)."""
    return (
        state.connection.connected
        and not state.connection.owner
        and module.requires_user_connection
        and not module.available
    )


OPERATIONS = (ActivateModules, DeactivateModules)
