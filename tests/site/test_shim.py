"""Whether the repair of aioresponses works, and whether it is still needed."""

from __future__ import annotations

import aiohttp
import pytest
from aioresponses import aioresponses

from tests.shim import FixedResponses

ADDRESS = "https://harbour.example/wp-json/"


async def test_a_prepared_answer_is_given() -> None:
    with FixedResponses() as network:
        network.get(ADDRESS, payload={"a": 1}, headers={"X-WP-Nonce": "0a1b2c3d4e"})
        async with aiohttp.ClientSession() as client, client.get(ADDRESS) as response:
            assert await response.json() == {"a": 1}
            assert response.headers["X-WP-Nonce"] == "0a1b2c3d4e"
        assert [(sent.method, str(sent.url)) for sent in network.sent] == [("GET", ADDRESS)]


async def test_the_library_still_needs_the_repair() -> None:
    """Once this fails, `tests.shim` can go."""
    with aioresponses() as network:
        network.get(ADDRESS, payload={})
        async with aiohttp.ClientSession() as client:
            with pytest.raises(TypeError, match="stream_writer"):
                await client.get(ADDRESS)
