"""Carrying settings from one site to the others, and telling where others differ from it.

Both take the same keys: what makes sense on another site. Which keys stay at home, and why, is
said on every site.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as parameters

from fleet.errors import SiteError
from fleet.operations.base import Decision, Sourced
from fleet.operations.obstacles import SettingsState
from fleet.operations.option_writes import some
from fleet.operations.setting_writes import READS, WriteSettings, ask_settings, modules_among
from fleet.operations.values import COMMANDS, NEVER, PER_SITE, PER_USER, READ_ONLY, SECRET
from fleet.site.client import JetpackReader

__all__ = ["OPERATIONS", "CarriedSettings", "DiffSettings", "SyncSettings"]

_ASK = ConfigDict(validate_by_name=True)


@dataclass(frozen=True, slots=True)
class CarriedSettings(WriteSettings):
    """The settings of one site on their way to the others.

    Args:
        carried: Value by key.
        order: The order that asked for them.
        left: What stayed at home and why, as notes.
    """

    name = "settings.sync"
    summary = "Carry Jetpack settings from one site to the others."
    routes = (*READS, "POST settings")

    carried: Mapping[str, object]
    order: _Carrying
    left: tuple[str, ...] = ()

    @property
    def skip_absent(self) -> bool:
        """Return whether a key that a site does not have is only noted."""
        return not self.order.only

    def wanted(self) -> Mapping[str, object]:
        """Return the carried values."""
        return self.carried

    def decide(self, state: SettingsState) -> Decision:
        """Return the keys that differ, with notes on those that stayed at home."""
        decision = WriteSettings.decide(self, state)
        return replace(decision, notes=(*decision.notes, *self.left))

    def parameters(self) -> Mapping[str, object]:
        """Return the parameters of the order."""
        return self.order.parameters()


@parameters(frozen=True, config=_ASK)
class _Carrying(Sourced):
    """What carrying and comparing share.

    Keys that hold secrets or belong to one site or user stay at home unless `only` names them;
    commands, read-only keys and modules always do.

    Args:
        source: Name of the site to read from.
        only: Only these keys; all that make sense elsewhere where empty.
        leave: Not these keys.
    """

    source: Annotated[str, Field(alias="from", min_length=1, description="name of a site")]
    only: Annotated[tuple[str, ...], Field(description="only these keys, separated by commas")] = ()
    leave: Annotated[
        tuple[str, ...], Field(alias="except", description="not these keys, separated by commas")
    ] = ()

    def parameters(self) -> Mapping[str, object]:
        """Return the source and the keys."""
        keys = {"only": list(self.only), "except": list(self.leave)}
        return {"from": self.source} | {name: named for name, named in keys.items() if named}

    async def draw(self, reader: JetpackReader) -> CarriedSettings:
        """Return the operation that sets the source's values.

        Raises:
            SiteError: The source cannot be read, or lacks a key that was named, or a key was
                named that cannot be carried.
        """
        values = await ask_settings(reader, self.only)
        keys = [key for key in self.only or sorted(values) if key not in self.leave]
        self._demand(keys, values)
        modules = await modules_among(reader, values, keys)
        homes = {key: _home(key, modules, named=bool(self.only)) for key in keys}
        if self.only and any(homes.values()):
            bound = ", ".join(f"{key} ({home})" for key, home in homes.items() if home)
            raise SiteError("jetpack.unsupported", f"{bound} cannot be carried to other sites")
        carried = {key: values[key] for key, home in homes.items() if not home}
        return CarriedSettings(carried, self, tuple(self._notes(homes, values)))

    def _demand(self, keys: Iterable[str], values: Mapping[str, object]) -> None:
        if missing := [key for key in keys if key not in values]:
            raise SiteError(
                "jetpack.unsupported", f"{self.source} has no setting {', '.join(missing)}"
            )

    def _notes(self, homes: Mapping[str, str], values: Collection[str]) -> Iterable[str]:
        for home in _HOMES:
            if stayed := [key for key, why in homes.items() if why == home]:
                yield f"left out as {home}: {some(stayed)}"
        if strangers := [key for key in self.leave if key not in values and not self.only]:
            yield f"named to be left out, but not on {self.source}: {some(strangers)}"


_BOUND = ("module", "read-only", "command")
_HOMES = (*_BOUND, "secret", "per user", "per site")
"""Why keys stay at home; those that are `_BOUND` to it do so even when they are named."""


def _home(key: str, modules: Collection[str], *, named: bool) -> str:
    """Return why a key stays at home, or an empty string."""
    kinds = (modules, READ_ONLY, COMMANDS | NEVER, SECRET, PER_USER, PER_SITE)
    home = next((home for home, keys in zip(_HOMES, kinds, strict=True) if key in keys), "")
    return "" if named and home not in _BOUND else home


@parameters(frozen=True, config=_ASK)
class SyncSettings(_Carrying):
    """Carry settings from one site to the others; see `_Carrying` for the parameters.

    A key that a target does not have is noted, not an error, unless it was named.
    """

    name = CarriedSettings.name
    summary = CarriedSettings.summary
    routes = CarriedSettings.routes
    life = "4.6 on; up to 4.5 a single key"


@parameters(frozen=True, config=_ASK)
class DiffSettings(_Carrying):
    """Tell which settings of the others differ from those of one site; nothing is written."""

    name = "settings.diff"
    summary = "Tell which Jetpack settings differ from those of one site."
    routes = READS
    life = "4.6 on; up to 4.5 a single key"
    rights = "jetpack_admin_page"
    read_only = True


OPERATIONS = (SyncSettings, DiffSettings)
