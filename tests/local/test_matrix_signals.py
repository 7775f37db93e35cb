"""Rows 58 to 60 of the fault matrix: signals and kills, in every phase of a command."""

from __future__ import annotations

import json
import os
import signal
import stat
from asyncio.subprocess import Process
from pathlib import Path

import pytest
from anyio import to_thread

from fleet.simulator.faults import Fault
from tests.local.governed import PHASES, POLICY, brought_home, planned, report_again
from tests.local.processes import finish, fleet, named, quiet, serving, several, start, unread_pipe

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
INTERRUPT, TERMINATE = signal.SIGINT, signal.SIGTERM
NEVER = 3600.0
PAUSED = POLICY.replace("rollout: {", "rollout: {waves: [1, 100%], pause: 1h, ")


async def line_with(process: Process, words: str) -> str:
    """Return the line of standard error that has `words` in it, once it is there."""
    assert process.stderr is not None
    while line := (await process.stderr.readline()).decode():
        if words in line:
            return line
    raise AssertionError(f"it ended without saying {words!r}")


def drained(reading: int) -> bytes:
    """Return what is left in a pipe whose writers are about to go, and close it."""
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read()


@pytest.mark.parametrize(
    ("phase", "number"),
    [
        ("login", INTERRUPT),
        ("before the intent", TERMINATE),
        ("after the intent", INTERRUPT),
        ("mid-write", TERMINATE),
        ("read back", INTERRUPT),
    ],
)
async def test_fault_58_a_signal_lets_sites_in_flight_finish(
    phase: str, number: signal.Signals, tmp_path: Path
) -> None:
    when, after, early = PHASES[phase]
    async with planned(tmp_path, 6) as world:
        flags = ("-c", "2", "--per-host", "2", "-o", "json=report.json", "-o", "text")
        process = await start(tmp_path, "apply", "plan.json", *flags)
        world.arm(lambda: process.send_signal(number), when, after=after, early=early)
        ended = await finish(process)
        assert (ended.code, quiet(ended)) == (CODES[number], True), ended.err
        report = json.loads((tmp_path / "report.json").read_text())
        assert report["interrupted"] == number.name
        assert world.touched == world.before
        assert report["totals"]["not_started"] == 6 - len(world.before)
        assert report["totals"]["changed"] == len(world.before)
        assert "fleet resume " in ended.out
        assert (tmp_path / "report.json").read_text() == await report_again(tmp_path)
        await brought_home(tmp_path, world)


@pytest.mark.parametrize("number", CODES)
async def test_fault_58_a_signal_while_secrets_resolve(
    number: signal.Signals, tmp_path: Path
) -> None:
    async with serving(tmp_path, several(2)) as world:
        os.mkfifo(tmp_path / "told")
        script = tmp_path / "ask"
        script.write_text("#!/bin/sh\necho $$ > told\nexec sleep 3600\n")
        script.chmod(stat.S_IRWXU)
        inventory = tmp_path / "inventory.yaml"
        inventory.write_text(inventory.read_text().replace("env:FLEET_PASSWORD", "exec:./ask"))
        process = await start(tmp_path, "run", "connection.status", "-o", "json")
        asking = int(await to_thread.run_sync((tmp_path / "told").read_text))
        process.send_signal(number)
        ended = await finish(process)
        assert (ended.code, quiet(ended)) == (CODES[number], True), ended.err
        assert json.loads(ended.out)["totals"]["not_started"] == 2
        assert world.touched == set()
        with pytest.raises(ProcessLookupError):
            os.kill(asking, 0)


async def test_fault_58_a_signal_while_waiting_between_waves(tmp_path: Path) -> None:
    async with planned(tmp_path, 3, PAUSED) as world:
        process = await start(tmp_path, "apply", "plan.json", "-o", "json")
        await line_with(process, "wave 1 is done")
        process.send_signal(signal.SIGTERM)
        ended = await finish(process)
        assert (ended.code, quiet(ended)) == (143, True)
        totals = json.loads(ended.out)["totals"]
        assert (totals["changed"], totals["not_started"], world.writes) == (1, 2, 2)


@pytest.mark.parametrize("number", CODES)
async def test_fault_58_a_signal_at_the_question(number: signal.Signals, tmp_path: Path) -> None:
    async with planned(tmp_path, 2) as world:
        person, terminal = os.openpty()
        process = await start(
            tmp_path, "apply", "-p", "policy.yaml", stdin=terminal, stderr=terminal
        )
        os.close(terminal)
        seen = b""
        while b"[y/N]" not in seen:
            seen += await to_thread.run_sync(os.read, person, 4096)
        process.send_signal(number)
        ended = await finish(process)
        assert (ended.code, quiet(ended), world.writes) == (CODES[number], True, 0)
        os.close(person)
        assert "unfinished" not in (await fleet(tmp_path, "runs", "list")).out


@pytest.mark.parametrize("number", CODES)
async def test_fault_58_a_signal_while_the_report_is_written(
    number: signal.Signals, tmp_path: Path
) -> None:
    async with serving(tmp_path, several(8)):
        reading, writing = unread_pipe()
        flags = ("-v", "-o", "text", "-o", "json=report.json", "-q")
        process = await start(tmp_path, "run", "modules.list", *flags, stdout=writing)
        os.close(writing)
        text = await to_thread.run_sync(os.read, reading, 1)
        process.send_signal(number)
        text += await to_thread.run_sync(drained, reading)
        ended = await finish(process)
        assert (ended.code, quiet(ended)) == (CODES[number], True), ended.err
        assert text.decode().splitlines()[-1].startswith("Next ")
        assert (tmp_path / "report.json").read_text() == await report_again(tmp_path)


@pytest.mark.parametrize(
    ("words", "number", "runs"), [("audit on", INTERRUPT, 1), ("apply on", TERMINATE, 3)]
)
async def test_fault_58_a_signal_ends_all_of_the_demo(
    words: str, number: signal.Signals, runs: int, tmp_path: Path
) -> None:
    process = await start(tmp_path, "demo", "--sites", "40")
    await line_with(process, words)
    process.send_signal(number)
    ended = await finish(process)
    assert (ended.code, quiet(ended)) == (CODES[number], True), ended.err
    (name,) = named(tmp_path, "fleet-demo-")
    listed = await fleet(tmp_path, "runs", "list", "--store", f"{name}/journal.db")
    assert len(listed.out.splitlines()) == runs
    assert "unfinished" not in listed.out


async def test_fault_58_a_signal_ends_the_simulator(tmp_path: Path) -> None:
    process = await start(tmp_path, "simulate", "--sites", "3")
    await line_with(process, "answer until Ctrl-C")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
        process.send_signal(number)
    ended = await finish(process)
    assert (ended.code in (0, 130, 143), quiet(ended)) == (True, True), ended.err


async def test_fault_58_a_signal_while_the_source_is_read(tmp_path: Path) -> None:
    async with serving(tmp_path, several(4)) as world:
        process = await start(tmp_path, "run", "settings.sync", "--from", "s02", "-o", "json")
        world.arm(lambda: process.send_signal(signal.SIGINT), PHASES["before the intent"][0])
        ended = await finish(process)
        assert (ended.code, quiet(ended)) == (130, True), ended.err
        results = {each["site"]: each["status"] for each in json.loads(ended.out)["results"]}
        assert results["s02"] == "unchanged"
        assert {results[name] for name in ("s00", "s01", "s03")} == {"not_started"}
        assert world.touched == {"s02"}


async def test_fault_59_a_second_signal_ends_at_once_and_loses_nothing(tmp_path: Path) -> None:
    stuck = Fault("slow", "/jetpack/v4/*", methods=("POST",), times=1, value=NEVER)
    async with planned(tmp_path, 6, faults=(stuck,)) as world:
        flags = ("-c", "3", "--per-host", "3", "-o", "json", "--deadline", str(NEVER))
        process = await start(tmp_path, "apply", "plan.json", *flags, "--timeout", str(NEVER))

        def strike() -> None:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
                process.send_signal(number)

        world.arm(strike, PHASES["mid-write"][0], after=3)
        ended = await finish(process)
        # Whichever of the two the process was told of first.
        assert (ended.code in CODES.values(), quiet(ended)) == (True, True), ended.err
        totals = json.loads(ended.out)["totals"]
        assert (totals["unknown"], totals["not_started"]) == (3, 3)
        assert ended.out == await report_again(tmp_path)
        for site in world:
            site.faults.clear()
        await brought_home(tmp_path, world)


@pytest.mark.parametrize("phase", ["login", "after the intent", "mid-write", "read back"])
async def test_fault_60_killed_in_every_phase(phase: str, tmp_path: Path) -> None:
    when, after, early = PHASES[phase]
    async with planned(tmp_path, 4) as world:
        process = await start(tmp_path, "apply", "plan.json", "-c", "2", "--per-host", "2")
        world.arm(process.kill, when, after=after, early=early)
        assert (await finish(process)).code == -signal.SIGKILL
        await brought_home(tmp_path, world, locked=True)


async def test_fault_60_killed_while_the_report_is_written(tmp_path: Path) -> None:
    async with serving(tmp_path, several(8)):
        reading, writing = unread_pipe()
        flags = ("-v", "-o", "text", "-o", "json=report.json", "-q")
        process = await start(tmp_path, "run", "modules.list", *flags, stdout=writing)
        os.close(writing)
        await to_thread.run_sync(os.read, reading, 1)
        process.kill()
        await finish(process)
        os.close(reading)
        assert (tmp_path / "report.json").read_text() == await report_again(tmp_path)
