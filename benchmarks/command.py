"""Whole commands of the product, measured from outside: time, CPU and memory of the process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.sites import PASSWORD

__all__ = ["Cost", "measured"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command cost.

    Args:
        seconds: Wall clock from start to exit.
        cpu: CPU seconds.
        peak: Memory at its peak in MB.
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
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in good:
        told = log.read_text(errors="replace")[-1000:]
        raise RuntimeError(f"fleet {' '.join(arguments)} ended with {process.returncode}: {told}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
