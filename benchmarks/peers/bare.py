"""The limit: a bare loop over aiohttp that knows nothing and checks nothing but the status."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from benchmarks.script import Step, kept, nonce_in

__all__ = ["run"]


def run(sites: Sequence[str], script: Sequence[Step], concurrency: int) -> int:
    """Send `script` to each of `sites` and return how many answered all of it well."""
    return asyncio.run(_run(sites, script, concurrency))


async def _run(sites: Sequence[str], script: Sequence[Step], concurrency: int) -> int:
    waiting = iter(sites)
    # One session for all: its pool keeps one connection of each site between requests.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=4)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as client:

        async def work() -> int:
            return sum([await _site(client, url, script) for url in waiting])

        return sum(await asyncio.gather(*(work() for _ in range(concurrency))))


async def _site(client: aiohttp.ClientSession, site: str, script: Sequence[Step]) -> bool:
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(site))
    cookies: dict[str, str] = {}
    nonce = ""
    for step in script:
        headers = dict(step.headers)
        if step.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if step.nonce:
            headers["X-WP-Nonce"] = nonce
        async with client.request(
            step.method,
            URL(origin + step.uri, encoded=True),
            headers=headers,
            data=step.body or None,
            allow_redirects=False,
        ) as response:
            kept(response.headers.getall("Set-Cookie", ()), cookies)
            body = await response.read()
        if response.status != step.status:
            return False
        if step.gives_nonce:
            nonce = nonce_in(body.decode())
        if step.is_json:
            json.loads(body)
    return True
