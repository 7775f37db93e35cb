"""``fleet doctor``: what keeps sites, and this machine, from working."""

from __future__ import annotations

import importlib.util
import resource
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import anyio
from anyio import to_thread

from fleet.front.console import say
from fleet.front.doctor_checks import Check, checks_of
from fleet.front.execute import check_outputs, conclude, run_async, watched
from fleet.front.fleets import fleet_of
from fleet.front.options import Output, Pace, Selection
from fleet.inventory.model import Inventory, Site
from fleet.journal.journal import open_journal
from fleet.journal.keys import default_key_path
from fleet.operations.doctor import ExamineSite
from fleet.results import RunReport, SiteResult
from fleet.site.certificate import Certificate, served_certificate
from fleet.site.transport import Connections

__all__ = ["doctor"]

_EXTRAS = {
    "keyring": "keyring",
    "metrics": "prometheus_client",
    "notify": "apprise",
    "postgres": "psycopg",
    "schedule": "cronsim",
    "web": "aiohttp_jinja2",
}
"""A package of each extra."""
_FEW_FILES = 1024
_PATIENCE = 10.0
Seen = dict[str, tuple[str | None, Certificate | None]]


def doctor(
    *, selection: Selection | None = None, pace: Pace | None = None, out: Output | None = None
) -> int:
    """Look at each selected site and tell what is wrong and what to do; only reads.

    Each site is visited as by any run: at most one password is sent, and none where an earlier
    one was rejected. Exits with 3 where a site has a problem.
    """
    selection, pace = selection or Selection(), replace(pace or Pace(), session_cache=False)
    out = out or Output()
    check_outputs(out)
    whole, selected = selection.load()

    async def run() -> tuple[RunReport, Seen]:
        async with open_journal(out.store) as journal:
            fleet = fleet_of(whole, pace, out, journal)
            sites = await selection.narrowed(pace.applied(selected), journal)
            with watched(out) as (listeners, stop):
                report = await fleet.run(ExamineSite(), sites, listeners=listeners, stop=stop)
            return report, await _seen(sites, pace)

    report, seen = run_async(run)
    now = datetime.now(UTC)
    if out.output != ("text",):
        results = [_with_checks(result, seen, now) for result in report.results]
        return conclude(replace(report, results=results), out, None, report.exit_code)
    _say_block("this machine", _machine(selection.inventory), brief=not out.verbose)
    for result in report.results:
        checks = checks_of(result, *seen.get(result.site, (None, None)), now)
        few = len(report.results) == 1
        _say_block(result.site, checks, brief=not (out.verbose or few))
    return report.exit_code


async def _seen(sites: Inventory, pace: Pace) -> Seen:
    """Return what the name of each site leads to, and the certificate its server shows."""
    found: Seen = {}
    waiting = iter(site for site in sites.sites.values() if not site.paused)
    async with (
        Connections(pace.concurrency, pace.settings().http) as connections,
        anyio.create_task_group() as group,
    ):

        async def look() -> None:
            for site in waiting:
                with suppress(OSError):  # the visit tells why a name leads nowhere
                    address = await connections.address(site.url.host or "")
                    found[site.name] = address, await _certificate(site)

        for _ in range(pace.concurrency):
            group.start_soon(look)
    return found


async def _certificate(site: Site) -> Certificate | None:
    if site.url.scheme != "https" or site.http.proxy:
        return None
    seconds = min(site.http.timeout, _PATIENCE)
    return await to_thread.run_sync(
        served_certificate, site.url.host or "", site.url.port or 443, seconds
    )


def _with_checks(result: SiteResult, seen: Seen, now: datetime) -> SiteResult:
    checks = checks_of(result, *seen.get(result.site, (None, None)), now)
    return replace(result, data={**result.data, "checks": [asdict(check) for check in checks]})


def _say_block(title: str, checks: Sequence[Check], *, brief: bool) -> None:
    """Say all checks, or a line of what is good and the rest in full."""
    bad = [check for check in checks if check.state != "ok"]
    problem = any(check.state != "-" for check in bad) or len(checks) == 1
    if brief and not problem:
        said = {check.name: check.found for check in checks}
        about = [f"{name} {said[name]}" for name in ("Jetpack", "WordPress") if name in said]
        say(f"{title}: ok" + (f" ({'; '.join(about)})" if about else ""))
        return
    say(title)
    for check in checks:
        say(f"  {check.state:<7}  {check.name:<10}  {check.found}".rstrip())
        if check.fix:
            say(f"  {'':<7}  {'':<10}  -> {check.fix}")


def _machine(files: Iterable[Path]) -> tuple[Check, ...]:
    """Return what there is to say of this machine; the journal has been opened before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = hard != resource.RLIM_INFINITY and hard < _FEW_FILES
    there = [name for name, package in _EXTRAS.items() if importlib.util.find_spec(package)]
    return (
        Check("journal", "ok", "opened"),
        *_modes("key", default_key_path()),
        *(check for file in files for check in _modes("inventory", file)),
        Check(
            "open files",
            "note" if few else "ok",
            f"{soft} now, {hard} at most" if hard != resource.RLIM_INFINITY else f"{soft}",
            "Raise ulimit -n for many sites at once." if few else "",
        ),
        Check("extras", "ok", ", ".join(there) or "none"),
    )


def _modes(name: str, path: Path) -> Iterator[Check]:
    try:
        mode = path.stat().st_mode
    except OSError:
        yield Check(name, "-", f"{path} is not there")
        return
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield Check(name, "problem", f"others can write to {path}", f"chmod go-w {path}")
    elif name == "key" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Check(name, "problem", f"others can read {path}", f"chmod 600 {path}")
    else:
        yield Check(name, "ok", str(path))
