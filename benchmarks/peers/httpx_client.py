"""The same over httpx's asynchronous client, one for each site, so that its cookies are its own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from benchmarks.script import Step, nonce_in

__all__ = ["run"]


def run(sites: Sequence[str], script: Sequence[Step], concurrency: int) -> int:
    """Send `script` to each of `sites` and return how many answered all of it well."""
    return asyncio.run(_run(sites, script, concurrency))


async def _run(sites: Sequence[str], script: Sequence[Step], concurrency: int) -> int:
    waiting = iter(sites)
    context = httpx.create_ssl_context()

    async def work() -> int:
        return sum([await _site(context, url, script) for url in waiting])

    return sum(await asyncio.gather(*(work() for _ in range(concurrency))))


async def _site(context: ssl.SSLContext, site: str, script: Sequence[Step]) -> bool:
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(site))
    nonce = ""
    async with httpx.AsyncClient(verify=context, timeout=30, trust_env=False) as client:
        for step in script:
            headers = {**step.headers, **({"X-WP-Nonce": nonce} if step.nonce else {})}
            response = await client.request(
                step.method, origin + step.uri, headers=headers, content=step.body or None
            )
            if response.status_code != step.status:
                return False
            if step.gives_nonce:
                nonce = nonce_in(response.text)
            if step.is_json:
                response.json()
    return True
