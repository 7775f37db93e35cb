"""Listing modules and switching them on and off in bulk.

A module has two states: what is stored (``GET settings``, from Jetpack 4.6) and what is in
effect (``GET module/all``), which is off for every module of a disconnected site. What is
stored is what a write changes, so that is what counts; where both differ, a note says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, StringConstraints
from pydantic.dataclasses import dataclass as parameters

from fleet.operations.base import Decision, Operation, Query, WriteLog
from fleet.results import Change, KeyResult, Verdict
from fleet.site.client import Connection, JetpackClient, JetpackReader, Module
from fleet.site.wire import Answer

__all__ = [
    "OPERATIONS",
    "ActivateModules",
    "DeactivateModules",
    "ListModules",
    "ModuleState",
    "Slug",
    "read_modules",
]

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]*$", max_length=60)]
Slugs = Annotated[
    tuple[Slug, ...],
    AfterValidator(lambda slugs: tuple(dict.fromkeys(slugs))),
    Field(min_length=1, description="module slugs, separated by commas"),
]
_PREFIX = "modules."
_GONE = ("not_found", "rest_no_route")
_MEANT = {"not_supported": "jetpack.plan", "deactivation_failed": "jetpack.override"}
"""Refusals whose code says who can help; the second is a module that a filter keeps active."""


@dataclass(frozen=True, slots=True)
class ModuleState:
    """What a site says about its modules.

    Args:
        modules: The modules asked for that the site has, by slug.
        stored: Stored state by slug; empty where Jetpack is too old to tell.
        connection: The site's connection to WordPress.com.
    """

    modules: Mapping[str, Module]
    stored: Mapping[str, bool]
    connection: Connection

    def active(self, slug: str) -> bool | None:
        """Return whether a module is switched on, or None where the site has no such module."""
        if slug in self.stored:
            return self.stored[slug]
        return self.modules[slug].activated if slug in self.modules else None


def _stored(settings: Mapping[str, object], slugs: Iterable[str]) -> dict[str, bool]:
    states = {slug: settings.get(slug) for slug in slugs}
    return {slug: state for slug, state in states.items() if isinstance(state, bool)}


async def read_modules(reader: JetpackReader, slugs: Sequence[str]) -> ModuleState:
    """Return the state of the named modules."""
    connection = await reader.connection()
    modules = await reader.modules(slugs)
    stored = _stored(await reader.settings(slugs), slugs)
    return ModuleState(modules, stored, connection)


class _Toggle(Operation[ModuleState]):
    """What activating and deactivating share."""

    modules: Slugs
    wanted: ClassVar[bool]

    def parameters(self) -> Mapping[str, object]:
        """Return the slugs."""
        return {"modules": list(self.modules)}

    async def observe(self, reader: JetpackReader) -> ModuleState:
        """Return the state of the named modules."""
        return await read_modules(reader, self.modules)

    async def reread(
        self, reader: JetpackReader, before: ModuleState, changes: tuple[Change, ...]
    ) -> ModuleState:
        """Return the state again; stored states alone where the site tells them."""
        slugs = [_slug(change) for change in changes]
        if before.stored:
            return replace(before, stored=_stored(await reader.settings(slugs), slugs))
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
        return Decision(tuple(changes), tuple(settled), self._notes(state) if self.wanted else ())

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
        if state.connection.offline and module.requires_connection:
            reason = f"{slug} needs WordPress.com, and Jetpack is in offline mode"
            return _refused(slug, before, self.wanted, "jetpack.offline", reason)
        if not state.connection.offline and not state.connection.connected:
            reason = "a disconnected Jetpack activates no module at all"
            return _refused(slug, before, self.wanted, "jetpack.not_connected", reason)
        if _lacks_user(state, module):
            reason = f"{slug} needs a user connected to WordPress.com, and this site has none"
            return _refused(slug, before, self.wanted, "jetpack.not_connected", reason)
        return None

    def _notes(self, state: ModuleState) -> tuple[str, ...]:
        sleeping = [
            slug
            for slug, module in state.modules.items()
            if state.active(slug) and (not module.activated or _lacks_user(state, module))
        ]
        if not sleeping:
            return ()
        return (f"stored as active but not in effect: {', '.join(sleeping)}",)

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

        Bulk stops at a module whose plugin in conflict had to go first. Asked once more it goes
        on, up to the next such module; then each is asked for by itself.
        """
        await log.sending(changes)
        slugs = [_slug(change) for change in changes]
        answer = await client.activate_modules(slugs)
        if answer.status == 302:
            answer = await client.activate_modules(slugs)
        gone = answer.status == 404 and answer.code in _GONE
        if gone:
            log.withdraw(changes)
        if gone or (answer.status == 302 and len(changes) > 1):
            for change in changes:
                await log.sending([change])
                await _toggle(client, change, state, log)
            return
        log.answer(changes)
        if not answer.ok:
            for change in changes:
                _complain(log, change, state, answer)


@parameters(frozen=True)
class DeactivateModules(_Toggle):
    """Switch modules off.

    The bulk route of the modules ignores the request to deactivate, so several go through the
    settings, where Jetpack tells stored states (4.6), and else one by one.

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
        if len(changes) > 1 and state.stored:
            await log.sending(changes)
            answer = await client.update_settings({_slug(change): False for change in changes})
            log.answer(changes)
            if not answer.ok:
                for change in changes:
                    _complain(log, change, state, answer)
            return
        for change in changes:
            await log.sending([change])
            await _toggle(client, change, state, log)


@parameters(frozen=True)
class ListModules(Query):
    """Read every module with its state."""

    name = "modules.list"
    summary = "List the modules of each site with their state."
    routes = ("GET module/all", "GET settings")
    seed = "Get a list of all Jetpack modules"
    rights = "jetpack_admin_page"
    apart = "tells what is stored and what is not in effect"

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``modules`` (slug to ``active`` or ``inactive``) and what is special about some.

        ``unavailable`` lists modules that cannot be switched on here, ``not_in_effect`` those
        that are stored as active and do not run, ``forced`` those that the host decides.
        """
        modules = await reader.modules()
        stored = _stored(await reader.settings(modules), modules)
        active = {slug: stored.get(slug, module.activated) for slug, module in modules.items()}
        return {
            "modules": {slug: "active" if active[slug] else "inactive" for slug in sorted(modules)},
            "unavailable": sorted(slug for slug, each in modules.items() if not each.available),
            "not_in_effect": sorted(
                slug for slug, each in modules.items() if active[slug] and not each.activated
            ),
            "forced": {
                slug: str(each.override) for slug, each in sorted(modules.items()) if each.override
            },
        }


def _key(slug: str) -> str:
    return _PREFIX + slug


def _slug(change: Change) -> str:
    return change.key.removeprefix(_PREFIX)


def _refused(slug: str, before: object, wanted: bool, kind: str, reason: str) -> KeyResult:
    verdict = Verdict.UNSUPPORTED if kind == "jetpack.unsupported" else Verdict.REJECTED
    return KeyResult(_key(slug), verdict, before, wanted, before, kind, reason)


async def _toggle(client: JetpackClient, change: Change, state: ModuleState, log: WriteLog) -> None:
    """Switch one module; a redirect means that a conflicting plugin went first: once more."""
    active = change.after is True
    answer = await client.toggle_module(_slug(change), active=active)
    if answer.status == 302:
        answer = await client.toggle_module(_slug(change), active=active)
    log.answer([change])
    if not answer.ok and answer.code != "already_inactive":
        _complain(log, change, state, answer)


def _complain(log: WriteLog, change: Change, state: ModuleState, answer: Answer) -> None:
    said = answer.said or f"the site answered {answer.status} {answer.code}".strip()
    if answer.status == 302:
        said = f"a plugin in conflict with {_slug(change)} keeps coming back"
    log.complain([change], _kind(change, state, answer), said)


def _kind(change: Change, state: ModuleState, answer: Answer) -> str:
    """Return the kind of a refusal; bulk answers name no module, so facts have to."""
    if answer.status in (401, 403):
        return "auth.anonymous" if answer.status == 401 else "auth.forbidden"
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


OPERATIONS = (ListModules, ActivateModules, DeactivateModules)
