from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fleet.private_files import PrivateFolder, user_cache

LIMIT = 1_000_000


def names(folder: PrivateFolder) -> list[str]:
    return sorted(path.name for path in folder.path.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> PrivateFolder:
    return PrivateFolder(tmp_path / "deep" / "cache")


def test_what_is_written_is_read_again_by_the_owner_only(folder: PrivateFolder) -> None:
    assert folder.read("one", LIMIT) is None
    assert folder.write("one", b"1")
    assert folder.write("one", b"2")
    assert folder.read("one", LIMIT) == b"2"
    assert (folder.path.stat().st_mode & 0o777, names(folder)) == (0o700, ["one"])
    assert (folder.path / "one").stat().st_mode & 0o777 == 0o600


def test_a_narrow_umask_takes_nothing_from_the_owner(folder: PrivateFolder) -> None:
    folder.write("first", b"")
    before = os.umask(0o377)
    try:
        assert folder.write("one", b"1")
    finally:
        os.umask(before)
    assert folder.read("one", LIMIT) == b"1"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_open_to_others_is_not_there(folder: PrivateFolder, mode: int) -> None:
    folder.write("one", b"1")
    (folder.path / "one").chmod(mode)
    assert (folder.read("one", LIMIT), folder.age("one")) == (None, None)
    assert folder.write("one", b"2")
    assert folder.read("one", LIMIT) == b"2"


def test_a_link_is_neither_followed_nor_written_through(
    folder: PrivateFolder, tmp_path: Path
) -> None:
    folder.write("other", b"")
    target = tmp_path / "target"
    target.write_bytes(b"mine")
    target.chmod(0o600)
    (folder.path / "one").symlink_to(target)
    assert (folder.read("one", LIMIT), folder.age("one")) == (None, None)
    assert folder.write("one", b"2")
    assert (target.read_bytes(), folder.read("one", LIMIT)) == (b"mine", b"2")


def test_a_pipe_does_not_hang(folder: PrivateFolder) -> None:
    folder.write("other", b"")
    os.mkfifo(folder.path / "one", 0o600)
    assert folder.read("one", LIMIT) is None


def test_a_file_above_the_limit_is_not_there(folder: PrivateFolder) -> None:
    folder.write("one", b"12345")
    assert (folder.read("one", 4), folder.read("one", 5)) == (None, b"12345")


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_others_can_write_to_is_not_used(folder: PrivateFolder, mode: int) -> None:
    folder.write("one", b"1")
    folder.path.chmod(mode)
    assert folder.read("one", LIMIT) is None
    assert not folder.write("two", b"2")
    assert names(folder) == ["one"]


def test_a_folder_others_can_only_look_into_is_closed(folder: PrivateFolder) -> None:
    folder.write("one", b"1")
    folder.path.chmod(0o755)
    assert folder.read("one", LIMIT) == b"1"
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_a_link_to_a_folder_is_not_used(folder: PrivateFolder, tmp_path: Path) -> None:
    folder.write("one", b"1")
    link = tmp_path / "link"
    link.symlink_to(folder.path)
    assert PrivateFolder(link).read("one", LIMIT) is None
    assert not PrivateFolder(link).write("two", b"2")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_somebody_else_is_not_there(folder: PrivateFolder) -> None:
    folder.write("one", b"1")
    os.chown(folder.path / "one", 65534, 65534)
    assert folder.read("one", LIMIT) is None
    folder.write("two", b"2")
    os.chown(folder.path, 65534, 65534)
    assert folder.read("two", LIMIT) is None
    assert not folder.write("three", b"3")


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert not PrivateFolder(tmp_path / "file" / "cache").write("one", b"1")


def test_only_the_last_used_are_kept(folder: PrivateFolder) -> None:
    for number, name in enumerate(("a-1", "a-2", "a-3", "b-1", ".a-4.0123.new")):
        folder.write(name, b"")
        os.utime(folder.path / name, (number, number))
    folder.used("a-1")
    folder.prune("a-", 2)
    assert names(folder) == ["a-1", "a-3", "b-1"]


def test_a_removed_file_is_gone(folder: PrivateFolder) -> None:
    folder.write("one", b"1")
    assert folder.age("one") is not None
    folder.remove("one")
    folder.remove("one")
    assert folder.read("one", LIMIT) is None


def test_writers_at_the_same_time_leave_one_whole_file(folder: PrivateFolder) -> None:
    contents = [bytes([number]) * 200_000 for number in range(8)]
    seen: list[bytes | None] = []
    with ThreadPoolExecutor(8) as pool:
        for content in contents * 4:
            pool.submit(folder.write, "one", content)
            pool.submit(lambda: seen.append(folder.read("one", LIMIT)))
    assert folder.read("one", LIMIT) in contents
    assert all(each is None or each in contents for each in seen)
    assert names(folder) == ["one"]


def test_the_users_cache_is_where_the_platform_keeps_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache().path == tmp_path / "jetfleet"
