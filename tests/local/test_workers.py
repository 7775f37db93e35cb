"""Commands that share a run out among processes, and what becomes of those when it goes."""

from __future__ import annotations

import itertools
import json
import os
import re
import select
import signal
from pathlib import Path

from anyio import to_thread

from tests.local.processes import finish, fleet, quiet, serving, several, start

_PATIENCE = 30_000
"""Milliseconds."""


def apart(folder: Path) -> None:
    """Put every site on a server of its own."""
    path, number = folder / "inventory.yaml", itertools.count()
    text = path.read_text()
    path.write_text(
        re.sub(r"labels: {client", lambda _: f"labels: {{host: h{next(number)}, client", text)
    )


def workers_of(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(each)
        for each in found
        if b"fleet.engine.worker" in Path(f"/proc/{each}/cmdline").read_bytes()
    ]


def gone(handle: int) -> bool:
    """Return whether a process ends in time."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(_PATIENCE))


async def test_a_command_reports_the_same_with_processes_and_without(tmp_path: Path) -> None:
    async with serving(tmp_path, several(8)):
        apart(tmp_path)
        seen = []
        for processes in ("1", "3"):
            ended = await fleet(
                tmp_path, "run", "modules.list", "--processes", processes, "-o", "json"
            )
            assert (ended.code, quiet(ended)) == (0, True), ended.err
            seen.append(
                [(s["site"], s["status"], s["data"]) for s in json.loads(ended.out)["results"]]
            )
        assert seen[0] == seen[1]
        assert len(seen[0]) == 8


async def test_processes_end_when_the_command_is_killed(tmp_path: Path) -> None:
    async with serving(tmp_path, several(40)) as world:
        apart(tmp_path)
        process = await start(
            tmp_path, "run", "connection.status", "--processes", "2", "-c", "4", "-o", "json"
        )
        handles: list[int] = []

        def strike() -> None:
            handles.extend(os.pidfd_open(pid) for pid in workers_of(process.pid))
            process.kill()

        world.arm(strike, after=30)
        ended = await finish(process)
        assert ended.code == -signal.SIGKILL
        assert len(handles) == 2
        for handle in handles:
            assert await to_thread.run_sync(gone, handle)
            os.close(handle)
        assert len(world.touched) < 40


async def test_a_signal_of_the_terminal_is_for_the_command_alone(tmp_path: Path) -> None:
    async with serving(tmp_path, several(40)) as world:
        apart(tmp_path)
        process = await start(
            tmp_path, "run", "connection.status", "--processes", "2", "-c", "4", "-o", "json"
        )
        world.arm(lambda: process.send_signal(signal.SIGINT), after=30)
        ended = await finish(process)
        assert (ended.code, quiet(ended)) == (130, True), ended.err
        report = json.loads(ended.out)
        assert report["interrupted"] == "SIGINT"
        assert report["totals"]["unchanged"] == len(world.touched)
