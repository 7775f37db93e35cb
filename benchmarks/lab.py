"""What the figures share: sizes, a folder, the stub, and clients in processes of their own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.recording import Exchange
from benchmarks.script import Step
from benchmarks.sites import Work
from benchmarks.stub import Stub, serving

__all__ = ["PEERS_NEED", "Lab", "Result", "lacking"]

_PATIENCE = 1800
PEERS_NEED = {"requests": "requests", "nornir": "nornir", "httpx": "httpx", "ansible": "ansible"}


@dataclass(frozen=True, slots=True)
class Result:
    """What a client came to.

    Args:
        sites: How many were tried.
        good: How many were read to the end.
        requests: Requests sent.
        seconds: Wall clock, starting the program and loading files excluded.
        cpu: CPU seconds of the client in that time.
        peak: Memory at its peak in MB, the whole process.
    """

    sites: int
    good: int
    requests: int
    seconds: float
    cpu: float
    peak: float

    @property
    def rate(self) -> float:
        """Return sites per second."""
        return self.sites / self.seconds

    @property
    def cost(self) -> float:
        """Return milliseconds of CPU for each site."""
        return 1000 * self.cpu / self.sites


def lacking(who: str) -> str | None:
    """Return why a peer cannot be measured here, or None."""
    module = PEERS_NEED.get(who)
    if module is None or importlib.util.find_spec(module) is not None:
        return None
    return "not installed: pip install -e '.[bench]'"


class Lab:
    """Where figures are made.

    Args:
        folder: For everything that is written.
        quick: Whether numbers are small: a smoke test, no measurement.
    """

    def __init__(self, folder: Path, *, quick: bool) -> None:
        self.folder = folder
        self.quick = quick

    def size(self, whole: int, quick: int) -> int:
        """Return the size to use: `whole`, or `quick` in a smoke test."""
        return quick if self.quick else whole

    @contextmanager
    def fresh(self) -> Iterator[Path]:
        """Yield an empty folder that is gone afterwards."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            yield Path(name)

    @contextmanager
    def stub(self, exchanges: Iterable[Exchange]) -> Iterator[Stub]:
        """Yield an nginx that knows `exchanges`.

        Raises:
            RuntimeError: Something was asked that it does not know, so the figure is void.
        """
        with self.fresh() as folder, serving(exchanges, folder) as stub:
            yield stub
            if missed := stub.missed():
                raise RuntimeError(f"the stub has no answer to {missed[0]}, {len(missed)} in all")

    def ours(
        self,
        sites: Mapping[str, str],
        folder: Path,
        work: Work = Work.FULL,
        concurrency: int = 50,
        lost: int = 0,
    ) -> Result:
        """Return what our engine comes to, its state in `folder`; `lost` sites cannot be read."""
        job = {"work": work, "folder": str(folder)}
        return self._client("fleet", sites, job, concurrency, lost)

    def theirs(
        self, who: str, sites: Mapping[str, str], script: Sequence[Step], concurrency: int = 50
    ) -> Result:
        """Return what a peer comes to."""
        job = {"script": [step.document() for step in script]}
        return self._client(who, sites, job, concurrency)

    def _client(
        self,
        who: str,
        sites: Mapping[str, str],
        job: Mapping[str, Any],
        concurrency: int,
        lost: int = 0,
    ) -> Result:
        whole = {**job, "who": who, "sites": dict(sites), "concurrency": concurrency}
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.client"],
            input=json.dumps(whole),
            cwd=Path(__file__).parent.parent,
            env={**os.environ, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{who} failed: {done.stderr[-2000:]}")
        result = Result(**json.loads(done.stdout))
        if result.good != result.sites - lost:
            raise RuntimeError(f"{who} read {result.good} of {result.sites} sites to the end")
        return result
