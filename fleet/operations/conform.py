"""Bringing a site to a wanted state of modules and settings together, and not a stale one.

A plan says what was seen when it was made. A site that has moved since is left alone: whoever
approved the plan did not approve of changing that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from fleet.errors import SiteError
from fleet.operations.base import Decision, Operation, WriteLog
from fleet.operations.module_state import read_modules
from fleet.operations.modules import ActivateModules, DeactivateModules, ModuleState
from fleet.operations.obstacles import SettingsState
from fleet.operations.setting_writes import ask_settings
from fleet.operations.settings import SetSettings
from fleet.results import Change, KeyResult, Verdict
from fleet.site.client import JetpackClient, JetpackReader

__all__ = ["MODULES", "SETTINGS", "Conform", "ConformState", "alike"]

MODULES = "modules."
SETTINGS = "settings."
_SHORT = 60

Part = Operation[Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ConformState:
    """What a site says about the keys that are wanted.

    Args:
        modules: State of its modules, where one is wanted.
        settings: State of its settings, where one is wanted.
    """

    modules: ModuleState | None
    settings: SettingsState | None


@dataclass(frozen=True, slots=True)
class Conform(Operation[ConformState]):
    """Bring modules and settings to wanted values.

    Args:
        wanted: Value by key: ``modules.SLUG`` with true or false, ``settings.KEY`` with a value.
        expected: Value by key that the plan saw; a site where one of them is neither exactly that
            nor as wanted is left alone. Keys that are not in it may have any value.
        begun: First value by key of changes that this run sent before it was interrupted; where
            such a key now reads as wanted, this run has changed it.
    """

    name = "policy.apply"
    summary = "Bring modules and settings to what a policy wants."
    routes = (
        *dict.fromkeys((*DeactivateModules.routes, *ActivateModules.routes, *SetSettings.routes)),
    )

    wanted: Mapping[str, object]
    expected: Mapping[str, object] = field(default_factory=dict)
    begun: Mapping[str, object] = field(default_factory=dict)
    _made: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Its parts, each made once: many sites have the same task, and each asks for them often."""

    def parameters(self) -> Mapping[str, object]:
        """Return the wanted values, secret ones masked."""
        return {"wanted": {key: self.shown(key, value) for key, value in self.wanted.items()}}

    async def observe(self, reader: JetpackReader) -> ConformState:
        """Return the state of the wanted keys."""
        slugs, settings = _names(MODULES, self.wanted), self._settings()
        values = await ask_settings(reader, [*slugs, *(settings.asked() if settings else ())])
        wanted = {slug: self.wanted[MODULES + slug] is True for slug in slugs}
        modules = await read_modules(reader, slugs, wanted, values) if slugs else None
        return ConformState(modules, await settings.judged(reader, values) if settings else None)

    def decide(self, state: ConformState) -> Decision:
        """Return the keys that differ; none where the site has moved since it was planned."""
        if moved := self._moved(state):
            return Decision((), tuple(self._stale(key, state, moved) for key in self.wanted))
        decisions = [part.decide(_part_of(state, part)) for part in self._parts()]
        return Decision(
            tuple(change for each in decisions for change in each.changes),
            tuple(self._carried(key) for each in decisions for key in each.settled),
            tuple(note for each in decisions for note in each.notes),
        )

    async def enact(
        self,
        client: JetpackClient,
        state: ConformState,
        changes: tuple[Change, ...],
        log: WriteLog,
    ) -> None:
        """Switch modules off, switch modules on, then set settings."""
        for part in self._parts():
            if own := _own(part, changes):
                await part.enact(client, _part_of(state, part), own, log)

    async def reread(
        self, reader: JetpackReader, before: ConformState, changes: tuple[Change, ...]
    ) -> ConformState:
        """Return the touched keys read again."""
        modules, settings = before.modules, before.settings
        touched = tuple(change for change in changes if change.key.startswith(MODULES))
        if modules is not None and touched:
            observer = ActivateModules(_names(MODULES, self.wanted))
            modules = await observer.reread(reader, modules, touched)
        touched = tuple(change for change in changes if change.key.startswith(SETTINGS))
        part = self._settings()
        if settings is not None and part is not None and touched:
            settings = await part.reread(reader, settings, touched)
        return ConformState(modules, settings)

    def judge(
        self,
        before: ConformState,
        after: ConformState | None,
        changes: tuple[Change, ...],
        log: WriteLog,
        trouble: SiteError | None,
    ) -> tuple[KeyResult, ...]:
        """Return how each change ended, as the operation judges that is at home with its key."""
        return tuple(
            judged
            for part in self._parts()
            for judged in part.judge(
                _part_of(before, part),
                None if after is None else _part_of(after, part),
                _own(part, changes),
                log,
                trouble,
            )
        )

    def found(self, state: ConformState, key: str) -> object:
        """Return the value that `key` has in `state`."""
        part = self._part(key)
        return part.found(_part_of(state, part), key)

    def same(self, key: str, wanted: object, found: object) -> bool:
        """Return whether `found` is what a site makes of `wanted`."""
        return self._part(key).same(key, wanted, found)

    def shown(self, key: str, value: object) -> object:
        """Return `value` as it may stand in a report."""
        return self._part(key).shown(key, value)

    def _once(self, name: str, make: Callable[[], T]) -> T:
        if name not in self._made:
            self._made[name] = make()
        return cast("T", self._made[name])

    def _parts(self) -> list[Part]:
        return self._once("", self._all_parts)

    def _all_parts(self) -> list[Part]:
        off = _names(MODULES, {key: each for key, each in self.wanted.items() if each is False})
        on = _names(MODULES, {key: each for key, each in self.wanted.items() if each is True})
        parts: list[Part | None] = [
            DeactivateModules(off) if off else None,
            ActivateModules(on) if on else None,
            self._settings(),
        ]
        return [part for part in parts if part is not None]

    def _part(self, key: str) -> Part:
        return self._once(key, lambda: self._part_for(key))

    def _part_for(self, key: str) -> Part:
        if key.startswith(SETTINGS):
            part = self._settings()
            if part is not None:
                return part
        slug = key.removeprefix(MODULES)
        return ActivateModules((slug,)) if self.wanted[key] else DeactivateModules((slug,))

    def _settings(self) -> SetSettings | None:
        return self._once(SETTINGS, self._all_settings)

    def _all_settings(self) -> SetSettings | None:
        values: dict[str, Any] = {
            key.removeprefix(SETTINGS): value
            for key, value in self.wanted.items()
            if key.startswith(SETTINGS)
        }
        return SetSettings(values) if values else None

    def _moved(self, state: ConformState) -> frozenset[str]:
        """Return the keys that are neither as the plan saw them nor as wanted."""
        return frozenset(
            key
            for key, seen in self.expected.items()
            if not alike(seen, self.found(state, key))
            and not self.same(key, self.wanted[key], self.found(state, key))
        )

    def _stale(self, key: str, state: ConformState, moved: frozenset[str]) -> KeyResult:
        """Return how a key of a site that is left alone ends; what this run did stays said."""
        seen = self.shown(key, self.expected.get(key))
        now = self.shown(key, self.found(state, key))
        wanted = self.shown(key, self.wanted[key])
        if key in self.begun and self.same(key, self.wanted[key], self.found(state, key)):
            return KeyResult(key, Verdict.CHANGED, self.begun[key], wanted, now)
        if key in moved:
            reason = (
                f"was {_short(seen)} when planned, is {_short(now)} now, {_short(wanted)} is wanted"
            )
        else:
            reason = "not sent, because the site moved since the plan"
        return KeyResult(key, Verdict.REJECTED, seen, wanted, now, "plan.stale", reason)

    def _carried(self, result: KeyResult) -> KeyResult:
        """Return a settled key as changed where this run sent its change before it stopped."""
        if result.verdict is not Verdict.UNCHANGED or result.key not in self.begun:
            return result
        before = self.begun[result.key]
        return KeyResult(result.key, Verdict.CHANGED, before, result.wanted, result.found)


def alike(first: object, second: object) -> bool:
    """Return whether two values that one site told at two times are the same.

    Other than `Operation.same`, which asks whether a site has what was wanted, and perhaps more,
    this asks whether anything has moved. The order of a list of plain values says nothing.
    """
    return _canonical(first) == _canonical(second)


def _canonical(value: object) -> str:
    if isinstance(value, Mapping):
        return json.dumps(
            {str(key): _canonical(each) for key, each in value.items()}, sort_keys=True
        )
    if isinstance(value, list | tuple):
        parts = [_canonical(each) for each in value]
        plain = not any(isinstance(each, Mapping | list | tuple) for each in value)
        return json.dumps(sorted(parts) if plain else parts)
    return json.dumps(value, default=str)


def _names(prefix: str, keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(key.removeprefix(prefix) for key in keys if key.startswith(prefix))


def _own(part: Part, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Return those of `changes` that `part` makes."""
    if isinstance(part, SetSettings):
        return tuple(change for change in changes if change.key.startswith(SETTINGS))
    wanted = isinstance(part, ActivateModules)
    return tuple(
        change
        for change in changes
        if change.key.startswith(MODULES) and (change.after is True) is wanted
    )


def _part_of(state: ConformState, part: Part) -> Any:
    return state.settings if isinstance(part, SetSettings) else state.modules


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"
