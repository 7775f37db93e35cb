"""A journal in a file is its owner's alone, whatever the umask."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.errors import JournalError
from fleet.journal.journal import open_journal
from tests.journal.made import OWNER, start


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def used(file: Path) -> dict[str, int]:
    """Open a journal, write to it, and return the rights of each file while it was open."""

    async def use() -> dict[str, int]:
        async with open_journal(str(file)) as journal:
            await journal.begin(start(), owner=OWNER)
            return {path.name: mode(path) for path in file.parent.iterdir()}

    return asyncio.run(use())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_and_folders_are_closed_to_others(umask: None, tmp_path: Path) -> None:
    file = tmp_path / "new" / "state" / "journal.db"
    found = used(file)

    assert found == {"journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600}
    assert mode(file.parent) == mode(file.parent.parent) == 0o700
    assert names(file.parent) == ["journal.db"]


@pytest.mark.parametrize("rights", [0o640, 0o604, 0o660, 0o602])
def test_a_file_open_to_others_is_refused(file: Path, rights: int) -> None:
    used(file)
    file.chmod(rights)
    with pytest.raises(JournalError, match=r"open to other users: chmod 600 .*journal\.db"):
        used(file)


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
def test_a_file_beside_it_open_to_others_is_refused(file: Path, ending: str) -> None:
    used(file)
    beside = Path(f"{file}{ending}")
    beside.touch()
    beside.chmod(0o644)
    with pytest.raises(JournalError, match=rf"chmod 600 .*journal\.db{ending}"):
        used(file)


@pytest.mark.parametrize("rights", [0o775, 0o720, 0o1777])
def test_a_folder_open_to_others_is_refused(tmp_path: Path, rights: int) -> None:
    folder = tmp_path / "open folder"
    folder.mkdir()
    folder.chmod(rights)
    with pytest.raises(JournalError, match=r"chmod go-w '.*open folder'"):
        used(folder / "journal.db")
    assert names(folder) == []


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("dangling", [False, True])
def test_a_planted_link_is_refused(file: Path, ending: str, dangling: bool) -> None:
    if ending:
        used(file)
    else:
        file.parent.mkdir(mode=0o700)
    victim = file.parent.parent / "victim"
    if not dangling:
        victim.write_text("precious")
    Path(f"{file}{ending}").symlink_to(victim)
    with pytest.raises(JournalError, match="is a symbolic link"):
        used(file)

    assert victim.exists() is not dangling
    assert dangling or victim.read_text() == "precious"


def test_what_is_no_file_is_refused(file: Path) -> None:
    file.mkdir(parents=True)
    file.parent.chmod(0o700)
    with pytest.raises(JournalError, match="not a regular file"):
        used(file)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(JournalError, match="state is not a folder"):
        used(tmp_path / "state" / "journal.db")
    with pytest.raises(JournalError, match=r"cannot be kept at .*: not a directory"):
        used(tmp_path / "state" / "more" / "journal.db")


def test_awkward_names_are_only_names(tmp_path: Path) -> None:
    file = tmp_path / "50% off?mode=memory#1" / "a b%20.db"
    used(file)

    assert names(tmp_path) == ["50% off?mode=memory#1"]
    assert names(file.parent) == ["a b%20.db"]
