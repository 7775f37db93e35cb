"""What bombs and floods cost in memory, measured in a process that meets them all at once."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import zlib
from collections.abc import Mapping
from typing import Any

import pytest

from tests.evil.acts import Drip, Endless, Say
from tests.evil.company import ADMIN, Bad, Company
from tests.evil.evilsite import Strike
from tests.evil.pages import HEAD, plain

MODULES = "/jetpack/v4/module/all"
SHORT = "{timeout: 2s, deadline: 5s}"
ALLOWED = 150
"""Megabytes beyond a run on good sites alone."""


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """Some 400 KB of gzip that stand for 400 MB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    pieces = [packer.compress(b" " * 1_000_000) for _ in range(400)]
    return b"".join([*pieces, packer.flush()])


async def run_of(company: Company, bad: Mapping[str, Bad]) -> dict[str, Any]:
    """Return what a run in another process tells; the sites are served by this one."""
    async with company.facing(bad):
        secrets = {"PW": ADMIN.password, "APP": ADMIN.application_passwords[0]}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.evil.child",
            str(company.folder / "inventory.yaml"),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **secrets},
        )
        printed, _ = await process.communicate()
    assert process.returncode == 0
    told: dict[str, Any] = json.loads(printed)
    good = {tuple(end) for name, end in told["ended"].items() if name.startswith("good")}
    assert good == {("changed", None)}
    return told


async def test_security_37_bombs_and_floods_stay_within_their_memory(
    alone: Company, bomb: bytes
) -> None:
    assert len(bomb) < 450_000
    packed = ("Content-Encoding", "gzip")
    piece = b"[0," * 20_000
    deep = b'{"latex":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    header = (b"X-Long: " + b"y" * 30_000 + b"\r\n") * 4
    acts = {
        "bomb": (Say(plain(bomb, packed)),),
        "bomb-404": (Say(plain(bomb, packed, status=404)),),
        "endless": (Say(HEAD + b"Content-Length: 2000000000\r\n\r\n"), Endless(piece)),
        "drip": (Say(HEAD + b"Content-Length: 2000000000\r\n\r\n"), Drip(b" ")),
        "deep": (Say(plain(deep)),),
        "headers": (Say(HEAD), Endless(header)),
        "interim": (Endless(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),),
    }
    bad = {
        f"{name}-{number}": Bad([Strike(each, MODULES, "GET")], SHORT)
        for name, each in acts.items()
        for number in range(2)
    }
    alone.size = 20
    struck = await run_of(alone, bad)
    alone.size = 20 + len(bad)
    clean = await run_of(alone, {})
    assert struck["megabytes"] - clean["megabytes"] < ALLOWED, (struck, clean)
    statuses = {end[0] for name, end in struck["ended"].items() if name in bad}
    assert statuses <= {"failed", "unreachable", "blocked"}
