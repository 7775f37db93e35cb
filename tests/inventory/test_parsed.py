from __future__ import annotations

import hashlib
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from fleet.errors import InputErrors
from fleet.inventory.loader import load_files
from fleet.inventory.mapping import Sites
from fleet.private_files import PrivateFolder
from tests.inventory.support import written
from tests.inventory.test_rows import BASE

MANY = "".join(
    f"  s{n:04d}: {{url: https://s{n:04d}.example, groups: [gold], labels: {{num: n{n}}},"
    f" auth: {{password: 'file:secrets/{n}'}}, freeze: [{{from: 2026-12-24, to: 2026-12-26}}]}}\n"
    for n in range(1500)
)


@pytest.fixture
def cache(tmp_path: Path) -> PrivateFolder:
    return PrivateFolder(tmp_path / "cache")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "inventory", f"{BASE}sites:\n{MANY}")


def entries(cache: PrivateFolder) -> list[Path]:
    return sorted(cache.path.iterdir()) if cache.path.exists() else []


def loaded(cache: PrivateFolder | None, *files: Path) -> Sites:
    return Sites(load_files(files, cache)[0])


def parse_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr("fleet.inventory.loader.parse_document", forbidden)


def test_what_is_kept_is_what_was_read(
    cache: PrivateFolder, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = loaded(cache, file)
    plain = loaded(None, file)
    parse_forbidden(monkeypatch)
    again = loaded(cache, file)
    assert dict(again) == dict(first) == dict(plain)
    one, other = again["s0777"], plain["s0777"]
    assert dict(one.origins) == dict(other.origins)
    assert one.auth.password.place == other.auth.password.place
    assert (len(entries(cache)), entries(cache)[0].stat().st_mode & 0o777) == (1, 0o600)


def test_small_inventories_are_not_kept(cache: PrivateFolder, tmp_path: Path) -> None:
    loaded(cache, written(tmp_path, BASE + "sites: {a: https://a.example}\n"))
    assert entries(cache) == []


def test_any_change_is_seen(cache: PrivateFolder, file: Path) -> None:
    loaded(cache, file)
    before = file.stat()
    file.write_text(file.read_text().replace("https://s0001.example", "https://x0001.example"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert str(loaded(cache, file)["s0001"].url) == "https://x0001.example/"
    assert len(entries(cache)) == 1


def test_a_file_that_comes_into_a_folder_is_seen(cache: PrivateFolder, file: Path) -> None:
    assert len(loaded(cache, file.parent)) == 1500
    written(file.parent, BASE.partition("groups")[0] + "sites: {a: https://a.example}\n", "b.yaml")
    assert len(loaded(cache, file.parent)) == 1501


def test_a_change_in_an_included_file_is_seen(cache: PrivateFolder, tmp_path: Path) -> None:
    file = written(tmp_path, f"{BASE}include: [more.jsonl]\nsites:\n{MANY}")
    more = written(tmp_path, '{"name": "a", "url": "https://a.example"}\n', "more.jsonl")
    assert "a" in loaded(cache, file)
    more.write_text('{"name": "b", "url": "https://b.example"}\n')
    assert "b" in loaded(cache, file)


def test_what_settings_need_on_this_machine_is_looked_for_each_time(
    cache: PrivateFolder, tmp_path: Path
) -> None:
    authority = written(tmp_path, "", "ca.pem")
    file = written(
        tmp_path,
        BASE.replace("  labels", "  http: {ca_file: ca.pem}\n  labels") + "sites:\n" + MANY,
    )
    assert loaded(cache, file)["s0001"].http.ca_file == authority
    assert loaded(cache, file)["s0001"].http.ca_file == authority
    authority.unlink()
    with pytest.raises(InputErrors, match="there is no file"):
        loaded(cache, file)


def test_an_inventory_with_a_secret_in_it_is_not_kept(cache: PrivateFolder, tmp_path: Path) -> None:
    text = f"{BASE}allow_inline_secrets: true\nsites:\n{MANY}"
    file = written(
        tmp_path, text + "  z: {url: https://z.example, auth: {password: canary-hunter2}}\n"
    )
    assert loaded(cache, file)["z"].auth.password.inline is not None
    assert entries(cache) == []


def test_a_secret_in_defaults_is_not_kept(cache: PrivateFolder, tmp_path: Path) -> None:
    text = f"{BASE}allow_inline_secrets: true\nsites:\n{MANY}".replace("env:FLEET", "canary-FLEET")
    loaded(cache, written(tmp_path, text))
    assert entries(cache) == []


def test_mistakes_are_not_kept(cache: PrivateFolder, file: Path) -> None:
    file.write_text(file.read_text() + "  s0001: https://other.example\n")
    for _ in range(2):
        with pytest.raises(InputErrors, match="written twice"):
            loaded(cache, file)
    assert entries(cache) == []


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "garbage", "open", "link"])
def test_a_damaged_or_foreign_entry_is_read_anew(
    cache: PrivateFolder, file: Path, tmp_path: Path, damage: str
) -> None:
    expected = dict(loaded(cache, file))
    (entry,) = entries(cache)
    data = entry.read_bytes()
    if damage == "cut":
        entry.write_bytes(data[:-7])
    elif damage == "flipped":
        entry.write_bytes(data.replace(b"https://s0001.example", b"https://evil1.example"))
    elif damage in ("empty", "garbage"):
        entry.write_bytes(b"" if damage == "empty" else b"\xff" * 5000)
    elif damage == "open":
        forged = data[32:].replace(b"https://s0001.example", b"https://evil1.example")
        entry.write_bytes(hashlib.sha256(forged).digest() + forged)
        entry.chmod(0o644)
    else:
        forged = data[32:].replace(b"https://s0001.example", b"https://evil1.example")
        target = tmp_path / "planted"
        target.write_bytes(hashlib.sha256(forged).digest() + forged)
        target.chmod(0o600)
        entry.unlink()
        entry.symlink_to(target)
    assert dict(loaded(cache, file)) == expected
    assert entries(cache)[0].read_bytes() == data
    assert entries(cache)[0].stat().st_mode & 0o777 == 0o600


def test_an_entry_of_another_shape_is_read_anew(cache: PrivateFolder, file: Path) -> None:
    expected = dict(loaded(cache, file))
    (entry,) = entries(cache)
    for body in (b"{}\n", b"[]\n", b"no end", json.dumps({"inputs": 3}).encode() + b"\n"):
        entry.write_bytes(hashlib.sha256(body).digest() + body)
        assert dict(loaded(cache, file)) == expected


def test_the_number_of_entries_is_bounded(cache: PrivateFolder, file: Path) -> None:
    text = file.read_text()
    for number in range(18):
        loaded(cache, written(file.parent, text, f"copy{number}.yaml"))
    assert len(entries(cache)) == 16


def _load(where: tuple[Path, Path]) -> int:
    return len(loaded(PrivateFolder(where[0]), where[1]))


def test_writers_at_the_same_time_leave_a_good_entry(cache: PrivateFolder, file: Path) -> None:
    with ProcessPoolExecutor(3) as pool:
        assert set(pool.map(_load, [(cache.path, file)] * 6)) == {1500}
    assert len(entries(cache)) == 1
    assert len(loaded(cache, file)) == 1500


def test_what_is_kept_is_loaded_many_times_as_fast(cache: PrivateFolder, file: Path) -> None:
    begin = time.process_time()
    loaded(cache, file)
    between = time.process_time()
    loaded(cache, file)
    assert (time.process_time() - between) * 5 < between - begin
