"""The server on real sockets: addresses, cookies, resets, cut bodies, TLS."""

from __future__ import annotations

import asyncio
import ssl

import aiohttp
import pytest
import trustme

from fleet.simulator import Fault, SimulatorServer, SiteSpec, World
from tests.simulator.browser import ADMIN

LOGIN = {"log": ADMIN.name, "pwd": ADMIN.password}


async def test_sites_answer_under_every_loopback_address(world: World) -> None:
    world.add(SiteSpec("shop"))
    async with (
        SimulatorServer(world, host="0.0.0.0") as server,
        aiohttp.ClientSession() as session,
    ):
        for host in ("127.0.0.1", "127.1.2.3", "127.0.9.9"):
            url = server.url_of("shop", host)
            async with session.get(url) as answer:
                assert f"<{url}wp-json/>" in answer.headers["Link"]
    assert world.site("shop").count() == 3


async def test_every_cookie_line_arrives(world: World) -> None:
    world.add(SiteSpec("shop", core_folder="wp"))
    async with SimulatorServer(world) as server, aiohttp.ClientSession() as session:
        url = f"{server.url_of('shop')}wp/wp-login.php"
        async with session.post(url, data=LOGIN, allow_redirects=False) as answer:
            assert answer.status == 302
            assert len(answer.headers.getall("Set-Cookie")) == 6


async def test_a_session_works_from_login_to_a_write(world: World) -> None:
    site = world.add(SiteSpec("shop", modules=()))
    jar = aiohttp.CookieJar(unsafe=True)
    async with SimulatorServer(world) as server, aiohttp.ClientSession(cookie_jar=jar) as session:
        url = server.url_of("shop")
        await session.post(f"{url}wp-login.php", data=LOGIN, allow_redirects=False)
        async with session.get(f"{url}wp-admin/admin-ajax.php?action=rest-nonce") as answer:
            headers = {"X-WP-Nonce": await answer.text()}
        async with session.post(
            f"{url}wp-json/jetpack/v4/settings", json={"latex": True}, headers=headers
        ) as answer:
            assert answer.status == 200
    assert site.active_modules == {"latex"}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("reset_before", aiohttp.ClientConnectionError),
        ("reset_after", aiohttp.ClientConnectionError),
        ("truncate", aiohttp.ClientPayloadError),
    ],
)
async def test_broken_connections_are_broken(
    world: World, kind: str, error: type[Exception]
) -> None:
    world.add(SiteSpec("shop", faults=(Fault(kind),)))
    async with SimulatorServer(world) as server, aiohttp.ClientSession() as session:
        with pytest.raises(error):
            async with session.get(f"{server.url_of('shop')}wp-json/jetpack/v4") as answer:
                await answer.read()


async def test_slow_answers_take_their_time_and_still_arrive_whole(world: World) -> None:
    world.add(SiteSpec("shop", faults=(Fault("slow", value=0.05), Fault("drip", value=0.01))))
    started = asyncio.get_running_loop().time()
    async with (
        SimulatorServer(world, latency=0.05) as server,
        aiohttp.ClientSession() as session,
        session.get(f"{server.url_of('shop')}wp-json/jetpack/v4/connection") as answer,
    ):
        assert "isActive" in await answer.json()
    assert asyncio.get_running_loop().time() - started >= 0.1


async def test_a_site_may_be_served_by_tls(world: World) -> None:
    world.add(SiteSpec("shop"))
    authority = trustme.CA()
    serving, asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(serving)
    authority.configure_trust(asking)
    async with (
        SimulatorServer(world, ssl_context=serving) as server,
        aiohttp.ClientSession() as session,
        session.get(server.url_of("shop"), ssl=asking) as answer,
    ):
        assert server.base_url.startswith("https://127.0.0.1:")
        assert f"<{server.url_of('shop')}wp-json/>" in answer.headers["Link"]


async def test_thousands_of_sites_share_a_port(world: World) -> None:
    for index in range(2000):
        world.add(SiteSpec(f"site-{index}"))
    async with SimulatorServer(world) as server, aiohttp.ClientSession() as session:

        async def ask(index: int) -> int:
            url = f"{server.url_of(f'site-{index}')}wp-json/jetpack/v4/connection"
            async with session.get(url) as answer:
                return answer.status

        statuses = await asyncio.gather(*(ask(index) for index in range(0, 2000, 10)))
    assert set(statuses) == {200}


async def test_the_port_is_free_again_afterwards(world: World) -> None:
    async with SimulatorServer(world) as server:
        port = server.port
    assert port
    async with SimulatorServer(world, port=port) as again:
        assert again.port == port


async def test_stopping_does_not_wait_for_slow_answers() -> None:
    asked = asyncio.Event()

    def clock() -> float:
        asked.set()
        return 1_800_000_000.0

    world, loop = World(clock=clock), asyncio.get_running_loop()
    world.add(SiteSpec("shop", faults=(Fault("slow", value=600),)))
    async with aiohttp.ClientSession() as session:
        async with SimulatorServer(world) as server:
            request = asyncio.ensure_future(session.get(server.url_of("shop")))
            await asked.wait()
            started = loop.time()
        assert loop.time() - started < 5
        with pytest.raises(aiohttp.ClientError):
            await request
