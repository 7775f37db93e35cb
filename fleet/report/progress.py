"""Shows that a run is alive: a moving line on a terminal, a plain line now and then elsewhere.

Listens to the events of a run. Writes only to the console it is given, which belongs to stderr,
and never per site where nobody watches: a log of five thousand lines hides the one that matters.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task
from rich.text import Text

from fleet.report.inert import inert
from fleet.report.layout import duration, plural
from fleet.results import Event, RunStarted, SiteFinished, SiteStarted, Status

__all__ = ["ProgressListener"]

_CALM = (Status.UNCHANGED, Status.CHANGED, Status.DRIFT)
_NAMED = 2
_WIDE = 90
"""Columns from which the bar may take more of them."""


class ProgressListener:
    """Shows the progress of one run while its context is open; a listener.

    Args:
        console: Where to write; the live line is shown only where it is a terminal.
        quiet: Show nothing at all.
        every: Seconds at least between two plain lines where there is no terminal. A line comes
            with an event, so a run that stands still is silent.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        console: Console,
        *,
        quiet: bool = False,
        every: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._every = every
        self._clock = clock
        self._tally = _Tally(clock)
        self._plain = not quiet
        self._live: Progress | None = None
        if not quiet and console.is_terminal and not console.is_dumb_terminal:
            self._plain = False
            self._live = _live_line(console, self._tally, clock)

    def __enter__(self) -> ProgressListener:
        """Begin to show."""
        self._next_line = self._clock() + self._every
        if self._live:
            with suppress(OSError):
                self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the live line away; the report follows in its place."""
        if self._live:
            with suppress(OSError):  # a terminal that is gone must not cost the run its report
                self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        self._tally.note(event)
        if self._live:
            for task in self._live.task_ids:
                self._live.update(task, completed=self._tally.done, total=self._tally.total or None)
        elif self._plain and self._clock() >= self._next_line:
            self._next_line = self._clock() + self._every
            line = ", ".join(self._tally.words())
            self._console.print(Text(f"fleet: {line}"), soft_wrap=True)


class _Tally:
    """Counts what happened so far."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self.total = 0
        self.done = 0
        self.attention = 0
        self.running: dict[str, float] = {}

    def note(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.total = len(event.sites)
            self._began = self._clock()
        elif isinstance(event, SiteStarted):
            self.running[event.site] = self._clock()
        elif isinstance(event, SiteFinished):
            self.running.pop(event.result.site, None)
            self.done += 1
            self.attention += event.result.status not in _CALM

    def words(self) -> list[str]:
        if not self.total:
            return ["starting"]
        seconds = max(self._clock() - self._began, 0.0)
        words = [f"{self.done:,} of {plural(self.total, 'site')}"]
        if self.attention:
            verb = "needs" if self.attention == 1 else "need"
            words.append(f"{self.attention:,} {verb} attention")
        left = self.total - self.done
        if self.done and seconds >= 1 and left > 0:
            words.append(f"about {_roughly(left * seconds / self.done)} left")
        elif left <= 0:
            words.append(duration(seconds))
        if self.done and seconds >= 1:
            words.append(f"{self.done / seconds:,.1f} sites/s")
        return words

    def in_flight(self) -> str:
        """Name the sites that have been worked on the longest, and for how long."""
        # Drawn by a thread of rich's: the copy keeps iteration off a changing dict.
        running = list(self.running.items())
        now = self._clock()
        named = ", ".join(
            f"{inert(site, 32)} {duration(max(now - since, 0.0))}"
            for site, since in running[:_NAMED]
        )
        return f"{named} + {len(running) - _NAMED:,} more" if len(running) > _NAMED else named


def _roughly(seconds: float) -> str:
    """Return an estimate of seconds without the precision that it does not have."""
    return f"{max(round(seconds), 1)} s" if seconds < 60 else duration(seconds)


class _Facts(ProgressColumn):
    """The words right of the bar, and below the slowest sites, each cut to the line's room."""

    max_refresh = 0.2

    def __init__(self, tally: _Tally) -> None:
        super().__init__()
        self._tally = tally

    def render(self, task: Task) -> Text:  # noqa: ARG002 - the tally knows more than the task
        text = Text(", ".join(self._tally.words()), no_wrap=True, overflow="ellipsis")
        if busy := self._tally.in_flight():
            text.append(f"\nslowest: {busy}", "dim")
        return text


def _live_line(console: Console, tally: _Tally, clock: Callable[[], float]) -> Progress:
    live = Progress(
        BarColumn(bar_width=20 if console.width >= _WIDE else 8),
        _Facts(tally),
        console=console,
        transient=True,
        redirect_stdout=False,
        get_time=clock,
    )
    live.add_task("", total=None)
    return live
