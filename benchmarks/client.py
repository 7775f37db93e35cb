"""One client in a process of its own; its job comes as JSON on standard input."""

from __future__ import annotations

import asyncio
import importlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.script import Step
from benchmarks.sites import Done, Work, carry_out, cpu_seconds
from fleet.engine.garbage import collect_rarely

__all__ = ["PEERS"]

PEERS = {
    "bare": "benchmarks.peers.bare",
    "httpx": "benchmarks.peers.httpx_client",
    "requests": "benchmarks.peers.requests_threads",
    "nornir": "benchmarks.peers.nornir_task",
    "ansible": "benchmarks.peers.ansible_uri",
}


def main() -> None:
    job = json.load(sys.stdin)
    done = _ours(job) if job["who"] == "fleet" else _theirs(job)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**done, "peak": peak}))


def _ours(job: dict[str, Any]) -> dict[str, Any]:
    collect_rarely()  # as the command does
    work = carry_out(
        Work(job["work"]), job["sites"], Path(job["folder"]), concurrency=job["concurrency"]
    )
    return _document(asyncio.run(work))


def _theirs(job: dict[str, Any]) -> dict[str, Any]:
    peer = importlib.import_module(PEERS[job["who"]])
    script = [Step(**step) for step in job["script"]]
    sites = list(job["sites"].values())
    started, cpu = time.perf_counter(), cpu_seconds()
    good = peer.run(sites, script, job["concurrency"])
    seconds, spent = time.perf_counter() - started, cpu_seconds() - cpu
    return _document(Done(len(sites), good, len(script) * len(sites), seconds, spent))


def _document(done: Done) -> dict[str, Any]:
    return {
        "sites": done.sites,
        "good": done.good,
        "requests": done.requests,
        "seconds": done.seconds,
        "cpu": done.cpu,
    }


if __name__ == "__main__":
    main()
