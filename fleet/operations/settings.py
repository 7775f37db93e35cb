"""Reading Jetpack's settings, setting them, and carrying them from one site to others.

One request may hold good and bad keys: a key that the site does not know only stops itself
(400 ``some_updated``), a value it does not take stops all (400 ``rest_invalid_param``), and the
words around either are translated. So only keys that differ are sent, and all are read again.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue
from pydantic.dataclasses import dataclass as parameters

from fleet.errors import SiteError
from fleet.operations.base import Decision, Operation, Query, Sourced, WriteLog
from fleet.operations.values import (
    COMMANDS,
    LATE,
    PER_SITE,
    READ_ONLY,
    SECRET,
    is_plain_value,
    masked,
    same_value,
    sendable,
)
from fleet.results import Change, KeyResult, Verdict
from fleet.site.client import JetpackClient, JetpackReader
from fleet.site.wire import Answer

__all__ = [
    "OPERATIONS",
    "CarriedSettings",
    "GetSettings",
    "SetSettings",
    "SettingsState",
    "SyncSettings",
]

_PREFIX = "settings."
_NAMED = 4
_OWNERS = {"monitor_receive_notifications": "monitor"}
"""Keys whose writing ends in a PHP error while their module is off (Jetpack 8.9 to 15.4)."""
_BYSTANDER = "not applied, because"
Keys = Annotated[tuple[str, ...], Field(description="settings keys, separated by commas")]


@dataclass(frozen=True, slots=True)
class SettingsState:
    """What a site says about its settings.

    Args:
        values: Values by key.
        known: Keys that the site takes; empty where its Jetpack does not tell (4.3).
    """

    values: Mapping[str, object]
    known: frozenset[str]


class _Setting(Operation[SettingsState]):
    """What setting values directly and carrying them over share."""

    @property
    def skip_absent(self) -> bool:
        """Return whether a key that a site does not have is only noted."""
        return False

    @abstractmethod
    def wanted(self) -> Mapping[str, object]:
        """Return the values to set by key."""

    async def observe(self, reader: JetpackReader) -> SettingsState:
        """Return the values of the wanted keys; the site's schema only where one is missing."""
        keys = tuple(self.wanted())
        owners = [_OWNERS[key] for key in keys if key in _OWNERS]
        values = await reader.settings([*keys, *owners])
        known = frozenset(values)
        if not known.issuperset(keys):
            known |= frozenset((await reader.routes()).settings)
        return SettingsState(values, known)

    async def reread(
        self, reader: JetpackReader, before: SettingsState, changes: tuple[Change, ...]
    ) -> SettingsState:
        """Return the touched keys read again."""
        values = await reader.settings([_setting(change.key) for change in changes])
        return SettingsState(values, before.known)

    def decide(self, state: SettingsState) -> Decision:
        """Return the keys that differ; keys that cannot be set here are settled."""
        changes: list[Change] = []
        settled: list[KeyResult] = []
        absent: list[str] = []
        for key, asked in self.wanted().items():
            value = sendable(key, asked)
            before = sendable(key, state.values.get(key))
            if refusal := self._refusal(state, key):
                if self.skip_absent and key not in state.known:
                    absent.append(key)
                else:
                    settled.append(self._refused(key, value, before, refusal))
            elif key in state.values and self.same(key, value, before):
                settled.append(self._settled(key, value, before))
            else:
                changes.append(Change(_PREFIX + key, before, value))
        notes = (_absent(absent),) if absent else ()
        return Decision(tuple(changes), tuple(settled), notes)

    def _refusal(self, state: SettingsState, key: str) -> str:
        """Return why a key cannot be set on this site, or an empty string."""
        if key in READ_ONLY:
            return f"{key} can be read but not set"
        if not is_plain_value(key):
            return f"{key} is a command, not a value that can be read back"
        if key not in state.known:
            return f"this site's Jetpack has no setting {key}"
        if key in _OWNERS and state.values.get(_OWNERS[key]) is False:
            return f"{key} can only be set while the module {_OWNERS[key]} is active"
        if key not in state.values:
            return f"{key} cannot be read on this site, so setting it could not be checked"
        return ""

    def _refused(self, key: str, value: object, before: object, reason: str) -> KeyResult:
        return KeyResult(
            _PREFIX + key,
            Verdict.UNSUPPORTED,
            masked(key, before),
            masked(key, value),
            masked(key, before),
            "jetpack.unsupported",
            reason,
        )

    def _settled(self, key: str, value: object, before: object) -> KeyResult:
        shown = masked(key, before)
        return KeyResult(_PREFIX + key, Verdict.UNCHANGED, shown, masked(key, value), shown)

    async def enact(
        self,
        client: JetpackClient,
        state: SettingsState,
        changes: tuple[Change, ...],
        log: WriteLog,
    ) -> None:
        """Send the ordinary keys in one request, then each late key alone."""
        del state
        for batch in _batches(changes):
            await self._send(client, batch, log)
        await self._insist(client, changes, log)

    async def _send(self, client: JetpackClient, batch: Sequence[Change], log: WriteLog) -> None:
        """Send one request; an error of the site's own does not keep the next one back."""
        log.sending(batch)
        try:
            answer = await client.update_settings(
                {_setting(change.key): change.after for change in batch}
            )
        except SiteError as error:
            if not error.answered:
                raise
            log.complain(batch, error.kind, error.message)
            return
        log.answer(batch)
        if not answer.ok:
            for change in batch:
                log.complain([change], *_complaint(change, answer, batch))

    async def _insist(
        self, client: JetpackClient, changes: Iterable[Change], log: WriteLog
    ) -> None:
        """Switch off what Jetpack before 12.3 says it switched off and did not.

        There, false for a key that was never stored counts as no change, and the default, true,
        stays. Once true is stored, false is stored too.
        """
        off = [
            change
            for change in changes
            if change.before is True and change.after is False and change.key not in log.complaints
        ]
        if not off:
            return
        values = await client.settings([_setting(change.key) for change in off])
        deaf = [_setting(change.key) for change in off if values.get(_setting(change.key)) is True]
        if deaf:
            await client.update_settings(dict.fromkeys(deaf, True))
            await client.update_settings(dict.fromkeys(deaf, False))

    def found(self, state: SettingsState, key: str) -> object:
        """Return the value of a setting in the shape in which it is sent."""
        return sendable(_setting(key), state.values.get(_setting(key)))

    def same(self, key: str, wanted: object, found: object) -> bool:
        """Return whether Jetpack stores `wanted` as `found`; the order of buttons matters."""
        return wanted == found if key.endswith("sharing_services") else same_value(wanted, found)

    def shown(self, key: str, value: object) -> object:
        """Return a value, masked where the key is secret."""
        return masked(_setting(key), value)


@parameters(frozen=True)
class SetSettings(_Setting):
    """Set settings to values.

    Args:
        values: Value by key, as JSON.
    """

    name = "settings.set"
    summary = "Set Jetpack settings; only what differs is sent."
    routes = ("GET settings", "POST settings")

    values: Annotated[
        dict[str, JsonValue], Field(min_length=1, description="KEY=VALUE, the value as JSON")
    ]

    def wanted(self) -> Mapping[str, object]:
        """Return the values."""
        return self.values

    def parameters(self) -> Mapping[str, object]:
        """Return the values, secret ones masked."""
        return {"values": {key: masked(key, value) for key, value in self.values.items()}}


@parameters(frozen=True, config=ConfigDict(validate_by_name=True))
class SyncSettings(Sourced):
    """Carry settings from one site to the others.

    Keys that belong to one site or hold secrets stay at home unless `keys` names them; module
    switches are not settings here. A key that a target does not have is noted, not an error.

    Args:
        source: Name of the site to read from.
        keys: Only these keys; all ordinary ones where empty.
    """

    name = "settings.sync"
    summary = "Carry Jetpack settings from one site to the others."
    routes = ("GET settings", "GET module/all", "POST settings")

    source: Annotated[str, Field(alias="from", min_length=1, description="name of a site")]
    keys: Keys = ()

    def parameters(self) -> Mapping[str, object]:
        """Return the source and the keys."""
        return {"from": self.source, "keys": list(self.keys)}

    async def draw(self, reader: JetpackReader) -> CarriedSettings:
        """Return the operation that sets the source's values.

        Raises:
            SiteError: The source cannot be read, or lacks a key that was named.
        """
        values = await reader.settings(self.keys)
        if missing := [key for key in self.keys if key not in values]:
            raise SiteError(
                "jetpack.unsupported", f"{self.source} has no setting {', '.join(missing)}"
            )
        if self.keys:
            return CarriedSettings({key: values[key] for key in self.keys}, self)
        modules = await reader.modules()
        stay = READ_ONLY | COMMANDS | SECRET | PER_SITE | modules.keys()
        return CarriedSettings({k: v for k, v in values.items() if k not in stay}, self)


@dataclass(frozen=True, slots=True)
class CarriedSettings(_Setting):
    """The settings of one site on their way to the others.

    Args:
        carried: Value by key.
        order: The order that asked for them.
    """

    name = SyncSettings.name
    summary = SyncSettings.summary
    routes = SyncSettings.routes

    carried: Mapping[str, object]
    order: SyncSettings

    @property
    def skip_absent(self) -> bool:
        """Return whether a key that a site does not have is only noted."""
        return not self.order.keys

    def wanted(self) -> Mapping[str, object]:
        """Return the carried values."""
        return self.carried

    def parameters(self) -> Mapping[str, object]:
        """Return the parameters of the order."""
        return self.order.parameters()


@parameters(frozen=True)
class GetSettings(Query):
    """Read settings.

    Args:
        keys: Only these keys; all where empty.
    """

    name = "settings.get"
    summary = "Read Jetpack settings; secret values are masked."
    routes = ("GET settings",)

    keys: Keys = ()

    def parameters(self) -> Mapping[str, object]:
        """Return the keys."""
        return {"keys": list(self.keys)}

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``{"settings": {key: value}}``, a missing key left out."""
        values = await reader.settings(self.keys)
        return {
            "settings": {
                key: masked(key, value)
                for key, value in sorted(values.items())
                if not self.keys or key in self.keys
            }
        }


def _absent(keys: Sequence[str]) -> str:
    named = ", ".join(keys[:_NAMED])
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return f"not on this site: {named}{more}"


def _setting(key: str) -> str:
    return key.removeprefix(_PREFIX)


def _batches(changes: Iterable[Change]) -> list[list[Change]]:
    late: dict[str, list[Change]] = {key: [] for key in LATE}
    first: list[Change] = []
    for change in changes:
        late.get(_setting(change.key), first).append(change)
    return [batch for batch in (first, *late.values()) if batch]


def _complaint(change: Change, answer: Answer, batch: Sequence[Change]) -> tuple[str, str]:
    """Return kind and reason for a key of a refused request.

    ``rest_invalid_param`` names the bad keys; then nothing of the request was applied. Any other
    refusal names some keys in its translated text, and those it does not name it keeps silent on.
    """
    if answer.status in (401, 403):
        kind = "auth.anonymous" if answer.status == 401 else "auth.forbidden"
        return kind, f"the site refused the request ({answer.code})"
    data = answer.mapping.get("data") if isinstance(answer.value, dict) else None
    named = data.get("params") if isinstance(data, dict) else None
    if answer.code == "rest_invalid_param" and isinstance(named, dict):
        if _setting(change.key) in named:
            return "jetpack.refused", f"value not accepted: {named[_setting(change.key)]}"
        return "jetpack.refused", f"{_BYSTANDER} another value was not accepted"
    said = _part(answer.said, _setting(change.key), [_setting(other.key) for other in batch])
    return "jetpack.refused", said or "not stored, and the site did not say why"


def _part(said: str, key: str, keys: Sequence[str]) -> str:
    """Return what a text such as ``a: reason. b: reason`` says of `key`."""
    starts = sorted(
        (match.start(), match.end(), name)
        for name in keys
        for match in re.finditer(rf"(?<![\w-]){re.escape(name)}: ", said)
    )
    for at, (_, end, name) in enumerate(starts):
        if name == key:
            stop = starts[at + 1][0] if at + 1 < len(starts) else len(said)
            return said[end:stop].strip(" .")
    return ""


OPERATIONS = (GetSettings, SetSettings, SyncSettings)
