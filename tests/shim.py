"""aioresponses that works with the current aiohttp.

aioresponses 0.7.9 makes answers without ``stream_writer``, which aiohttp 3.14 demands. The fix
goes through its own ``response_class`` option. What it cannot show: cookies, timeouts,
redirects, TLS; those are tested over real sockets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

import aioresponses
from aiohttp import ClientResponse
from yarl import URL

__all__ = ["FixedResponses", "Sent"]


class _Stream:
    """Stands for the writer of a request that was never written."""

    output_size = 0


class _Response(ClientResponse):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"stream_writer": _Stream(), **options})


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it was handed to aiohttp."""

    method: str
    url: URL
    options: dict[str, Any]


class FixedResponses(aioresponses.aioresponses):
    """Context manager that answers instead of the network, one answer for each request."""

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def add(self, url: str | URL | re.Pattern[str], *args: Any, **options: Any) -> None:
        """Prepare one answer; see aioresponses."""
        super().add(url, *args, **{"response_class": _Response, **options})

    @property
    def sent(self) -> list[Sent]:
        """Return every request, grouped by method and address."""
        return [
            Sent(method, url, call.kwargs)
            for (method, url), calls in self.requests.items()
            for call in calls
        ]
