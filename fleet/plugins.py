"""What other distributions add: operations, inventory sources, secrets, notifiers, reports.

A plugin is an entry point in one of five groups. Nothing of it is imported before it is asked
for by name, and what is installed is only looked for where the product does not know a name, so
that no command pays for plugins it does not use. The product's own names cannot be taken.

A plugin is code in this process, with every password in its reach: installing one is trusting it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from fleet.errors import InputError

__all__ = ["Found", "Group", "Plugins", "installed", "plugin_failed"]


class Group(StrEnum):
    """What a plugin adds; the entry point's group."""

    OPERATIONS = "jetfleet.operations"
    """A module with ``OPERATIONS``; the entry point's name is the first word of their names."""
    SOURCES = "jetfleet.inventory_sources"
    """A callable that returns rows; the name is that of ``include: [{source: NAME}]``."""
    SECRETS = "jetfleet.secrets"
    """An async callable that returns a secret; the name is the prefix of references."""
    NOTIFIERS = "jetfleet.notifiers"
    """An async callable that sends a message; the name is that of a channel's ``notifier``."""
    REPORTS = "jetfleet.reports"
    """A callable that writes a report; the name is the format that ``-o`` takes."""


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin that is installed; it may not work.

    Args:
        group: What it adds.
        name: Its name.
        distribution: The package it came with, and its version.
    """

    group: Group
    name: str
    distribution: str


@cache
def installed() -> tuple[EntryPoint, ...]:
    """Return the entry points of all plugins; looked for once, which takes milliseconds."""
    return tuple(point for group in Group for point in entry_points(group=group))


class Plugins:
    """The plugins there are.

    Args:
        found: Returns the entry points, called when the first plugin is asked for.
    """

    def __init__(self, found: Callable[[], Iterable[EntryPoint]] = installed) -> None:
        self._found = found

    def listed(self) -> Iterator[Found]:
        """Yield every plugin that is installed, without loading any."""
        for point in self._found():
            yield Found(Group(point.group), point.name, _distribution(point))

    def names(self, group: Group) -> tuple[str, ...]:
        """Return the names of a group's plugins."""
        return tuple(dict.fromkeys(p.name for p in self._found() if p.group == group))

    def load(self, group: Group, name: str) -> object:
        """Return what a plugin gives.

        Raises:
            InputError: There is no such plugin, two distributions have one of that name, or it
                cannot be imported; what its error says is not repeated.
        """
        points = [p for p in self._found() if p.group == group and p.name == name]
        if not points:
            raise InputError(f"no plugin {name} for {group} is installed")
        if len({_distribution(point) for point in points}) > 1:
            rivals = " and ".join(sorted({_distribution(point) for point in points}))
            raise InputError(f"the plugin {name} is in {rivals}: uninstall one of them")
        try:
            return points[0].load()
        except Exception as error:  # noqa: BLE001 - it is the plugin's, whatever it is
            raise plugin_failed(self.described(group, name), "cannot be loaded", error) from None

    def described(self, group: Group, name: str) -> str:
        """Return a plugin's name with the distribution it came with, for messages."""
        point = next((p for p in self._found() if p.group == group and p.name == name), None)
        return f"the plugin {name} of {_distribution(point) if point else 'nothing installed'}"


def plugin_failed(plugin: str, what: str, error: Exception) -> InputError:
    """Return the error that stands for a plugin's own, whose text may hold secrets.

    Args:
        plugin: As `Plugins.described`.
        what: What the plugin failed to do.
        error: Its error; one of ours is told in full.
    """
    if isinstance(error, InputError):
        return InputError(f"{plugin}: {error.message}")
    missing = error.name if isinstance(error, ImportError) else None
    detail = f" ({missing})" if missing else ""
    return InputError(f"{plugin} {what}: {type(error).__name__}{detail}")


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"
