"""``python -m benchmarks.profiling``: where the CPU of a visit with full answers goes.

Looked at by the clock of the process's CPU, which costs next to nothing; a profiler that hears of
every call would make small functions look dear. Each look counts for the innermost part of the
table that is on the stack, so what a library does counts for whom it does it. Threads' CPU counts
for whatever the main thread was at.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from benchmarks.lab import Lab
from benchmarks.recording import recorded
from benchmarks.sites import Done, Work, carry_out, urls
from fleet.engine.garbage import collect_rarely

__all__ = ["PARTS"]

_EVERY = 0.002
PARTS = (
    ("aiohttp and sockets", ("/aiohttp/", "/aiohappyeyeballs/", "asyncio/selector_events")),
    ("JSON, strictly", ("fleet/site/strict_json", "/json/")),
    ("redaction", ("fleet/redaction", "fleet/engine/overheard")),
    ("journal", ("fleet/journal/", "/sqlalchemy/", "/aiosqlite/")),
    ("sessions kept between runs", ("fleet/engine/sessions", "fleet/site/remembered")),
    ("retries", ("fleet/site/retry", "/tenacity/")),
    ("models of payloads", ("fleet/site/client",)),
    ("modules.list itself", ("fleet/operations/",)),
    (
        "transport, cookies, limits of bytes",
        (
            "fleet/site/transport",
            "fleet/site/clients",
            "fleet/site/allowance",
            "fleet/site/cookies",
            "fleet/site/dec",
        ),
    ),
    ("identity and guards", ("fleet/engine/guarding", "fleet/site/identity")),
    ("making sites of the inventory", ("fleet/inventory/", "fleet/series")),
    ("signs of caches, walls and errors", ("fleet/site/pages", "fleet/site/wire")),
    ("discovery, login, session", ("fleet/site/",)),
    ("lanes and places", ("fleet/engine/lane", "fleet/engine/pla", "fleet/engine/pace")),
    ("engine: waves, turns, results", ("fleet/engine/", "fleet/results")),
    ("event loop", ("/asyncio/", "/anyio/", "/selectors.py")),
)
"""Parts by what stands in the names of their files; the first that fits a frame is its part."""


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.profiling", description=__doc__)
    options.add_argument("--sites", type=int, default=2000)
    count = options.parse_args().sites
    exchanges = recorded(Work.FULL)
    with tempfile.TemporaryDirectory(prefix="fleet-profile-") as name:
        lab = Lab(Path(name), quick=False)
        with lab.stub(exchanges) as stub, lab.fresh() as folder:
            done, looks = _looked_at(urls(count, stub.port), folder)
    cost = 1000 * done.cpu / done.sites
    print(f"{cost:.2f} ms CPU/site, {done.sites} sites, {done.requests} requests")
    for part, hits in looks.most_common():
        print(f"| {part} | {cost * hits / looks.total():.2f} |")


def _looked_at(sites: dict[str, str], folder: Path) -> tuple[Done, Counter[str]]:
    looks: Counter[str] = Counter()

    def look(_number: int, frame: FrameType | None) -> None:
        looks[_part(frame)] += 1

    collect_rarely()
    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)
    try:
        done = asyncio.run(carry_out(Work.FULL, sites, folder, concurrency=50))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return done, looks


def _part(frame: FrameType | None) -> str:
    """Return the part of the innermost frame that is in one."""
    return next((part for name in _files(frame) for part in _parts_of(name)), "the rest")


def _files(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


def _parts_of(file: str) -> Iterator[str]:
    yield from (part for part, marks in PARTS if any(mark in file for mark in marks))


if __name__ == "__main__":
    main()
