"""How many sites fit into the files that a process may have open."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.config import Limits
from fleet.engine.limits import fitted, open_files

SCRIPT = """
import resource
from fleet.config import Limits
from fleet.engine.limits import fitted
limits = fitted(Limits(int({asked}), 3))
print(limits.concurrency, limits.per_host, *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def within(asked: int, soft: int, hard: int) -> list[int]:
    """Return concurrency, sites per host, and both limits, in a process that has so few files."""
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(asked=asked)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
    )
    return [int(word) for word in ended.stdout.split()]


def test_what_fits_is_left_alone() -> None:
    assert within(50, 1024, 1024) == [50, 3, 1024, 1024]


def test_the_limit_is_raised_first_and_no_further_than_needed() -> None:
    concurrency, _, soft, hard = within(5, 64, 4096)
    assert (concurrency, hard) == (5, 4096)
    assert 64 < soft < 1024


@pytest.mark.parametrize("files", [256, 128, 64])
def test_concurrency_is_lowered_to_what_is_left(files: int) -> None:
    concurrency, per_host, soft, _ = within(500, files, files)
    assert (per_host, soft) == (3, files)
    assert 1 <= concurrency < files / 4


def test_one_site_at_once_is_the_least() -> None:
    assert within(50, 20, 20)[0] == 1


def test_a_file_more_is_counted() -> None:
    before = open_files()
    with Path(__file__).open("rb"):
        assert open_files() == before + 1


def test_an_inexhaustible_limit_is_one() -> None:
    assert fitted(Limits(5, 2)) == Limits(5, 2)
