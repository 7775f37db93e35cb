from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from fleet.report.progress import ProgressListener
from fleet.results import Event, RunFinished, RunStarted, SiteFinished, SiteResult, SiteStarted
from tests.report.made import RUN_ID, STARTED, broken, healthy, url


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def a_console(*, terminal: bool, width: int = 120, kind: str = "xterm") -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=terminal,
        width=width,
        color_system=None,
        legacy_windows=False,
        _environ={"TERM": kind},
    )


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def started(*sites: str) -> RunStarted:
    named = tuple((site, url(site)) for site in sites)
    return RunStarted(RUN_ID, "stats", {}, True, named, STARTED)


def finished(result: SiteResult) -> list[Event]:
    return [SiteStarted(result.site), SiteFinished(result)]


def watch(console: Console, clock: Clock, *events: Event, quiet: bool = False) -> None:
    """Tell the events ten seconds apart."""
    with ProgressListener(console, quiet=quiet, every=15.0, clock=clock) as listener:
        for event in events:
            listener(event)
            clock.now += 10.0


def test_without_a_terminal_a_plain_line_comes_now_and_then() -> None:
    console = a_console(terminal=False)
    sites = [healthy("a"), broken("b", "net.dns", "x"), healthy("c")]
    events = [event for site in sites for event in finished(site)]
    watch(console, Clock(), started("a", "b", "c"), *events, RunFinished(STARTED))
    assert written(console).splitlines() == [
        "fleet: 1 of 3 sites, about 40 s left, 0.1 sites/s",
        "fleet: 2 of 3 sites, 1 needs attention, about 20 s left, 0.1 sites/s",
        "fleet: 3 of 3 sites, 1 needs attention, 1 min 00 s, 0.1 sites/s",
    ]


def test_a_run_that_is_soon_over_writes_nothing_without_a_terminal() -> None:
    console = a_console(terminal=False)
    watch(console, Clock(), started("a"), SiteStarted("a"))
    assert written(console) == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_a_quiet_run_shows_nothing(terminal: bool) -> None:
    console = a_console(terminal=terminal)
    watch(console, Clock(), started("a"), *finished(healthy("a")) * 9, quiet=True)
    assert written(console) == ""


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines() -> None:
    console = a_console(terminal=True, kind="dumb")
    watch(console, Clock(), started("a"), *finished(healthy("a")))
    assert written(console) == "fleet: 1 of 1 site, 20.0 s, 0.1 sites/s\n"


def shown_live(*events: Event, width: int = 120) -> str:
    """Return the last two live lines drawn, joined by a bar."""
    console = a_console(terminal=True, width=width)
    watch(console, Clock(), *events)
    frames = re.split(r"\x1b\[[0-9?]*[A-Za-z]|[\r\n]", written(console))
    return " | ".join(frame.strip() for frame in [each for each in frames if each.strip()][-2:])


def test_a_terminal_shows_counts_time_and_the_sites_in_flight() -> None:
    line = shown_live(
        started("a", "b", "c", "d", "e"),
        *finished(healthy("a")),
        *finished(broken("b", "net.dns", "x")),
        SiteStarted("c"),
        SiteStarted("d"),
        SiteStarted("e"),
    )
    assert "2 of 5 sites, 1 needs attention, about 2 min 00 s left, 0.0 sites/s | " in line
    assert line.endswith(" | slowest: c 30.0 s, d 20.0 s + 1 more")


def test_the_live_lines_are_not_broken_on_a_narrow_terminal() -> None:
    lines = shown_live(started("a"), SiteStarted("a" * 30), width=40).split(" | ")
    assert lines[-1].startswith("slowest: aaa")
    assert all(len(line) <= 40 for line in lines)


def test_names_on_the_live_line_are_inert() -> None:
    line = shown_live(started("a"), SiteStarted("[red]a\x1b[2J\n"))
    assert "[red]a\\x1b[2J\\n" in line


def test_before_the_run_has_sites_it_is_starting() -> None:
    assert "starting" in shown_live(RunFinished(STARTED))


def test_the_live_line_is_gone_when_the_report_begins() -> None:
    console = a_console(terminal=True)
    watch(console, Clock(), started("a"), *finished(healthy("a")))
    assert written(console).endswith("\x1b[1A\x1b[2K")


def test_the_live_line_goes_away_after_an_error_too() -> None:
    console = a_console(terminal=True)
    with pytest.raises(RuntimeError), ProgressListener(console, clock=Clock()):
        raise RuntimeError
    assert written(console).endswith("\x1b[1A\x1b[2K")
