"""Many sites need little memory: nothing of a site stays behind when it is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.memory import cost_of, exchanges
from benchmarks.stub import nginx, serving

FEW, MANY = 2000, 10_000


@pytest.mark.timeout(300)
@pytest.mark.skipif(nginx() is None, reason="nginx is not installed")
def test_a_site_more_needs_little_memory(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("stub", "few", "many")]
    for folder in folders:
        folder.mkdir()
    with serving(exchanges(), folders[0]) as stub:
        few = cost_of(FEW, stub.port, folders[1])
        many = cost_of(MANY, stub.port, folders[2])
    assert (few.good, many.good) == (FEW, MANY)
    # A result of these that stays in memory takes a thousand bytes alone.
    assert (many.peak - few.peak) * 1e6 / (MANY - FEW) <= 1000
