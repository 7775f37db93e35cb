"""Sessions that end, and answers that are for nobody, for somebody else, or out of a cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fleet.results import Status
from fleet.simulator.wire import SimResponse
from tests.evil.acts import Act, Answer, Do, Say, Talk, as_bytes
from tests.evil.company import BULK, PAIR, Bad, Company
from tests.evil.evilsite import Strike
from tests.evil.pages import plain

CHANGED = (Status.CHANGED, None)
ANONYMOUS = (Status.BLOCKED, "auth.anonymous")
LOGIN = "POST /wp-login.php"
MODULES = "/jetpack/v4/module/all"
SETTINGS = "/jetpack/v4/settings"
ME = "/wp/v2/users/me"
NOBODY = Say(
    plain('{"code":"rest_not_logged_in","message":"No.","data":{"status":401}}', status=401)
)


async def test_fault_25_a_site_that_sees_nobody_is_not_written_to(company: Company) -> None:
    """A nonce that gets lost leaves a stranger, without any error of the nonce."""
    bad = {
        "everywhere": Bad([Strike((NOBODY,), ME), Strike((NOBODY,), "/jetpack/v4/*")]),
        "modules": Bad([Strike((NOBODY,), MODULES)]),
        "read-back": Bad([Strike((NOBODY,), SETTINGS, "GET", after=1)]),
        "password": Bad([Strike((NOBODY,), ME)], method="application-password"),
    }
    ran = await company.strike_all(bad)
    assert {name: (each.ended, each.writes) for name, each in ran.items()} == {
        "everywhere": (ANONYMOUS, 0),
        "modules": (ANONYMOUS, 0),
        "read-back": ((Status.UNKNOWN, "write.unconfirmed"), 1),
        "password": (ANONYMOUS, 0),
    }
    assert all(each.count(LOGIN) <= 1 for each in ran.values())


@pytest.mark.parametrize("place", [ME, MODULES, SETTINGS, BULK])
async def test_fault_26_a_session_that_ends_costs_one_more_login(
    company: Company, place: str
) -> None:
    strikes: list[Strike] = []
    async with company.facing({"evil": Bad(strikes)}) as scene:
        expire = Do(scene.world.site("evil").expire_sessions)
        strikes.append(Strike((expire, Answer()), place, times=1))
        ran = (await scene.run())["evil"]
    assert (ran.ended, ran.writes, ran.count(LOGIN)) == (CHANGED, 1, 2)


async def test_fault_26_a_session_that_always_ends_is_left_alone(company: Company) -> None:
    strikes: list[Strike] = []
    async with company.facing({"evil": Bad(strikes)}) as scene:
        expire = Do(scene.world.site("evil").expire_sessions)
        strikes.append(Strike((expire, Answer()), "/jetpack/*"))
        ran = (await scene.run())["evil"]
    assert ran.ended == (Status.BLOCKED, "auth.session")
    assert (ran.writes, ran.count(LOGIN)) == (0, 2)


def with_headers(*headers: tuple[str, str]) -> Callable[[SimResponse], bytes]:
    def change(good: SimResponse) -> bytes:
        return as_bytes(replace(good, headers=(*good.headers, *headers)))

    return change


async def test_fault_51_the_clock_of_a_site_is_its_own(company: Company) -> None:
    bad = {
        f"year-{year}": Bad([Strike((Answer(with_headers(("Date", date))),), method="[GP]*")])
        for year in (2024, 2028)
        for date in [f"Wed, 21 Oct {year} 12:00:00 GMT"]
    }
    ran = await company.strike_all(bad)
    assert {each.ended for each in ran.values()} == {CHANGED}


class Cache:
    """Answers a second time what it was asked before, as caches do that see no cookies.

    Args:
        tells: Whether it says so.
        strict: Whether it also answers requests that ask past it.
    """

    def __init__(self, *, tells: bool, strict: bool) -> None:
        self.tells = tells
        self.strict = strict
        self.kept: dict[str, bytes] = {}

    async def __call__(self, talk: Talk) -> None:
        """Answer."""
        request = talk.request
        if request is None:
            raise ValueError("nothing was asked")
        # One that does not tell apart by query, so that nothing added to it gets past.
        key = request.path if self.strict else f"{request.path}?{request.query}"
        if key in self.kept:
            await talk.send(self.kept[key])
            return
        self.kept[key] = as_bytes(talk.good())
        age = with_headers(("Age", "30"), ("X-Cache", "HIT"))
        await talk.send(self.kept[key])
        if self.tells:
            self.kept[key] = age(talk.good())


def behind(cache: Act) -> Bad:
    return Bad([Strike((cache,), SETTINGS, "GET")])


async def test_fault_54_a_reading_out_of_a_cache_is_not_believed(company: Company) -> None:
    """An honest cache is asked past; one that answers all the same leaves the change unknown."""
    bad = {
        "tells": behind(Cache(tells=True, strict=False)),
        "insists": behind(Cache(tells=True, strict=True)),
        "silent": behind(Cache(tells=False, strict=False)),
    }
    ran = await company.strike_all(bad)
    assert {name: (each.ended, each.writes) for name, each in ran.items()} == {
        "tells": (CHANGED, 1),
        "insists": ((Status.UNKNOWN, "write.unconfirmed"), 1),
        "silent": (CHANGED, 1),
    }
    assert {key.key for key in ran["insists"].result.keys} == {f"modules.{slug}" for slug in PAIR}
