"""Sending option values in the order that is safe, and reading what a refusal says of each key.

Settings and the options of one module take the same keys in the same body and refuse them in
the same words; only the route differs.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from fleet.operations.base import Complaint, WriteLog
from fleet.operations.caps import short
from fleet.operations.refusals import answered, refusal
from fleet.operations.sameness import same_value, truth
from fleet.operations.values import LATE, MASK, masked
from fleet.results import Change
from fleet.site.wire import Answer

__all__ = [
    "HEARS_FALSE",
    "OptionWriter",
    "inactive_reason",
    "same_option",
    "secrets_in",
    "setting_key",
    "setting_name",
    "some",
    "without",
]

HEARS_FALSE = "wpcom_reader_views_enabled"
"""A key that came with 12.3, the first release that stores false over a default of true."""
Read = Callable[[Sequence[str]], Awaitable[Mapping[str, object]]]
Write = Callable[[Mapping[str, object]], Awaitable[Answer]]
Deaf = Callable[[Sequence[str]], Awaitable[Sequence[str]]]
_PREFIX = "settings."
_BYSTANDER = "not applied, because"
_SILENT = "not stored, and the site did not say why"
_WORD = re.compile(r"[\w-]")
_NAMED = 4
_SEARCHED = 20_000
"""Characters of a refusal in which keys are looked for; one that names every key has half."""


def setting_key(name: str) -> str:
    """Return the key under which a setting is reported."""
    return _PREFIX + name


def setting_name(key: str) -> str:
    """Return the name under which Jetpack knows a reported key."""
    return key.removeprefix(_PREFIX)


def some(keys: Sequence[str]) -> str:
    """Return the first few keys and how many more there are."""
    named = short(", ".join(keys[:_NAMED]))
    return f"{named} and {len(keys) - _NAMED} more" if len(keys) > _NAMED else named


def inactive_reason(slug: str) -> str:
    """Return why a module takes no options while it is off, and what to do about it."""
    return (
        f"{slug} is not active, and takes options only while it is:"
        f" run modules.activate --modules {slug} first"
    )


def secrets_in(values: Mapping[str, object]) -> list[str]:
    """Return the texts among `values` that are never shown."""
    return [
        value
        for name, value in values.items()
        if isinstance(value, str) and value != MASK and masked(name, value) == MASK
    ]


def without(secrets: Iterable[str], reason: str) -> str:
    """Return a reason, which the site may have worded, without secrets that were sent to it."""
    for secret in secrets:
        reason = reason.replace(secret, MASK)
    return reason


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
        module: The module that has the options; empty where they are of any.
    """

    def __init__(
        self,
        read: Read,
        write: Write,
        log: WriteLog,
        deaf: Deaf | None = None,
        module: str = "",
    ) -> None:
        self._read = read
        self._write = write
        self._log = log
        self._deaf = deaf
        self._module = module

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
        values = {setting_name(change.key): change.after for change in batch}
        answer = await answered(self._log, batch, self._write(values))
        if answer is not None:
            self._note(batch, answer)

    def _note(self, batch: Sequence[Change], answer: Answer) -> None:
        """Note what an answer says of each key of its request."""
        self._log.answer(batch)
        if answer.ok:
            return
        said = _complaints(answer, [setting_name(change.key) for change in batch], self._module)
        secrets = secrets_in({setting_name(change.key): change.after for change in batch})
        for change in batch:
            each = said[setting_name(change.key)]
            reason = without(secrets, each.reason)
            self._log.complain([change], each.kind, reason, undone=each.undone)

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
        unheard = [off[name] for name in deaf]
        for value in (True, False) if unheard else ():
            await self._log.sending(unheard)
            self._note(unheard, await self._write(dict.fromkeys(deaf, value)))

    def _unexplained(self, change: Change) -> bool:
        complaint = self._log.complaints.get(change.key)
        return complaint is None or complaint.reason == _SILENT


def _batches(changes: Iterable[Change]) -> list[list[Change]]:
    late: dict[str, list[Change]] = {key: [] for key in LATE}
    first: list[Change] = []
    for change in changes:
        late.get(setting_name(change.key), first).append(change)
    return [batch for batch in (first, *late.values()) if batch]


def _complaints(answer: Answer, names: Sequence[str], module: str) -> dict[str, Complaint]:
    """Return what a refused request says of each of its keys.

    ``rest_invalid_param`` names the bad keys; then nothing of the request was applied. Any other
    refusal names some keys in its translated text, and those it does not name it keeps silent on.
    """
    if whole := refusal(answer):
        return dict.fromkeys(names, whole)
    if answer.code == "inactive":
        reason = (
            inactive_reason(module) if module else "not stored, because the module is not active"
        )
        return dict.fromkeys(names, Complaint("jetpack.refused", reason))
    data = answer.mapping.get("data") if isinstance(answer.value, dict) else None
    bad = data.get("params") if isinstance(data, dict) else None
    if answer.code == "rest_invalid_param" and isinstance(bad, dict):
        bystander = _bystander(bad, names)
        reasons = {
            name: f"value not accepted: {bad[name]}" if name in bad else bystander for name in names
        }
    else:
        reasons = _parts(_words(answer), names)
    return {name: Complaint("jetpack.refused", reasons.get(name) or _SILENT) for name in names}


def _words(answer: Answer) -> str:
    """Return the site's message as far as it is searched; what is shown of it is cut elsewhere."""
    message = answer.value.get("message") if isinstance(answer.value, dict) else None
    return message[:_SEARCHED] if isinstance(message, str) else ""


def _bystander(named: Mapping[str, object], batch: Sequence[str]) -> str:
    """Return why a good value was not applied; Jetpack 4.3 refuses some of its own defaults."""
    if not named.keys().isdisjoint(batch):
        return f"{_BYSTANDER} another value was not accepted"
    return f"{_BYSTANDER} this Jetpack refuses its own default of {some(list(named))}"


def _parts(said: str, names: Sequence[str]) -> dict[str, str]:
    """Return what a text such as ``a: reason. b: reason`` says of each name, the first time.

    Each colon is looked back from once per length of a name, so that no text costs more than
    its length times a constant.
    """
    known, lengths = set(names), sorted({len(name) for name in names}, reverse=True)
    starts: list[tuple[int, int, str]] = []
    for colon in re.finditer(": ", said):
        at = colon.start()
        for length in lengths:
            begin = at - length
            if begin >= 0 and said[begin:at] in known and not _WORD.match(said[begin - 1 : begin]):
                starts.append((begin, colon.end(), said[begin:at]))
                break
    parts: dict[str, str] = {}
    stops = [begin for begin, _, _ in starts[1:]] + [len(said)]
    for (_, end, name), stop in zip(starts, stops, strict=False):
        parts.setdefault(name, said[end:stop].strip(" ."))
    return parts
