"""Parts of a run that are given to other machines: how they are cut, and what is sent.

What is sent to other machines holds no secret: passwords go as references and are resolved where
the sites are visited. All sites of one server address are in one part, since how many of them are
worked on at once is counted by whoever has the part.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, cast

from fleet.config import Settings
from fleet.errors import InputError
from fleet.inventory.model import Site
from fleet.inventory.secrets import SecretKind
from fleet.journal.records import Lease
from fleet.operations.base import Task
from fleet.redaction import MASK
from fleet.site.health import HealthCheck

__all__ = [
    "UNSENDABLE",
    "Assignment",
    "Part",
    "carried",
    "cut",
    "packed",
    "refuse_secrets",
    "refuse_unsendable",
    "unpacked",
]


UNSENDABLE = (pickle.PicklingError, TypeError, AttributeError)
"""What `packed` raises where a value cannot be written down."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What all parts of a run have in common.

    Args:
        run_id: The run.
        store: Address of the shared journal, without a password.
        dry_run: True where nothing may be written.
        settings: Limits for one part, retries, sizes.
        checks: What has to hold of a site after it was changed.
        lease: The run's right to change its sites; None where it changes none.
    """

    run_id: str
    store: str
    dry_run: bool
    settings: Settings
    checks: tuple[HealthCheck, ...] = ()
    lease: Lease | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Sites that one worker visits.

    Args:
        name: Unique among the parts of the run.
        region: Where the worker has to be; empty for anywhere.
        assignment: What all parts have in common.
        sites: The sites, each as `carried` returns it.
        tasks: The task of each site, in the same order.
    """

    name: str
    region: str
    assignment: Assignment
    sites: tuple[Site, ...]
    tasks: tuple[Task, ...]


def carried(site: Site) -> Site:
    """Return a site as it is sent: equal, without where its settings were written.

    Raises:
        InputError: Its password is written in the inventory.
    """
    if site.auth.password.kind is SecretKind.INLINE:
        raise InputError(
            f"the password of {site.name} is written in the inventory and would be sent around:"
            " name it by env:, file:, exec: or keyring:, which is resolved on the worker"
        )
    return replace(site, origins={})


def refuse_secrets(task: Task) -> None:
    """Refuse a task with a secret value.

    Raises:
        InputError: It has one.
    """
    if MASK in repr(task.parameters()):
        raise InputError(
            f"{task.name} sets a secret value, which is not sent around: run it on this machine"
        )


def refuse_unsendable(task: Task) -> None:
    """Refuse a task that would be another one on another machine.

    Raises:
        InputError: It cannot be written down.
    """
    try:
        same = unpacked(packed(task)) == task
    except UNSENDABLE:
        same = False
    if not same:
        raise InputError(f"{task.name} cannot be sent to workers: run it on this machine")


class _Pickler(pickle.Pickler):
    """Writes read-only mappings, too."""

    def reducer_override(self, value: object) -> Any:
        """Return how a read-only mapping is made again, and leave all else to the library."""
        if isinstance(value, MappingProxyType):
            return _read_only, (dict(value),)
        return NotImplemented


def _read_only(values: dict[object, object]) -> MappingProxyType[object, object]:
    return MappingProxyType(values)


def packed(value: object) -> bytes:
    """Return a task or a part as it is sent."""
    file = io.BytesIO()
    _Pickler(file).dump(value)
    return file.getvalue()


def unpacked(data: bytes) -> object:
    """Return what `packed` wrote; of trusted senders only: a Dask cluster, a process of our own."""
    return cast("object", pickle.loads(data))  # noqa: S301 - the sender runs code here anyway


def cut(places: Sequence[tuple[str, str]], size: int) -> Iterator[tuple[str, list[int]]]:
    """Yield the region and the sites of each part, by their places in the order of the run.

    Args:
        places: Region and server of each site, in order.
        size: Sites that a part has at least, as far as there are so many; it has more where the
            last server that joined it has.
    """
    servers: dict[tuple[str, str], list[int]] = {}
    for index, place in enumerate(places):
        servers.setdefault(place, []).append(index)
    open_parts: dict[str, list[int]] = {}
    for (region, _), group in servers.items():
        part = open_parts.setdefault(region, [])
        part.extend(group)
        if len(part) >= size:
            yield region, open_parts.pop(region)
    yield from open_parts.items()
