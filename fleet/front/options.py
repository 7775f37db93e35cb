"""The flags that commands share, and what they turn into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from fleet.config import Limits, Settings
from fleet.engine.budget import Budget
from fleet.engine.sessions import SessionCache
from fleet.engine.shards import Shard
from fleet.errors import InputError
from fleet.front.candidates import complete_labels, complete_sites
from fleet.front.ci.job import System
from fleet.front.ci.marker import marker
from fleet.inventory.model import Inventory
from fleet.policy.fields import parse_share
from fleet.policy.rollout import Rounding
from fleet.results import Status

if TYPE_CHECKING:
    from fleet.journal.journal import Journal

__all__ = ["Output", "Pace", "Selection"]

_LONGEST = 86_400


def _shown(values: Sequence[object]) -> str:
    """Return defaults as they would be typed."""
    return " ".join(map(str, values))


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which sites.

    Args:
        inventory: Inventory file or folder; may be repeated.
        selector: Labels to match, such as 'client=acme,tier in (gold,silver),!legacy'.
        site: Name or glob of sites to take; may be repeated.
        exclude: Name or glob of sites to leave out; may be repeated.
        from_run: Only sites of this run (its id, the start of it, or last).
        status: Only those that ended so in it, such as failed,unreachable,not_started.
        shard: Only one part of these sites, such as 2/8; sites of one host stay together.
    """

    inventory: Annotated[
        tuple[Path, ...], Parameter(name=["--inventory", "-i"], negative="", show_default=_shown)
    ] = (Path("inventory.yaml"),)
    selector: Annotated[
        str | None, Parameter(name=["--selector", "-l"], completer=complete_labels)
    ] = None
    site: Annotated[
        tuple[str, ...], Parameter(negative="", show_default=False, completer=complete_sites)
    ] = ()
    exclude: Annotated[
        tuple[str, ...], Parameter(negative="", show_default=False, completer=complete_sites)
    ] = ()
    from_run: str | None = None
    status: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = ()
    shard: str | None = None

    @property
    def named(self) -> bool:
        """Return whether the sites were asked for, and not merely all there are."""
        return bool(self.selector or self.site or self.from_run)

    def load(self) -> tuple[Inventory, Inventory]:
        """Return the whole inventory and the selected part of it.

        Raises:
            InputErrors: Every mistake in the files.
            InputError: A mistake in the selection, or nothing selected.
        """
        self._statuses()
        shard = Shard.parse(self.shard) if self.shard is not None else None
        whole = Inventory.load(self.inventory)
        selected = whole.select(self.selector, self.site, self.exclude)
        return whole, _part(selected, shard) if shard else selected

    async def narrowed(self, selected: Inventory, journal: Journal) -> Inventory:
        """Return those of the selected sites that an earlier run is asked for.

        Raises:
            InputError: There is no such run, or none of its sites is left.
        """
        if self.from_run is None:
            return selected
        row = await journal.run(self.from_run)
        wanted = self._statuses()
        kept = selected.only({name async for name in journal.ended(row.run_id, wanted)})
        if not kept.sites:
            how = " or ".join(wanted) or "at all"
            raise InputError(f"no selected site ended {how} in run {row.run_id}")
        return kept

    def _statuses(self) -> tuple[Status, ...]:
        words = [word.strip() for each in self.status for word in each.split(",") if word.strip()]
        if words and self.from_run is None:
            raise InputError("--status goes with --from-run RUN")
        for word in words:
            if word not in [status.value for status in Status]:
                close = get_close_matches(word, [status.value for status in Status], n=1)
                hint = f"; did you mean {close[0]}?" if close else ""
                raise InputError(f"--status: there is no status {word}{hint}")
        return tuple(Status(word) for word in words)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast and how patient.

    Args:
        concurrency: Sites worked on at the same time.
        per_host: Sites of one server address worked on at the same time.
        timeout: Seconds for one request, instead of the inventory's.
        deadline: Seconds for one site, instead of the inventory's.
        max_failures: Stop when more sites than this end badly: a number, or a share such as 5%.
        max_unreachable: Stop when more sites than this cannot be reached.
        session_cache: Go on with sessions of earlier runs, which a private cache file keeps.
        processes: Processes that visit the sites of a run that changes nothing; without it, one
            for each thousand sites, and no more than there are processors.
        engine: Who visits the sites: local, this process; dask, the workers of a cluster.
        scheduler: Address of the Dask scheduler, such as tls://scheduler.internal:8786.
        part: Sites that a worker is given at a time.
    """

    concurrency: Annotated[int, Parameter(name=["--concurrency", "-c"])] = 50
    per_host: int = 2
    timeout: float | None = None
    deadline: float | None = None
    max_failures: str | None = None
    max_unreachable: str | None = None
    session_cache: bool = True
    processes: int | None = None

    engine: Literal["local", "dask"] = "local"
    scheduler: str | None = None
    part: int = 200

    def sessions(self) -> SessionCache | None:
        """Return where sessions are kept between runs, or None where they are not."""
        return SessionCache() if self.session_cache else None

    def settings(self) -> Settings:
        """Return the settings of a run.

        Raises:
            InputError: A number makes no sense.
        """
        for flag, value in (
            ("--concurrency", self.concurrency),
            ("--per-host", self.per_host),
            ("--part", self.part),
            ("--processes", self.processes),
        ):
            if value is not None and value < 1:
                raise InputError(f"{flag} {value}: must be at least 1")
        for flag, seconds in (("--timeout", self.timeout), ("--deadline", self.deadline)):
            if seconds is not None and not 0 < seconds <= _LONGEST:
                raise InputError(f"{flag} {seconds:g}: more than 0, and a day at most")
        if (self.engine == "dask") is (self.scheduler is None):
            raise InputError("--engine dask and --scheduler ADDRESS go together")
        self.limits(0)
        limits = Limits(self.concurrency, self.per_host, processes=self.processes)
        return Settings(limits=limits)

    def limits(self, sites: int) -> tuple[int | None, int | None]:
        """Return how many of a number of sites may end badly, and how many be unreachable.

        Raises:
            InputError: A limit is neither a number nor a share.
        """
        return (
            _limit("--max-failures", self.max_failures, sites),
            _limit("--max-unreachable", self.max_unreachable, sites),
        )

    def budget(self, sites: int) -> Budget | None:
        """Return the failure budget of a run on a number of sites, or None without limits."""
        failures, unreachable = self.limits(sites)
        if failures is None and unreachable is None:
            return None
        return Budget("the run", failures, unreachable)

    def applied(self, inventory: Inventory) -> Inventory:
        """Return `inventory` with the time limits of the flags."""
        return inventory.with_http(self.timeout, self.deadline)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """What is written where.

    Args:
        output: text, json, jsonl, csv, md, junit or html, to standard output or with =FILE to a
            file; may be repeated.
        quiet: Say nothing but the report.
        verbose: Name every site and every key.
        no_color: Write without colours, as where NO_COLOR is set.
        marker: Begin Markdown with a hidden mark of this name, for fleet comment to find it again.
        ci: Tell a job of this system too: annotations, summary, outputs, masks.
        store: Where runs are recorded: a file, or postgresql://USER@HOST/DATABASE.
    """

    output: Annotated[
        tuple[str, ...], Parameter(name=["--output", "-o"], negative="", show_default=_shown)
    ] = ("text",)
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", show_default=False)] = (
        False
    )
    verbose: Annotated[
        bool, Parameter(name=["--verbose", "-v"], negative="", show_default=False)
    ] = False
    no_color: Annotated[bool, Parameter(negative="", show_default=False)] = False
    marker: str | None = None
    ci: System = "auto"
    store: str | None = None

    @property
    def mark(self) -> str:
        """Return the first line of Markdown, or nothing.

        Raises:
            InputError: Its name is of no use.
        """
        return marker(self.marker) if self.marker is not None else ""


def _part(selected: Inventory, shard: Shard) -> Inventory:
    """Return the sites of one part, which may be none: a matrix of jobs has parts for growth."""
    return selected.where(shard.holds)


def _limit(flag: str, text: str | None, sites: int) -> int | None:
    if text is None:
        return None
    try:
        return parse_share(int(text) if text.isdecimal() else text).of(sites, Rounding.DOWN)
    except ValueError as error:
        raise InputError(f"{flag} {text}: {error}") from None
