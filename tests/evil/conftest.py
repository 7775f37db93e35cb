"""What the tests of evil sites share: company, and a seed that a failure shows."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest
import trustme

from tests.evil.company import Company
from tests.evil.world_of_names import NameServers


@pytest.fixture(scope="session")
def seed() -> int:
    """Of everything left to chance; FLEET_EVIL_SEED repeats a run."""
    return int(os.environ.get("FLEET_EVIL_SEED") or secrets.randbits(32))


@pytest.fixture
def alone(tmp_path: Path, seed: int) -> Company:
    """A fleet of evil sites only."""
    print(f"FLEET_EVIL_SEED={seed}")  # noqa: T201 - shown where the test fails
    return Company(tmp_path, 0, seed)


@pytest.fixture(params=[0, 49], ids=["alone", "among-49"])
def company(request: pytest.FixtureRequest, tmp_path: Path, seed: int) -> Company:
    """A fleet of one evil site, alone and among 49 good ones."""
    print(f"FLEET_EVIL_SEED={seed}")  # noqa: T201 - shown where the test fails
    return Company(tmp_path, request.param, seed)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> NameServers:
    """Name servers that the test answers for."""
    return NameServers(monkeypatch)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """An authority for certificates."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that names it."""
    path = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return path
