"""One world and one clock a test."""

from __future__ import annotations

import pytest

from fleet.simulator import World
from tests.simulator.browser import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    return World(clock=clock, seed=7)
