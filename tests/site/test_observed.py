"""Exchanges are told to an observer as they happen, and cost no more for it."""

from __future__ import annotations

import time

import pytest
from aiohttp import web
from yarl import URL

from fleet.config import HttpLimits, Limits
from fleet.engine.lane import Lane
from fleet.engine.lanes import Lanes
from fleet.engine.pace import Pace
from fleet.engine.places import Place
from fleet.errors import SiteError
from fleet.site.exchange import Reply
from fleet.site.transport import Connections, Meter, Request
from tests.engine.virtual import QUESTION, answer
from tests.site.servers import web_server


class Notes:
    """Writes down what it is told."""

    patience = 5.0

    def __init__(self) -> None:
        self.told: list[object] = []

    def begun(self, request: Request) -> None:
        self.told.append(request.method)

    def connected(self) -> None:
        self.told.append("connected")

    def answered(self, reply: Reply, seconds: float) -> None:
        assert 0 <= seconds < 60
        self.told.append(reply.status)

    def failed(self, error: SiteError) -> None:
        self.told.append(error.kind)


async def busy(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=503)


async def test_an_observer_hears_of_connections_answers_and_failures() -> None:
    notes = Notes()
    async with Connections(1, HttpLimits()) as connections:
        async with (
            web_server(busy) as url,
            connections.open(url, timeout=5, meter=Meter(observer=notes)) as transport,
        ):
            for _ in range(2):
                await transport.send(Request("GET", url))
            await transport.send(Request("POST", url, fresh=True))
        async with connections.open(url, timeout=5, meter=Meter(observer=notes)) as transport:
            with pytest.raises(SiteError):
                await transport.send(Request("GET", url))
    assert notes.told == [
        *("GET", "connected", 503),
        *("GET", 503),
        *("POST", "connected", 503),
        *("GET", "net.refused"),
    ]


async def test_a_refused_address_is_no_exchange() -> None:
    """Nothing is sent elsewhere, so that it says nothing about the server."""
    notes = Notes()
    here, elsewhere = URL("http://127.0.0.1:9/"), URL("http://127.0.0.2:9/")
    async with (
        Connections(1, HttpLimits()) as connections,
        connections.open(here, timeout=5, meter=Meter(observer=notes)) as transport,
    ):
        with pytest.raises(SiteError, match="outside"):
            await transport.send(Request("GET", elsewhere))
    assert notes.told == []


async def test_an_exchange_that_is_watched_costs_a_few_microseconds_at_most() -> None:
    """The least of many rounds, so that a busy machine does not count."""
    place = Place(Lanes(Limits()), Lane("a", Pace(4, 50)), 0)
    place.heard, reply, best = True, answer(), 1.0
    for _ in range(200):
        began = time.thread_time()
        for _ in range(20):
            place.begun(QUESTION)
            place.answered(reply, 0.01)
        best = min(best, (time.thread_time() - began) / 20)
    assert best < 10e-6
