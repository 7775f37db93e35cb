"""A Dask cluster of real processes on loopback."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.wordpress.processes import wait_until

__all__ = ["Cluster", "Process", "cluster"]

_ADDRESS = re.compile(r"Scheduler at:\s+(t(?:cp|ls)://\S+)")
_REGISTERED = re.compile(r"Registered to:")
_NUMBERS = itertools.count()
_SETTINGS = {
    # A worker that is killed is missed soon, and its part may be tried often.
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "5",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "false",
    "DASK_DISTRIBUTED__DASHBOARD__LINK": "",
}


@dataclass
class Process:
    """One process of a cluster; without a nanny, so that it is the one that is killed."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self, pattern: re.Pattern[str]) -> re.Match[str]:
        """Return what it says first that fits."""
        found: list[re.Match[str]] = []

        def says() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            found.extend(pattern.finditer(self.log.read_text()))
            return bool(found)

        assert wait_until(says, 60), self.log.read_text()
        return found[0]

    def kill(self) -> None:
        """End it at once, also where it is stopped."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Stop it where it is."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)


@dataclass
class Cluster:
    """A scheduler and its workers.

    Args:
        address: Where the scheduler is.
        scheduler: Its process.
        folder: Where the processes run and keep their state.
        environ: Variables of the workers.
        options: Options of every process, such as its certificate.
    """

    address: str
    scheduler: Process
    folder: Path
    environ: Mapping[str, str]
    options: Sequence[str] = ()
    workers: list[Process] = field(default_factory=list)

    def add(self, *options: str, threads: int = 1) -> Process:
        """Start a worker."""
        worker = _start(
            *("worker", self.address, "--no-nanny", "--no-dashboard", *self.options),
            *("--nthreads", str(threads), "--local-directory", str(self.folder), *options),
            folder=self.folder,
            environ=self.environ,
        )
        self.workers.append(worker)
        worker.said(_REGISTERED)
        return worker


@contextlib.contextmanager
def cluster(
    folder: Path, environ: Mapping[str, str], options: Sequence[str] = ()
) -> Iterator[Cluster]:
    """Yield a cluster without workers yet; every process is gone afterwards."""
    scheduler = _start(
        *("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", *options),
        folder=folder,
        environ=environ,
    )
    made = Cluster("", scheduler, folder, environ, options)
    try:
        made.address = scheduler.said(_ADDRESS)[1]
        yield made
    finally:
        for process in (*made.workers, scheduler):
            process.kill()


def _start(*words: str, folder: Path, environ: Mapping[str, str]) -> Process:
    log = folder / f"dask-{next(_NUMBERS)}.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{words[0]}", *words[1:]],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **_SETTINGS, **environ},
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    return Process(process, log)
