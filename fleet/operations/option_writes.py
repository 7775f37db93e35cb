"""Sending option values in the order that is safe, and reading what a refusal says of each key.

Settings and the options of one module take the same keys in the same body and refuse them in
the same words; only the route differs.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from fleet.errors import SiteError
from fleet.operations.base import WriteLog
from fleet.operations.sameness import same_value, truth
from fleet.operations.values import LATE
from fleet.results import Change
from fleet.site.wire import Answer

__all__ = ["HEARS_FALSE", "OptionWriter", "same_option", "setting_key", "setting_name"]

HEARS_FALSE = "wpcom_reader_views_enabled"
"""A key that came with 12.3, the first release that stores false over a default of true."""
Read = Callable[[Sequence[str]], Awaitable[Mapping[str, object]]]
Write = Callable[[Mapping[str, object]], Awaitable[Answer]]
Deaf = Callable[[Sequence[str]], Awaitable[Sequence[str]]]
_PREFIX = "settings."
_BYSTANDER = "not applied, because"
_SILENT = "not stored, and the site did not say why"


def setting_key(name: str) -> str:
    """Return the key under which a setting is reported."""
    return _PREFIX + name


def setting_name(key: str) -> str:
    """Return the name under which Jetpack knows a reported key."""
    return key.removeprefix(_PREFIX)


def same_option(key: str, wanted: object, found: object) -> bool:
    """Return whether Jetpack stores `wanted` as `found`."""
    return same_value(wanted, found, setting_name(key))


class OptionWriter:
    """Writes options of one site.

    Args:
        read: Returns the values of the named options.
        write: Sends values by name in one request.
        log: Notes each write before it leaves, and what was answered.
        deaf: Returns those of the named options whose false this Jetpack may not hear; all where
            it is not given.
    """

    def __init__(self, read: Read, write: Write, log: WriteLog, deaf: Deaf | None = None) -> None:
        self._read = read
        self._write = write
        self._log = log
        self._deaf = deaf

    async def send(self, changes: tuple[Change, ...]) -> None:
        """Send the ordinary keys in one request, then each late key alone.

        Raises:
            SiteError: An answer was lost; later requests were not sent.
        """
        for batch in _batches(changes):
            await self._send_batch(batch)
        await self._insist(changes)

    async def _send_batch(self, batch: Sequence[Change]) -> None:
        """Send one request; an error of the site's own does not keep the next one back."""
        await self._log.sending(batch)
        try:
            answer = await self._write({setting_name(change.key): change.after for change in batch})
        except SiteError as error:
            if not error.answered:
                raise
            self._log.complain(batch, error.kind, error.message)
            return
        self._log.answer(batch)
        if not answer.ok:
            names = [setting_name(change.key) for change in batch]
            for change in batch:
                self._log.complain([change], *_complaint(setting_name(change.key), answer, names))

    async def _insist(self, changes: Iterable[Change]) -> None:
        """Switch off what Jetpack before 12.3 says it switched off and did not.

        There, false for a key that was never stored counts as no change, and the default, true,
        stays. Once true is stored, false is stored too.
        """
        off = {
            setting_name(change.key): change
            for change in changes
            if change.before is True and truth(change.after) is False and self._unexplained(change)
        }
        if not off:
            return
        values = await self._read(list(off))
        deaf: Sequence[str] = [name for name in off if values.get(name) is True]
        if deaf and self._deaf is not None:
            deaf = await self._deaf(deaf)
        if deaf:
            # The answers so far were about another request.
            self._log.answered.difference_update(off[name].key for name in deaf)
            await self._log.sending(off[name] for name in deaf)
            await self._write(dict.fromkeys(deaf, True))
            await self._write(dict.fromkeys(deaf, False))
            self._log.answer(off[name] for name in deaf)

    def _unexplained(self, change: Change) -> bool:
        complaint = self._log.complaints.get(change.key)
        return complaint is None or complaint.reason == _SILENT


def _batches(changes: Iterable[Change]) -> list[list[Change]]:
    late: dict[str, list[Change]] = {key: [] for key in LATE}
    first: list[Change] = []
    for change in changes:
        late.get(setting_name(change.key), first).append(change)
    return [batch for batch in (first, *late.values()) if batch]


def _complaint(name: str, answer: Answer, batch: Sequence[str]) -> tuple[str, str]:
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
        if name in named:
            return "jetpack.refused", f"value not accepted: {named[name]}"
        return "jetpack.refused", _bystander(named, batch)
    if answer.code == "inactive":
        return "jetpack.refused", "not stored, because the module is not active"
    said = _part(answer.said, name, batch)
    return "jetpack.refused", said or _SILENT


def _bystander(named: Mapping[str, object], batch: Sequence[str]) -> str:
    """Return why a good value was not applied; Jetpack 4.3 refuses some of its own defaults."""
    if named.keys() & set(batch):
        return f"{_BYSTANDER} another value was not accepted"
    return f"{_BYSTANDER} this Jetpack refuses its own default of {', '.join(named)}"


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
