"""Sessions over a network of prepared answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr
from yarl import URL

from fleet.config import Retries
from fleet.site.auth import ApplicationPassword, Credentials
from fleet.site.discovery import Endpoints
from fleet.site.retry import Retrier
from fleet.site.session import SiteSession
from fleet.site.transport import Meter
from tests.site.servers import transport_to

HOME = URL("https://harbour.example/")
PRETTY = URL("https://harbour.example/wp-json/")
PLAIN = URL("https://harbour.example/index.php?rest_route=/")
BASIC = "Basic a2VlcGVyOm9wZW4gc2VzYW1l"
CREDENTIALS = Credentials("keeper", SecretStr("open sesame"))


async def no_pause(seconds: float) -> None:
    """Wait for nothing."""


@asynccontextmanager
async def session_at(root: URL, meter: Meter | None = None) -> AsyncIterator[SiteSession]:
    """Yield a session signed with an application password, whose reads are tried three times."""
    async with transport_to(HOME, meter=meter, cookies=False) as transport:
        endpoints = Endpoints(root, HOME, frozenset({"jetpack/v4"}))
        retrier = Retrier(Retries(), no_pause)
        yield SiteSession(transport, endpoints, ApplicationPassword(CREDENTIALS), retrier)
