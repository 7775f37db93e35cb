"""Makes one report of the reports of a run that several processes shared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from fleet.errors import InputError
from fleet.report.inert import inert
from fleet.results import RunReport, SiteResult, Status

__all__ = ["merged"]


def merged(parts: Sequence[RunReport], sites: Iterable[tuple[str, str]], run_id: str) -> RunReport:
    """Return the report that one run on all `sites` would have made.

    Args:
        parts: The reports of the parts, at least one.
        sites: (name, url) of each site of the whole, in the order of the inventory. One that is
            in no part ends `not_started`.
        run_id: Name of the whole.

    Raises:
        InputError: The parts are not of one operation with the same parameters, a site is in
            two of them, or in one and not in the whole.
    """
    first = parts[0]
    for part in parts[1:]:
        _refuse_unlike(first, part)
    whole = list(sites)
    places = _places(parts)
    if strangers := places.keys() - {name for name, _ in whole}:
        name = min(strangers)
        raise InputError(
            f"{inert(name)} is in run {parts[places[name]].run_id} and not among the selected"
            " sites: select the same sites as for the parts, without --shard"
        )
    done = {result.site: result for part in parts for result in part.results}
    halted = [part.halted for part in parts if part.halted]
    stopped = [part.interrupted for part in parts if part.interrupted]
    return RunReport(
        run_id=run_id,
        operation=first.operation,
        parameters=first.parameters,
        read_only=first.read_only,
        started=min(part.started for part in parts),
        finished=_last(parts),
        interrupted=stopped[0] if stopped else None,
        halted=halted[0] if halted else None,
        results=tuple(
            done.get(name) or SiteResult(name, url, Status.NOT_STARTED) for name, url in whole
        ),
    )


def _refuse_unlike(first: RunReport, part: RunReport) -> None:
    same = (
        first.operation == part.operation
        and first.parameters == part.parameters
        and first.read_only == part.read_only
    )
    if not same:
        raise InputError(
            f"{first.run_id} and {part.run_id} are not parts of one run: their operation or"
            " parameters differ"
        )


def _places(parts: Sequence[RunReport]) -> dict[str, int]:
    """Return which part each site is in."""
    places: dict[str, int] = {}
    for number, part in enumerate(parts):
        for result in part.results:
            other = places.setdefault(result.site, number)
            if other != number:
                raise InputError(
                    f"{inert(result.site)} is in two parts, {parts[other].run_id} and {part.run_id}"
                )
    return places


def _last(parts: Sequence[RunReport]) -> datetime | None:
    """Return when the last part ended, or None where one has not."""
    ends = [part.finished for part in parts if part.finished]
    return max(ends) if len(ends) == len(parts) else None
