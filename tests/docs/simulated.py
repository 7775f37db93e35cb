"""The sites that our pages speak of, as a simulated fleet behind the inventory of the README."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fleet.simulator.auth import SimUser
from fleet.simulator.server import SimulatorServer
from fleet.simulator.site import SiteSpec
from fleet.simulator.world import World
from tests.docs.pages import blocks

__all__ = ["PASSWORD", "furnish", "served"]

PASSWORD = "calm-harbour-7"
_APPLICATION = "abcd EFGH 1234 ijkl MNOP 5678"
_USERS = (
    SimUser("fleet-bot", PASSWORD, application_passwords=(PASSWORD,)),
    SimUser("ops", PASSWORD, application_passwords=(_APPLICATION,)),
)
_ADDRESSES = {
    "https://harbour-cafe.example": "harbour-cafe",
    "https://shop.fjord.example/wp": "fjord-shop",
}
_MORE = """\
  museum: {{url: {base}/museum/, labels: {{client: acme, tier: gold}}}}
  fjord-archive: {{url: {base}/fjord-archive/, labels: {{client: fjord, legacy: "true"}}}}
"""
"""Sites that other pages need beside those of the README."""


@contextmanager
def served() -> Iterator[str]:
    """Yield the address at which the sites answer, from a thread of their own."""
    started, ended = threading.Event(), asyncio.Event()
    address: list[str] = []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        world = World()
        for name in ("harbour-cafe", "fjord-shop", "museum", "fjord-archive"):
            world.add(SiteSpec(name, users=_USERS, modules=("stats", "post-by-email")))
        async with SimulatorServer(world) as server:
            address.append(server.base_url)
            started.set()
            await ended.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, name="simulated sites")
    thread.start()
    try:
        assert started.wait(20), "the simulated sites did not start"
        yield address[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(20)


def furnish(folder: Path, base: str, page: str = "README.md") -> None:
    """Write the files that a reader of `page` has, with the addresses of the simulated sites.

    Those of the README and some more, or for the page that begins with none only its own.
    """
    inventory = blocks("yaml", page if page == "docs/start.md" else "README.md")[0].text
    for address, name in _ADDRESSES.items():
        inventory = inventory.replace(f"{address}\n", f"{base}/{name}/\n")
    assert "example" not in inventory
    more = "" if page == "docs/start.md" else _MORE.format(base=base.rstrip("/"))
    (folder / "inventory.yaml").write_text(inventory + more)
    if page == "docs/start.md":
        return
    (folder / "policy.yaml").write_text(blocks("yaml", "README.md")[1].text)
    (folder / "secrets").mkdir(mode=0o700)
    secret = folder / "secrets" / "fjord"
    secret.touch(mode=0o600)
    secret.write_text(_APPLICATION)
