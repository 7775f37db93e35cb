"""What every test shares: a journal of its own, and a PostgreSQL where one is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.journal.postgres import Postgres, missing_parts, started


@pytest.fixture(scope="session", autouse=True)
def own_state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let commands keep journal and cache in temporary folders where no test names another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL."""
    if missing := missing_parts():
        reason = f"PostgreSQL is not installed here: {missing}"
        # CI installs everything, so there a skip would hide that nothing was tested.
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with started() as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> str:
    """The name of an empty database."""
    return postgres.new_database()
