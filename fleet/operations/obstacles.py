"""Why a settings key is not sent to a site: what cannot be set at all, not there, or not now.

"Cannot" is told apart from "is not": each obstacle has the kind that says who can help.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from fleet.operations.base import Complaint
from fleet.operations.sameness import truth
from fleet.operations.values import COMMANDS, NEVER, READ_ONLY, REMOTE
from fleet.site.client import Connection
from fleet.site.routes import SettingSpec

__all__ = ["OWNERS", "SettingsState", "is_idle", "obstacle_here", "obstacle_of_key"]

OWNERS = MappingProxyType({"monitor_receive_notifications": "monitor"})
"""Keys whose writing ends in a PHP error while their module is off (Jetpack 8.9 to 15.4)."""

_UNSUPPORTED = "jetpack.unsupported"
_HEIRS = MappingProxyType({"google_analytics_tracking_id": "jetpack_wga (14.6) took its place"})
_INTEGER = re.compile(r"[+-]?\d+(\.0*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SettingsState:
    """What a site says about its settings.

    Args:
        values: Values by key.
        known: Keys that the site takes; empty where its Jetpack does not tell (4.3).
        specs: What the site's own schema says by key; empty where it was not needed.
        modules: Those of the wanted keys that are modules.
        connection: The connection to WordPress.com, read where a wanted key is kept there.
    """

    values: Mapping[str, object]
    known: frozenset[str]
    specs: Mapping[str, SettingSpec] = field(default_factory=dict)
    modules: frozenset[str] = frozenset()
    connection: Connection | None = None


def obstacle_of_key(key: str, *, commands: bool) -> Complaint | None:
    """Return why a key can be set on no site, or None.

    Args:
        key: The settings key.
        commands: Whether keys are sent that make something happen.
    """
    if key in READ_ONLY:
        return Complaint(_UNSUPPORTED, f"{key} can be read but not set")
    if key in NEVER:
        return Complaint(_UNSUPPORTED, f"{key} runs the set-up of a new site and is never sent")
    if key in COMMANDS and not commands:
        reason = f"{key} is a command, not a value; --commands sends it"
        return Complaint(_UNSUPPORTED, reason)
    return None


def obstacle_here(state: SettingsState, key: str, value: object) -> Complaint | None:
    """Return why a key cannot get a value on this site now, or None."""
    return (
        _missing(state, key)
        or _remote(state, key)
        or _kept(state, key, value)
        or _bad(state, key, value)
    )


def _missing(state: SettingsState, key: str) -> Complaint | None:
    if key in state.modules:
        reason = f"{key} is a module: modules.activate and modules.deactivate switch it"
        return Complaint(_UNSUPPORTED, reason)
    if key not in state.known:
        return Complaint(_UNSUPPORTED, f"this site's Jetpack has no setting {key}")
    if key not in state.values and key not in COMMANDS:
        reason = f"{key} cannot be read on this site, so setting it could not be checked"
        heir = f"; {_HEIRS[key]}" if key in _HEIRS else ""
        return Complaint(_UNSUPPORTED, reason + heir)
    return None


def _remote(state: SettingsState, key: str) -> Complaint | None:
    if key not in REMOTE:
        return None
    kept = f"{key} is kept at WordPress.com, and"
    if state.connection is not None and state.connection.offline:
        return Complaint("jetpack.offline", f"{kept} Jetpack is in offline mode")
    if state.connection is not None and not state.connection.connected:
        return Complaint("jetpack.not_connected", f"{kept} this site is not connected to it")
    if key in OWNERS and state.values.get(OWNERS[key]) is False:
        reason = f"{key} can only be set while the module {OWNERS[key]} is active"
        return Complaint(_UNSUPPORTED, reason)
    return None


def _kept(state: SettingsState, key: str, value: object) -> Complaint | None:
    """Return why the site keeps what it has, whatever is sent."""
    if key == "lang_id" and state.values.get(key) == "error_cap":
        return Complaint("auth.forbidden", "the account may not install languages")
    if key == "lang_id" and state.values.get(key) == "error_const":
        return Complaint("jetpack.override", "the constant WPLANG on the host sets the language")
    if key == "wpcom_newsletter_categories" and value == []:
        reason = (
            "Jetpack takes an empty list for no change;"
            " wpcom_newsletter_categories_enabled switches them off"
        )
        return Complaint(_UNSUPPORTED, reason)
    return None


def _bad(state: SettingsState, key: str, value: object) -> Complaint | None:
    """Return why the site's own schema refuses a value; what it leaves open, the site decides.

    One value of a wrong type would keep all others of its request from being applied.
    """
    spec = state.specs.get(key)
    if spec is None or key in COMMANDS:
        return None
    if spec.type == "boolean" and truth(value) is None:
        return _refused("has to be true, false, 1 or 0")
    if spec.type == "integer" and not _is_integer(value):
        return _refused("has to be a whole number")
    # Jetpack 4.3 listed labels instead of values, so the value there has to be among them.
    if state.values.get(key) in spec.choices and value not in spec.choices:
        return _refused(f"has to be one of {', '.join(map(str, spec.choices))}")
    return None


def _refused(rule: str) -> Complaint:
    return Complaint("jetpack.refused", f"value not accepted: it {rule}")


def _is_integer(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float | str) and bool(_INTEGER.fullmatch(str(value).strip()))


def is_idle(key: str, word: object, found: object) -> bool:
    """Return whether a command asks for what is there already, or for nothing."""
    if key == "post_by_email_address":
        return (
            word == "noop" or (word == "create" and bool(found)) or (word == "delete" and not found)
        )
    if key == "jetpack_protect_key":
        return word == "create" and bool(found)
    return key == "search_auto_config" and truth(word) is False
