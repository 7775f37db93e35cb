"""What setting values directly and carrying them over share: reading, deciding, judging.

One request may hold good and bad keys: a key that the site does not know only stops itself
(400 ``some_updated``), a value it does not take stops all (400 ``rest_invalid_param``), and the
words around either are translated. So only keys that differ are sent, and all are read again.
"""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from fleet.errors import SiteError
from fleet.operations.base import Complaint, Decision, Operation, WriteLog, judge, undone
from fleet.operations.obstacles import (
    OWNERS,
    SettingsState,
    is_idle,
    obstacle_here,
    obstacle_of_key,
)
from fleet.operations.option_writes import (
    HEARS_FALSE,
    OptionWriter,
    setting_key,
    setting_name,
    some,
)
from fleet.operations.sameness import same_value, truth
from fleet.operations.values import COMMANDS, REMOTE, masked, sendable
from fleet.results import Change, KeyResult, Verdict
from fleet.site.client import JetpackClient, JetpackReader
from fleet.site.routes import SettingSpec

__all__ = ["READS", "WriteSettings", "ask_settings", "modules_among"]

READS = ("GET settings", "GET /jetpack/v4", "GET module/all", "GET connection")
"""Routes that are read before a setting is written, the last three where they are needed."""
_MANY = 40
"""Above this, naming the keys costs a longer address than servers like."""
_SLUG = re.compile(r"[a-z][a-z-]*")
_SHORT = 120


async def ask_settings(reader: JetpackReader, keys: Collection[str]) -> dict[str, object]:
    """Return the settings named, or all.

    WordPress takes blanks between the names of fields, so keys with a blank are not asked for
    by name; nor are too many.
    """
    named = len(keys) <= _MANY and not any(" " in key for key in keys)
    return await reader.settings(keys if named else ())


async def modules_among(
    reader: JetpackReader, values: Mapping[str, object], keys: Iterable[str]
) -> frozenset[str]:
    """Return those of `keys` that are modules, whose stored states are among the settings."""
    likely = [key for key in keys if isinstance(values.get(key), bool) and _SLUG.fullmatch(key)]
    return frozenset(await reader.modules(likely)) if likely else frozenset()


class WriteSettings(Operation[SettingsState]):
    """What setting values directly and carrying them over share."""

    @property
    def skip_absent(self) -> bool:
        """Return whether a key that a site does not have is only noted."""
        return False

    @property
    def sends_commands(self) -> bool:
        """Return whether keys are sent that make something happen."""
        return False

    @abstractmethod
    def wanted(self) -> Mapping[str, object]:
        """Return the values to set by key."""

    async def observe(self, reader: JetpackReader) -> SettingsState:
        """Return the values of the wanted keys, and what else is needed to judge them.

        The site's schema is only read where a key is missing or a value of a doubtful type.
        """
        return await self.judged(reader, await ask_settings(reader, self.asked()))

    def asked(self) -> list[str]:
        """Return the keys whose values are needed."""
        wanted = self.wanted()
        return [*wanted, *(OWNERS[key] for key in wanted if key in OWNERS)]

    async def judged(self, reader: JetpackReader, values: Mapping[str, object]) -> SettingsState:
        """Return `values` with what else is needed to judge them."""
        wanted = self.wanted()
        specs: Mapping[str, SettingSpec] = {}
        if any(_is_doubtful(values, key, value) for key, value in wanted.items()):
            specs = (await reader.routes()).settings
        remote = not REMOTE.isdisjoint(wanted)
        return SettingsState(
            values,
            frozenset(values) | frozenset(specs),
            specs,
            await modules_among(reader, values, wanted),
            await reader.connection() if remote else None,
        )

    async def reread(
        self, reader: JetpackReader, before: SettingsState, changes: tuple[Change, ...]
    ) -> SettingsState:
        """Return the touched keys read again."""
        values = await ask_settings(reader, [setting_name(change.key) for change in changes])
        return replace(before, values=values)

    def decide(self, state: SettingsState) -> Decision:
        """Return the keys that differ; keys that cannot be set here are settled."""
        changes: list[Change] = []
        settled: list[KeyResult] = []
        absent: list[str] = []
        for key, asked in self.wanted().items():
            before = sendable(key, state.values.get(key))
            change = Change(setting_key(key), before, sendable(key, asked))
            if self.skip_absent and key not in state.values:
                absent.append(key)
            elif ended := self._ended(state, change):
                settled.append(ended)
            else:
                changes.append(change)
        notes = (f"not on this site: {some(absent)}",) if absent else ()
        return Decision(tuple(changes), tuple(settled), notes)

    def _ended(self, state: SettingsState, change: Change) -> KeyResult | None:
        """Return how a key ends without a write, or None where it has to be sent."""
        key, value, before = setting_name(change.key), change.after, change.before
        obstacle = obstacle_of_key(key, commands=self.sends_commands)
        if obstacle is None:
            if self.same(change.key, value, before) and key in state.values:
                return self._settled(change)
            obstacle = obstacle_here(state, key, value)
        if obstacle is None and key in COMMANDS and is_idle(key, value, before):
            return self._settled(change)
        return self._settled(change, obstacle) if obstacle else None

    def _settled(self, change: Change, obstacle: Complaint | None = None) -> KeyResult:
        before = self.shown(change.key, change.before)
        wanted = self.shown(change.key, change.after)
        if obstacle is None:
            return KeyResult(change.key, Verdict.UNCHANGED, before, wanted, before)
        missing = obstacle.kind == "jetpack.unsupported"
        verdict = Verdict.UNSUPPORTED if missing else Verdict.REJECTED
        return KeyResult(
            change.key, verdict, before, wanted, before, obstacle.kind, obstacle.reason
        )

    async def enact(
        self,
        client: JetpackClient,
        state: SettingsState,
        changes: tuple[Change, ...],
        log: WriteLog,
    ) -> None:
        """Send the ordinary keys in one request, then each late key alone."""
        del state

        async def read(keys: Sequence[str]) -> Mapping[str, object]:
            return await ask_settings(client, keys)

        async def deaf(keys: Sequence[str]) -> list[str]:
            specs = (await client.routes()).settings
            if HEARS_FALSE in specs:
                return []
            return [key for key in keys if key in specs and specs[key].default]

        await OptionWriter(read, client.update_settings, log, deaf).send(changes)

    def judge(
        self,
        before: SettingsState,
        after: SettingsState | None,
        changes: tuple[Change, ...],
        log: WriteLog,
        trouble: SiteError | None,
    ) -> tuple[KeyResult, ...]:
        """Return how each change ended, commands by what they leave behind."""
        del before
        judged = judge(self, changes, after, log, trouble)
        if after is None:
            return judged
        pairs = zip(changes, judged, strict=True)
        return tuple(
            self._compared(change, result, after)
            if setting_name(change.key) not in COMMANDS or undone(change.key, log, trouble)
            else self._commanded(change, result, after)
            for change, result in pairs
        )

    def _commanded(self, change: Change, result: KeyResult, after: SettingsState) -> KeyResult:
        """Return how a command ended: many leave nothing behind that could be read."""
        name = setting_name(change.key)
        found = self.found(after, change.key)
        if _obeyed(name, change, found):
            return replace(result, verdict=Verdict.CHANGED, kind=None, reason="")
        if result.kind != "verify.mismatch" or name in _LASTING:
            return result
        reason = "sent, and the site said yes; what it did cannot be read"
        return replace(result, verdict=Verdict.UNKNOWN, kind="write.unconfirmed", reason=reason)

    def _compared(self, change: Change, result: KeyResult, after: SettingsState) -> KeyResult:
        """Return a mismatch with the form in which the site stored the value."""
        found = self.found(after, change.key)
        if result.kind != "verify.mismatch" or self.same(change.key, change.before, found):
            return result
        form = json.dumps(result.found, ensure_ascii=False)
        short = form if len(form) <= _SHORT else f"{form[: _SHORT - 3]}..."
        return replace(result, reason=f"stored in another form: {short}")

    def found(self, state: SettingsState, key: str) -> object:
        """Return the value of a setting in the shape in which it is sent."""
        return sendable(setting_name(key), state.values.get(setting_name(key)))

    def same(self, key: str, wanted: object, found: object) -> bool:
        """Return whether Jetpack stores `wanted` as `found`; what a command says is not stored."""
        name = setting_name(key)
        return name not in COMMANDS and same_value(wanted, found, name)

    def shown(self, key: str, value: object) -> object:
        """Return a value, masked where the key is secret."""
        return masked(setting_name(key), value)


_LASTING = ("jetpack_protect_key", "post_by_email_address")
"""Commands that leave something to read."""


def _obeyed(name: str, change: Change, found: object) -> bool:
    """Return whether the value read shows that a command was carried out."""
    if name not in _LASTING:
        return False
    if change.after == "delete":
        return bool(change.before) and not found
    return bool(found) and found != change.before


def _is_doubtful(values: Mapping[str, object], key: str, value: object) -> bool:
    """Return whether only the site's schema tells if a key can have a value."""
    if key not in values:
        return True
    found = values[key]
    if isinstance(found, bool):
        return truth(value) is None
    return isinstance(found, int) and not isinstance(value, int)
