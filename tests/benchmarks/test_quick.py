"""The benchmarks still run: all rows of the table are there. Their numbers are not looked at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.figures import FIGURES
from benchmarks.lab import PEERS_NEED, lacking
from benchmarks.stub import nginx
from benchmarks.table import Row, row, spread, text_of

ROOT = Path(__file__).parents[2]
ROWS = (
    "full answers: fleet, journal on",
    "full answers: bare aiohttp loop",
    "full answers: fleet / bare aiohttp loop",
    "full answers: fleet / httpx, asynchronous",
    "full answers: fleet / requests, 50 threads",
    "full answers: fleet / Nornir, 50 threads",
    "full answers: fleet / Ansible uri, 50 forks",
    "plan, seen before: fleet / bare loop's full answers",
    "100 ms latency: time / latency alone",
    "20 to 200 sites: time",
    "20 to 200 sites: more memory at the peak",
    "20 to 200 sites: memory at the peak",
    "10 % black holes: throughput / clean",
    "start: fleet --help",
    "start: load 300 sites, cold",
    "start: load 300 sites, cached",
    "Dask: 4 workers / 1 worker",
    "Dask: sites lost by kill -9 of a worker",
    "Dask: writes made twice by kill -9",
)


@pytest.fixture
def installed() -> None:
    """All that the benchmarks need, or the test is skipped."""
    missing = [f"{peer} {why}" for peer in PEERS_NEED if (why := lacking(peer))]
    if nginx() is None:
        missing.append("nginx is not installed: apt-get install nginx-light")
    if missing and os.environ.get("CI") == "true":
        pytest.fail("; ".join(missing))
    if missing:
        pytest.skip("; ".join(missing))


@pytest.mark.timeout(600)
def test_one_command_measures_every_figure(installed: None) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = [line.split("|")[1].strip() for line in done.stdout.splitlines()]
    assert set(ROWS) <= set(figures)
    assert [f"measuring {name} ..." for name in FIGURES] == done.stderr.splitlines()


def test_a_target_is_met_or_not() -> None:
    assert row("rate", 0.8, "x", least=0.8) == Row("rate", "0.80 x", ">= 0.8 x", "yes")
    assert row("rate", 0.79, "x", least=0.8).met == "NO"
    assert row("time", 1.2, "x", most=1.15) == Row("time", "1.20 x", "<= 1.15 x", "NO")


def test_a_median_shows_its_spread() -> None:
    assert spread([3.0, 1.0, 2.0]) == "2 (1 to 3)"
    assert spread([1.26], 1) == "1.3"


def test_the_table_reads_as_it_stands() -> None:
    table = text_of([Row("a", "1 x", ">= 2 x", "NO"), Row("longer", "2 x")])
    assert table.splitlines()[2:] == [
        "| a      | 1 x      | >= 2 x | NO  |",
        "| longer | 2 x      |        |     |",
    ]
