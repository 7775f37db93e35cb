"""A journal between processes: races, kills, interrupts, a full disk."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from fleet.journal.journal import open_journal
from tests.journal.child import SITES, begun
from tests.journal.made import Opens

POINTS = sorted(random.Random(61).sample(range(len(SITES)), 4))  # noqa: S311 - the same each time


async def test_of_processes_that_want_a_site_at_once_one_gets_it(store: str, opens: Opens) -> None:
    async with opens():
        racers = [begun("race", store, f"run-{number}") for number in range(3)]
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        said = [racer.communicate(timeout=30) for racer in racers]

    assert sorted(out for out, _ in said) == ["held\n", "held\n", "won\n"], said


async def test_processes_may_meet_a_new_journal_at_once(store: str, opens: Opens) -> None:
    racers = [begun("race", store, f"run-{number}") for number in range(3)]
    said = [racer.communicate("go\n", timeout=30)[0] for racer in racers]

    assert all(out.startswith("ready\n") for out in said)
    async with opens() as journal:
        assert len(await journal.leases()) == 1


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_loses_no_intent(store: str, opens: Opens, point: int) -> None:
    child = begun("die", store, str(point))
    _, errors = child.communicate(timeout=30)
    assert child.returncode == -signal.SIGKILL, errors

    async with opens() as journal:
        intents = await journal.intents("run-1")
        report = await journal.report("run-1")
    assert [each.site for each in intents] == SITES[: point + 1]
    assert [each.intent.before for each in intents] == list(range(point + 1))
    assert not intents[-1].settled
    assert report.finished is None


def test_a_process_with_an_open_journal_ends_when_interrupted(store: str) -> None:
    child = begun("wait", store)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=20)

    assert child.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in errors
    assert "Warning" not in errors


async def test_a_full_disk_stops_every_later_write(file: Path) -> None:
    child = begun("fill", str(file))
    out, errors = child.communicate(timeout=30)
    intended, failed, refused = out.splitlines()

    assert child.returncode == 0, errors
    assert "a full disk" in failed or "the disk is full" in failed
    assert refused.startswith("nothing more is written, since an earlier write failed")
    async with open_journal(str(file)) as journal:
        assert len(await journal.intents("run-1")) == int(intended) > 0
        assert await journal.notes("run-1") == {}
