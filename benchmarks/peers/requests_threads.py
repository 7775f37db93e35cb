"""The same over requests, with a pool of threads and a session for each site."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import requests

from benchmarks.script import Step, nonce_in

__all__ = ["run", "visit"]


def run(sites: Sequence[str], script: Sequence[Step], concurrency: int) -> int:
    """Send `script` to each of `sites` and return how many answered all of it well."""
    with ThreadPoolExecutor(concurrency) as pool:
        return sum(pool.map(lambda site: visit(site, script), sites))


def visit(site: str, script: Sequence[Step]) -> bool:
    """Send `script` to one site and return whether it answered all of it well."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(site))
    nonce = ""
    with requests.Session() as session:
        session.trust_env = False
        for step in script:
            headers = {**step.headers, **({"X-WP-Nonce": nonce} if step.nonce else {})}
            response = session.request(
                step.method,
                origin + step.uri,
                headers=headers,
                data=step.body or None,
                allow_redirects=False,
                timeout=30,
            )
            if response.status_code != step.status:
                return False
            if step.gives_nonce:
                nonce = nonce_in(response.text)
            if step.is_json:
                response.json()
    return True
