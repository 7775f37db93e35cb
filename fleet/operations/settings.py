"""Reading Jetpack's settings, and setting them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, JsonValue
from pydantic.dataclasses import dataclass as parameters

from fleet.operations.base import Query
from fleet.operations.caps import shortened, trimmed
from fleet.operations.setting_writes import READS, WriteSettings, ask_settings
from fleet.operations.values import masked
from fleet.site.client import JetpackReader

__all__ = ["OPERATIONS", "GetSettings", "SetSettings"]


@parameters(frozen=True)
class SetSettings(WriteSettings):
    """Set settings to values.

    Args:
        values: Value by key, as JSON.
        commands: Whether keys are sent that make something happen.
    """

    name = "settings.set"
    summary = "Set Jetpack settings; only what differs is sent."
    routes = (*READS, "POST settings")
    seed = "Update a setting"
    life = "4.6 on; up to 4.5 a single key"
    apart = "keys kept at WordPress.com: jetpack.offline or jetpack.not_connected"

    values: Annotated[
        dict[str, JsonValue], Field(min_length=1, description="KEY=VALUE, the value as JSON")
    ]
    commands: Annotated[
        bool, Field(description="also send keys that make something happen, each once")
    ] = False

    @property
    def sends_commands(self) -> bool:
        """Return whether commands were asked for."""
        return self.commands

    def wanted(self) -> Mapping[str, object]:
        """Return the values."""
        return self.values

    def parameters(self) -> Mapping[str, object]:
        """Return the values, secret ones masked."""
        values = {key: masked(key, value) for key, value in self.values.items()}
        return {"values": values} | ({"commands": True} if self.commands else {})


@parameters(frozen=True)
class GetSettings(Query):
    """Read settings.

    Args:
        keys: Only these keys; all where empty.
    """

    name = "settings.get"
    summary = "Read Jetpack settings; secret values are masked."
    routes = ("GET settings",)
    seed = "Get the settings"
    life = "4.6 on; up to 4.5 a single key"
    rights = "jetpack_admin_page"

    keys: Annotated[tuple[str, ...], Field(description="settings keys, separated by commas")] = ()

    def parameters(self) -> Mapping[str, object]:
        """Return the keys."""
        return {"keys": list(self.keys)}

    async def collect(self, reader: JetpackReader) -> Mapping[str, object]:
        """Return ``{"settings": {key: value}}``, a missing key left out."""
        values = await ask_settings(reader, self.keys)
        shown = {
            key: masked(key, shortened(value))
            for key, value in sorted(values.items())
            if not self.keys or key in self.keys
        }
        return trimmed({"settings": shown})


OPERATIONS = (GetSettings, SetSettings)
