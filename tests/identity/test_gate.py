"""Which lockouts keep the neighbours at an address from trying."""

from __future__ import annotations

import pytest

from fleet.engine.breaker import Breaker
from fleet.engine.faces import Faces
from fleet.engine.guarding import Guards
from fleet.engine.stop import Stop
from fleet.site.login import Lockout

ADDRESS = "192.0.2.7"


async def nowhere(host: str) -> str:
    raise OSError(host)


def gate() -> Guards:
    stop = Stop()
    return Guards(stop, Faces([]), Breaker(stop, 0), None, nowhere, writes=False)


@pytest.mark.parametrize(
    ("sure", "shared", "address", "times", "locked"),
    [
        pytest.param(True, True, ADDRESS, 1, True, id="surely"),
        pytest.param(False, True, ADDRESS, 1, False, id="it may be something else"),
        pytest.param(False, True, ADDRESS, 2, True, id="twice"),
        pytest.param(True, False, ADDRESS, 2, False, id="behind a CDN"),
        pytest.param(True, False, "label:north", 1, True, id="on a server that is named"),
    ],
)
async def test_a_lockout_counts_for_its_address(
    sure: bool, shared: bool, address: str, times: int, locked: bool
) -> None:
    guards = gate()
    for number in range(times):
        guards.lock(address, f"s{number}", Lockout("no", sure=sure, shared=shared))
    assert (address in guards.locked) is locked


async def test_the_first_site_that_locked_us_out_is_named() -> None:
    guards = gate()
    for name in ("first", "second"):
        guards.lock(ADDRESS, name, Lockout("no", sure=True, shared=True))
    assert guards.locked == {ADDRESS: "first"}
