"""Results outside of memory: in the order of the sites, added up, and lost by no full disk."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import InputError
from fleet.journal.ledger import Ledger
from fleet.journal.spool import SiteNames, Spool, Texts
from fleet.results import RunFinished, SiteResult, Status, Tally, Usage
from tests.journal.made import AT, OWNER, Opens, result, start
from tests.report.strategies import hostile_reports

SITES = (("a", "https://a.example/"), ("b", "https://b.example/"), ("c", "https://c.example/"))


def test_results_come_in_the_order_of_the_sites() -> None:
    spool = Spool(SITES)
    spool.put(2, result("c"))
    spool.put(0, result("a", Status.FAILED))
    waiting = SiteResult("b", "https://b.example/", Status.NOT_STARTED)
    assert spool == (result("a", Status.FAILED), waiting, result("c"))
    assert (spool[-1], spool[1:]) == (result("c"), (waiting, result("c")))
    assert list(spool) == list(spool) == list(reversed(spool))[::-1]
    with pytest.raises(IndexError):
        spool[3]


@given(report=hostile_reports)
def test_whatever_sites_sent_comes_back_as_it_was(report: Any) -> None:
    spool = Spool(tuple((each.site, each.url) for each in report.results))
    for index, each in enumerate(report.results):
        spool.put(index, each)
    assert spool == report.results


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(Status), st.integers(0, 9))))
def test_what_they_add_up_to_is_that_of_the_last_of_each_site(
    told: Sequence[tuple[int, Status, int]],
) -> None:
    spool = Spool(SITES)
    for index, status, requests in told:
        spool.put(index, result(SITES[index][0], status, usage=Usage(requests)))
    anew = Tally.of(spool)
    for name in Tally.__slots__:
        assert getattr(spool.tally, name) == getattr(anew, name)
    assert sum(spool.tally.totals.values()) == len(SITES)


def files_open_in(folder: Path) -> list[int]:
    found = list(Path("/proc/self/fd").iterdir())
    paths = {int(each.name): str(each.readlink()) for each in found if each.is_symlink()}
    return [number for number, path in paths.items() if path.startswith(str(folder))]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are told by Linux only")
def test_the_file_has_no_name_and_one_reader_and_goes_with_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("fleet.journal.spool.ROOM", 0)
    spool = Spool(SITES)
    spool.put(0, result("a", message="told"))
    (opened,) = files_open_in(tmp_path)
    state = os.fstat(opened)
    assert list(tmp_path.iterdir()) == []
    assert (state.st_nlink, stat.S_IMODE(state.st_mode)) == (0, 0o600)
    assert not os.get_inheritable(opened)
    del spool
    assert files_open_in(tmp_path) == []


def test_a_full_disk_loses_no_result(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("fleet.journal.spool.ROOM", 0)
    spool = Spool(SITES)
    spool.put(0, result("a"))

    with monkeypatch.context() as patched:
        patched.setattr("os.pwrite", _full)
        spool.put(1, result("b"))
        spool.put(0, result("a", Status.FAILED))
    spool.put(2, result("c"))
    assert spool == (result("a", Status.FAILED), result("b"), result("c"))
    assert [record.getMessage() for record in caplog.records] == [
        "the folder for temporary files takes no more (No space left on device):"
        " results stay in memory"
    ]


@given(
    room=st.sampled_from([0, 10, 30]),
    told=st.lists(st.tuples(st.integers(0, 3), st.text(min_size=1, max_size=9))),
    full=st.sets(st.integers(0, 20)),
)
def test_texts_are_read_whether_they_wait_or_are_written_or_cannot_be(
    room: int, told: Sequence[tuple[int, str]], full: set[int]
) -> None:
    wanted: dict[int, str] = {}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("fleet.journal.spool.ROOM", room)
        texts = Texts(4)
        for turn, (number, text) in enumerate(told):
            wanted[number] = text
            with pytest.MonkeyPatch.context() as disk:
                if turn in full:
                    disk.setattr("os.pwrite", _full)
                texts.put(number, text)
            assert {each: texts.get(each) for each in wanted} == wanted


def _full(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_names_of_sites_may_be_anything() -> None:
    names = SiteNames(2)
    names.add("\ud800\n", "https://\0.example/")
    names.add("", "")
    assert names == [("\ud800\n", "https://\0.example/"), ("", "")]


def test_a_ledger_tells_how_a_site_ended_and_whether_any_is_left() -> None:
    ledger = Ledger(start())
    ledger.record(result("a"))
    ledger.record(result("b", Status.NOT_STARTED))
    assert [ledger.status_of(name) for name in ("a", "b", "c", "stranger")] == [
        Status.CHANGED,
        Status.NOT_STARTED,
        None,
        None,
    ]
    left = [ledger.unfinished]
    ledger.record(result("b"))
    ledger.record(result("c"))
    ledger.finish(RunFinished(AT + timedelta(seconds=1)))
    assert [*left, ledger.unfinished] == [True, False]
    assert ledger.report().finished == AT + timedelta(seconds=1)


async def test_a_record_tells_which_sites_ended_how(opens: Opens) -> None:
    names = [f"s{number}" for number in range(1201)]
    async with opens() as journal:
        await journal.begin(start(sites=names), owner=OWNER)
        for name in names[1:]:
            await journal.record("run-1", result(name, Status.FAILED))
        await journal.record("run-1", result("s7"))

        async def ended(*statuses: Status) -> list[str]:
            return [name async for name in journal.ended("last", statuses)]

        assert await ended() == names
        assert await ended(Status.NOT_STARTED, Status.CHANGED) == ["s0", "s7"]
        assert await ended(Status.FAILED) == [*names[1:7], *names[8:]]
        with pytest.raises(InputError):
            [name async for name in journal.ended("no such run")]
