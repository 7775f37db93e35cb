"""What the tests of evil sites share: company, and a seed that a failure shows."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest

from tests.evil.company import Company


@pytest.fixture(scope="session")
def seed() -> int:
    """Of everything left to chance; FLEET_EVIL_SEED repeats a run."""
    return int(os.environ.get("FLEET_EVIL_SEED") or secrets.randbits(32))


@pytest.fixture(params=[0, 49], ids=["alone", "among-49"])
def company(request: pytest.FixtureRequest, tmp_path: Path, seed: int) -> Company:
    """A fleet of one evil site, alone and among 49 good ones."""
    print(f"FLEET_EVIL_SEED={seed}")  # noqa: T201 - shown where the test fails
    return Company(tmp_path, request.param, seed)
