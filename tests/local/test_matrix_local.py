"""Rows of the fault matrix that are this machine's own trouble; the sites are well throughout."""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from anyio import to_thread

from fleet.config import Retries, Watching
from fleet.journal.journal import open_journal
from fleet.operations.modules import ActivateModules
from fleet.results import Event, SiteFinished, Status
from fleet.simulator.faults import Fault
from fleet.simulator.fleets import PASSWORD_VARIABLE
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import DEFAULT_USERS, SiteSpec
from fleet.simulator.world import World
from tests.engine.simulated import QUICK, simulated
from tests.local.governed import PHASES, brought_home, planned, report_again
from tests.local.processes import (
    finish,
    fleet,
    full_device,
    named,
    quiet,
    serving,
    several,
    start,
    unread_pipe,
)

ADMIN = DEFAULT_USERS[0]


async def test_fault_61_a_report_on_a_full_disk(tmp_path: Path) -> None:
    async with serving(tmp_path, several(24)):
        first = await fleet(tmp_path, "run", "modules.list", "-q", "-o", "json")
    room = 40_000
    assert len(first.out) > room
    (tmp_path / "old.json").write_text("as it was")
    process = await start(
        *(tmp_path, "runs", "show", "last", "-o", "json=old.json", "-o", "text"),
        limits=[(resource.RLIMIT_FSIZE, room)],
    )
    ended = await finish(process)
    assert (ended.code, quiet(ended)) == (1, True), ended.err
    assert "the json report could not be written to old.json: " in ended.err
    assert "Total    24 sites: 24 unchanged" in ended.out
    assert (tmp_path / "old.json").read_text() == "as it was"
    assert named(tmp_path, ".jetfleet-") == []
    assert await report_again(tmp_path) == first.out


@pytest.mark.parametrize(
    ("sites", "files"),
    [pytest.param(2000, 256, id="2,000 sites, 256 files"), pytest.param(300, 64, id="64 files")],
)
async def test_fault_64_open_files_are_clipped(sites: int, files: int, tmp_path: Path) -> None:
    world = World()
    specs = [SiteSpec(f"s{number:04}") for number in range(sites)]
    for spec in specs:
        world.add(spec)
    async with SimulatorServer(world, "0.0.0.0", latency=0.01) as server:
        addresses = {
            spec.name: server.url_of(spec.name, f"127.{number % 250}.{number // 250}.7")
            for number, spec in enumerate(specs)
        }
        (tmp_path / "inventory.yaml").write_text(listed(addresses))
        process = await start(
            *(tmp_path, "run", "connection.status", "-o", "json", "-c", "200"),
            limits=[(resource.RLIMIT_NOFILE, files)],
            environ={PASSWORD_VARIABLE: ADMIN.application_passwords[0]},
        )
        ended = await finish(process)
    assert (ended.code, quiet(ended)) == (0, True), ended.err
    assert json.loads(ended.out)["totals"]["unchanged"] == sites
    assert ended.err.count("ulimit -n") == 1


def listed(addresses: dict[str, str]) -> str:
    """Return an inventory of sites by their addresses."""
    auth = (
        f"{{method: application-password, username: {ADMIN.name}, password: 'env:FLEET_PASSWORD'}}"
    )
    lines = ["version: 1", f"defaults: {{auth: {auth}}}", "sites:"]
    return "\n".join([*lines, *(f"  {name}: '{url}'" for name, url in addresses.items())])


async def test_fault_65_a_stopped_process_blames_no_site(tmp_path: Path) -> None:
    async with planned(tmp_path, 4) as world:
        flags = ("-c", "4", "--per-host", "4", "--timeout", "2", "--deadline", "3", "-o", "json")
        process = await start(tmp_path, "apply", "plan.json", *flags)
        world.arm(lambda: process.send_signal(signal.SIGSTOP), PHASES["mid-write"][0], after=4)
        await world.caught(process)
        # Other runs go on meanwhile, until every time limit of the one that stands is over.
        over = time.monotonic() + 4
        while time.monotonic() < over:
            await fleet(tmp_path, "runs", "list")
        process.send_signal(signal.SIGCONT)
        ended = await finish(process)
        assert quiet(ended), ended.err
        report = json.loads(ended.out)
        # What was under way at that moment may be open, and resuming the run reads it first.
        assert {each["status"] for each in report["results"]} <= {"changed", "unknown"}, ended.out
        assert report["halted"] is None
        assert ended.err.count("sites are not blamed") == 1
        assert "stopped or held up" in ended.err
        await brought_home(tmp_path, world)


class Stall:
    """A listener that holds the event loop up once, when the first site has ended."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    def __call__(self, event: Event) -> None:
        if isinstance(event, SiteFinished) and self._left:
            until, self._left = time.process_time() + self._left, 0.0
            while time.process_time() < until:
                pass


async def test_fault_66_a_loop_that_is_held_up_blames_no_site(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = replace(
        QUICK,
        retries=Retries(attempts=1),
        watching=Watching(beat=0.01, lag=0.1, telling=0.3),
    )
    async with (
        open_journal(str(tmp_path / "journal.db")) as journal,
        simulated(
            tmp_path,
            *(SiteSpec(f"s{number}", modules=("likes",)) for number in range(12)),
            http="{timeout: 400ms, deadline: 20s}",
            settings=settings,
            journal=journal,
        ) as running,
    ):
        # One ends early, while the others wait for answers that come within their time.
        for site in running.world:
            if site.spec.name != "s0":
                site.faults.add(Fault("slow", "/wp-json/*", value=0.1))
        with caplog.at_level(logging.WARNING, "fleet"):
            report = await running.fleet.run(
                ActivateModules(("sitemaps", "latex")), listeners=[Stall(1.0)]
            )
        assert {result.status for result in report.results} <= {Status.CHANGED, Status.UNKNOWN}
        assert report.totals[Status.CHANGED] > 0
        assert (report.halted, await journal.leases()) == (None, [])
        # A crowded machine may stand still in another way as well; each is told once.
        causes = [record.getMessage().partition(" for ")[0] for record in caplog.records]
        assert set(causes) & {
            "this process was too busy to listen",
            "this process was stopped or held up",
        }
        assert len(set(causes)) == len(causes)


async def test_fault_68_a_reader_that_goes_away(tmp_path: Path) -> None:
    async with serving(tmp_path, several(8)) as world:
        world.site("s03").faults.add(Fault("waf"))
        reading, writing = unread_pipe()
        flags = ("-v", "-o", "text", "-o", "json=report.json", "-q")
        process = await start(tmp_path, "run", "modules.list", *flags, stdout=writing)
        os.close(writing)
        await to_thread.run_sync(os.read, reading, 100)
        os.close(reading)
        ended = await finish(process)
        assert (ended.code, ended.err) == (3, "")
        assert (tmp_path / "report.json").read_text() == await report_again(tmp_path)
        for command in (("operations",), ("sites", "list"), ("--help",)):
            reading, writing = os.pipe()
            os.close(reading)
            process = await start(tmp_path, *command, stdout=writing)
            os.close(writing)
            ended = await finish(process)
            assert (ended.code, ended.err) == (0, ""), command


async def test_fault_68_nobody_reads_anything(tmp_path: Path) -> None:
    async with planned(tmp_path, 3) as world:
        reading, writing = os.pipe()
        os.close(reading)
        process = await start(tmp_path, "apply", "plan.json", stdout=writing, stderr=writing)
        os.close(writing)
        assert (await finish(process)).code == 0
        assert world.writes == 6
        assert json.loads(await report_again(tmp_path))["totals"]["changed"] == 3


@pytest.mark.parametrize("form", ["text", "json"])
async def test_fault_68_a_full_device(form: str, tmp_path: Path) -> None:
    async with serving(tmp_path, several(3)):
        full = full_device()
        flags = ("-o", form, "-o", f"{'json' if form == 'text' else 'text'}=report")
        process = await start(tmp_path, "run", "connection.status", *flags, stdout=full)
        ended = await finish(process)
        listing = await finish(await start(tmp_path, "runs", "list", stdout=full))
        os.close(full)
        assert (ended.code, quiet(ended)) == (1, True), ended.err
        assert f"the {form} report could not be written to stdout: " in ended.err
        assert (tmp_path / "report").stat().st_size > 0
        assert json.loads(await report_again(tmp_path))["totals"]["unchanged"] == 3
        assert (listing.code, quiet(listing)) == (1, True)
        assert "standard output cannot be written" in listing.err


async def test_fault_68_a_folder_that_vanishes_during_the_run(tmp_path: Path) -> None:
    async with serving(tmp_path, several(3)) as world:
        folder = tmp_path / "reports"
        folder.mkdir()
        process = await start(
            tmp_path, "run", "connection.status", "-o", "json=reports/a.json", "-o", "text"
        )
        world.arm(folder.rmdir)
        ended = await finish(process)
        assert (ended.code, quiet(ended)) == (1, True), ended.err
        assert "could not be written to reports/a.json" in ended.err
        assert "Total    3 sites" in ended.out


@pytest.mark.parametrize("command", ["run", "apply"])
async def test_fault_68_the_report_is_the_same_again(command: str, tmp_path: Path) -> None:
    async with planned(tmp_path, 4) as world:
        world.site("s02").faults.add(Fault("waf"))
        words = ("run", "stats.collect") if command == "run" else ("apply", "plan.json")
        ended = await fleet(tmp_path, *words, "-o", "json")
        assert ended.code == 3
        assert ended.out == (await fleet(tmp_path, "runs", "show", "last", "-o", "json")).out
        assert ended.out == await report_again(tmp_path)
