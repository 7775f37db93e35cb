"""Whole commands of the product, measured from outside: time, CPU and memory of all they start."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.sites import PASSWORD

__all__ = ["Cost", "measured"]

_LOOK = 0.2
"""Seconds between two looks at what a command has started."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command cost.

    Args:
        seconds: Wall clock from start to exit.
        cpu: CPU seconds.
        peak: Memory at its peak in MB, of all its processes together.
    """

    seconds: float
    cpu: float
    peak: float


def measured(arguments: Sequence[str], folder: Path, good: Sequence[int] = (0,)) -> Cost:
    """Run ``fleet`` with `arguments` and its state in `folder`, and return what it cost.

    Raises:
        RuntimeError: It ended with another exit code than the `good` ones.
    """
    environ = {
        **os.environ,
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "FLEET_PASSWORD": PASSWORD,
        "NO_COLOR": "1",
    }
    log = folder / "output.log"
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "fleet", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environ,
        )
        with _peaks_of(process.pid) as peaks:
            _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in good:
        told = log.read_text(errors="replace")[-1000:]
        raise RuntimeError(f"fleet {' '.join(arguments)} ended with {process.returncode}: {told}")
    peaks[process.pid] = usage.ru_maxrss
    return Cost(seconds, usage.ru_utime + usage.ru_stime, sum(peaks.values()) / 1024)


@contextmanager
def _peaks_of(pid: int) -> Iterator[dict[int, int]]:
    """Yield the peak in KB of each process that `pid` has started, as last seen."""
    peaks: dict[int, int] = {}
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK):
            for child in _children(pid):
                peaks[child] = _peak(child) or peaks.get(child, 0)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield peaks
    finally:
        over.set()
        looking.join()


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _peak(pid: int) -> int:
    """Return the peak of a process in KB, 0 where it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) if found else 0
