"""A journal with runs in it, and a dashboard over it that answers on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar

from fleet.front.serve import bound_socket
from fleet.front.web.access import Hosts
from fleet.front.web.metrics import Metrics
from fleet.front.web.server import Dashboard, listening, make_app
from fleet.journal.overview import open_overview

Serves = Callable[..., AbstractAsyncContextManager[ClientSession]]


@pytest.fixture
def journal_file(tmp_path: Path) -> Path:
    """Where the journal of this test is."""
    return tmp_path / "state" / "journal.db"


@pytest.fixture
def serves(journal_file: Path) -> Serves:
    """Serves the journal and yields a client of the dashboard."""

    @asynccontextmanager
    async def serving(*names: str, **facts: Any) -> AsyncIterator[ClientSession]:
        async with open_overview(str(journal_file)) as overview:
            with bound_socket("127.0.0.1", 0) as bound:
                port = bound.getsockname()[1]
                dashboard = Dashboard(
                    overview, Hosts(port, names), metrics=Metrics(overview), **facts
                )
                async with (
                    listening(make_app(dashboard), bound),
                    ClientSession(
                        f"http://127.0.0.1:{port}/", cookie_jar=CookieJar(unsafe=True)
                    ) as client,
                ):
                    yield client

    return serving
