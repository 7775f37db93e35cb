"""One module as a whole: its state, its options, and setting these by the module's own route.

That route takes options while the module is active only. On Jetpack 4.3, whose settings know a
single key, it is the only way to set options; later it does what the settings do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field, JsonValue
from pydantic.dataclasses import dataclass as parameters

from fleet.errors import SiteError
from fleet.operations.base import Complaint, Decision, Operation, Query, WriteLog
from fleet.operations.caps import trimmed
from fleet.operations.module_state import ModuleState, Slug, read_modules
from fleet.operations.modules import ActivateModules
from fleet.operations.option_writes import (
    HEARS_FALSE,
    OptionWriter,
    inactive_reason,
    same_option,
    setting_key,
    setting_name,
)
from fleet.operations.values import READ_ONLY, is_plain_value, masked, sendable
from fleet.results import Change, KeyResult, Verdict
from fleet.site.client import JetpackClient, JetpackReader, Module, demand
from fleet.site.wire import Answer

__all__ = ["OPERATIONS", "ModuleOptionsState", "SetModuleOptions", "ShowModule"]

Options = Mapping[str, Mapping[str, object]]
OneSlug = Annotated[Slug, Field(description="slug of the module")]


@dataclass(frozen=True, slots=True)
class ModuleOptionsState:
    """What a site says about one module.

    Args:
        options: Definition by name of option, with its ``current_value``; None where the site
            has no such module.
        states: State of the module and of the connection.
    """

    options: Options | None
    states: ModuleState

    def value(self, name: str) -> object:
        """Return the value of an option in the shape in which it is sent."""
        definition = (self.options or {}).get(name, {})
        return sendable(name, definition.get("current_value"))


@parameters(frozen=True)
class ShowModule(Query):
    """Read one module.

    Args:
        module: Slug of the module.
    """

    name = "modules.show"
    summary = "Show one module of each site: its state, what keeps it off, and its options."
    routes = ("GET module/{slug}", "GET module/all", "GET settings", "GET connection")
    seed = "Get a single Jetpack module"
    rights = "manage_options"
    apart = "the same; tells what is stored and what is in effect"

    module: OneSlug

    def parameters(self) -> Mapping[str, object]:
        """Return the slug."""
        return {"module": self.module}

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``module`` (state) and ``options`` (name to type, choices, default, value).

        Raises:
            SiteError: ``jetpack.unsupported`` where the site has no such module.
        """
        options = await _read_options(reader, self.module)
        if options is None:
            raise SiteError("jetpack.unsupported", _no_module(self.module))
        states = await read_modules(reader, [self.module])
        shown = {name: _shown_option(name, each) for name, each in sorted(options.items())}
        return trimmed({"module": _shown_state(states, self.module), "options": shown})


@parameters(frozen=True)
class SetModuleOptions(Operation[ModuleOptionsState]):
    """Set options of one module by its own route.

    Args:
        module: Slug of the module.
        values: Value by name of option, as JSON.
    """

    name = "modules.options"
    summary = "Set options of one active module; only what differs is sent."
    routes = ("GET module/{slug}", "POST module/{slug}", "GET module/all", "GET settings")
    seed = "Update an option of a Jetpack module"
    apart = "the same for modules that are active; others take no options"

    module: OneSlug
    values: Annotated[
        dict[str, JsonValue], Field(min_length=1, description="KEY=VALUE, the value as JSON")
    ]

    def parameters(self) -> Mapping[str, object]:
        """Return slug and values, secret ones masked."""
        values = {name: masked(name, value) for name, value in self.values.items()}
        return {"module": self.module, "values": values}

    async def observe(self, reader: JetpackReader) -> ModuleOptionsState:
        """Return the options of the module and whether it is active."""
        options = await _read_options(reader, self.module)
        return ModuleOptionsState(options, await read_modules(reader, [self.module]))

    async def reread(
        self, reader: JetpackReader, before: ModuleOptionsState, changes: tuple[Change, ...]
    ) -> ModuleOptionsState:
        """Return the options again."""
        del changes
        return ModuleOptionsState(await _read_options(reader, self.module), before.states)

    def decide(self, state: ModuleOptionsState) -> Decision:
        """Return the options that differ; those that cannot be set here are settled."""
        off = _inactive(state.states, self.module)
        changes: list[Change] = []
        settled: list[KeyResult] = []
        for name, asked in self.values.items():
            change = Change(setting_key(name), state.value(name), sendable(name, asked))
            if reason := self._refusal(state, name):
                unsupported = Complaint("jetpack.unsupported", reason)
                settled.append(self._settled(change, Verdict.UNSUPPORTED, unsupported))
            elif self.same(change.key, change.after, change.before):
                settled.append(self._settled(change, Verdict.UNCHANGED))
            elif off is not None:
                settled.append(self._settled(change, Verdict.REJECTED, off))
            else:
                changes.append(change)
        return Decision(tuple(changes), tuple(settled))

    def _refusal(self, state: ModuleOptionsState, name: str) -> str:
        """Return why an option cannot be set by this route, or an empty string."""
        if state.options is None:
            return _no_module(self.module)
        if name not in state.options:
            return f"{name} is no option of {self.module} on this site"
        if name in READ_ONLY:
            return f"{name} can be read but not set"
        if not is_plain_value(name):
            return f"{name} is a command, not a value that can be read back"
        if "current_value" not in state.options[name]:
            return f"{name} cannot be read on this site, so setting it could not be checked"
        return ""

    def _settled(
        self, change: Change, verdict: Verdict, complaint: Complaint | None = None
    ) -> KeyResult:
        before = self.shown(change.key, change.before)
        return KeyResult(
            change.key,
            verdict,
            before,
            self.shown(change.key, change.after),
            before,
            complaint.kind if complaint else None,
            complaint.reason if complaint else "",
        )

    async def enact(
        self,
        client: JetpackClient,
        state: ModuleOptionsState,
        changes: tuple[Change, ...],
        log: WriteLog,
    ) -> None:
        """Send the options that differ, those that may stop a request alone and last."""
        definitions = state.options or {}

        async def read(names: Sequence[str]) -> Mapping[str, object]:
            options = await _read_options(client, self.module) or {}
            return {name: options.get(name, {}).get("current_value") for name in names}

        async def write(values: Mapping[str, object]) -> Answer:
            return await client.write(f"module/{self.module}", values)

        async def deaf(names: Sequence[str]) -> list[str]:
            if HEARS_FALSE in (await client.routes()).settings:
                return []
            return [name for name in names if definitions.get(name, {}).get("default")]

        await OptionWriter(read, write, log, deaf, self.module).send(changes)

    def found(self, state: ModuleOptionsState, key: str) -> object:
        """Return the value of an option in the shape in which it is sent."""
        return state.value(setting_name(key))

    def same(self, key: str, wanted: object, found: object) -> bool:
        """Return whether Jetpack stores `wanted` as `found`."""
        return same_option(key, wanted, found)

    def shown(self, key: str, value: object) -> object:
        """Return a value, masked where the key is secret."""
        return masked(setting_name(key), value)


async def _read_options(reader: JetpackReader, slug: str) -> Options | None:
    """Return the definitions of a module's options, or None where there is no such module."""
    answer = await reader.read(f"module/{slug}")
    if answer.code == "not_found":
        return None
    # A module without options has an empty PHP array.
    options = demand(answer).mapping.get("options")
    listed = options if isinstance(options, dict) else {}
    return {name: each for name, each in listed.items() if isinstance(each, dict)}


def _no_module(slug: str) -> str:
    return f"this site's Jetpack has no module {slug}"


def _inactive(states: ModuleState, slug: str) -> Complaint | None:
    """Return why the module takes no options, or None where it does or nobody can tell.

    Without stored states (before Jetpack 4.6) a module may be stored as active and look off,
    because WordPress.com is not there for it; then the site has to say.
    """
    if slug not in states.modules or states.active(slug) or states.hides(slug):
        return None
    refusal = _barrier(states, slug)
    if refusal is None:
        return Complaint("jetpack.refused", inactive_reason(slug))
    return Complaint(refusal.kind, f"{slug} is not active: {refusal.reason}")


def _barrier(states: ModuleState, slug: str) -> Complaint | None:
    """Return what keeps a module from being activated, or None."""
    settled = ActivateModules((slug,)).decide(states).settled
    return next((Complaint(key.kind, key.reason) for key in settled if key.kind), None)


def _shown_state(states: ModuleState, slug: str) -> dict[str, object]:
    module = states.modules.get(slug)
    if module is None:
        return _unknown("this host leaves the module out of its list")
    stored = states.active(slug)
    needs = {"site": module.requires_connection, "user": module.requires_user_connection}
    told = "override" in module.model_fields_set
    return {
        "slug": slug,
        "stored": _unknown(states.why_hidden) if stored is None else _word(stored),
        "in_effect": module.activated,
        "available": module.available,
        "override": (module.override or None) if told else _unknown("Jetpack before 6.1"),
        "needs_connection_of": [who for who, needed in needs.items() if needed],
        "kept_off_by": _kept_off_by(states, slug, module),
    }


def _kept_off_by(states: ModuleState, slug: str, module: Module) -> str | None:
    """Return why a module would not run even if it were stored as active, or None."""
    if module.activated and module.available:
        return None
    barrier = _barrier(replace(states, stored={slug: False}), slug)
    if barrier is not None:
        return barrier.reason
    return None if module.available else "not available on this site; its plan may lack it"


def _unknown(reason: str) -> dict[str, object]:
    return {"value": None, "reason": reason}


def _word(active: bool) -> str:
    return "active" if active else "inactive"


def _shown_option(name: str, definition: Mapping[str, object]) -> dict[str, object]:
    """Return an option for people and programs; choices came with labels in Jetpack 4.3."""
    choices = definition.get("enum")
    value: object = _unknown("the site does not tell")
    if "current_value" in definition:
        value = masked(name, sendable(name, definition["current_value"]))
    return {
        "type": definition.get("type"),
        "choices": list(choices) if isinstance(choices, dict | list) else [],
        "default": definition.get("default"),
        "value": value,
    }


OPERATIONS = (ShowModule, SetModuleOptions)
