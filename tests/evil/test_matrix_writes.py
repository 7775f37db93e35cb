"""Writes whose answer is lost, late or a lie: sent once, settled by reading, never believed."""

from __future__ import annotations

from typing import Literal

import pytest

from fleet.operations.raw import WriteApi
from fleet.results import Status
from tests.evil.acts import Answer, Apply, Close, Do, Hang, Reset, Say
from tests.evil.company import BULK, Bad, Company
from tests.evil.evilsite import EvilSite, Strike
from tests.evil.pages import page

UNKNOWN = (Status.UNKNOWN, "write.unconfirmed")
CHANGED = (Status.CHANGED, None)
SENT = f"POST {BULK}"
SETTINGS = "/jetpack/v4/settings"
LOGIN = "POST /wp-login.php"
OK = Say(page(200, '{"code":"success","message":"Done."}', "application/json"))
TIMEOUT = Say(page(504, "<h1>504 Gateway Time-out</h1>"))


async def test_a_site_without_a_script_is_changed_by_one_write(company: Company) -> None:
    """Otherwise nothing below would say anything."""
    ran = await company.strike()
    assert (ran.ended, ran.writes, ran.count(SENT)) == (CHANGED, 1, 1)


async def test_fault_07_a_reset_after_a_write_is_settled_by_reading(company: Company) -> None:
    ran = await company.strike(Strike((Apply(), Reset()), BULK, "POST"))
    assert (ran.ended, ran.writes, ran.count(SENT)) == (CHANGED, 1, 1)


async def test_fault_07_a_write_that_was_lost_on_the_way_is_unknown(company: Company) -> None:
    ran = await company.strike(Strike((Reset(),), BULK, "POST"))
    assert (ran.ended, ran.writes, ran.count(SENT)) == (UNKNOWN, 0, 1)
    assert ran.report.exit_code == 3


async def test_fault_09_a_write_has_a_connection_of_its_own(company: Company) -> None:
    ran = await company.strike(Strike((Reset(),), BULK, "POST"))
    (line,) = (line for line in ran.evil.ledger.lines if SENT in line.requests)
    assert line.requests == [SENT]
    assert (ran.ended, ran.count(SENT)) == (UNKNOWN, 1)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_fault_09_other_methods_go_once_too(
    alone: Company, method: Literal["PUT", "DELETE"]
) -> None:
    """The library would send them a second time; as POST with an override it does not."""
    task = WriteApi(method=method, path="jetpack/v4/settings", body={"carousel": True})
    ran = await alone.strike(Strike((Reset(),), SETTINGS, "POST"), task=task)
    assert ran.count(f"POST {SETTINGS}") == 1
    assert ran.count(f"{method} {SETTINGS}") == 0
    assert b"X-HTTP-Method-Override: " + method.encode() in ran.evil.ledger.received
    assert ran.result.status is Status.UNKNOWN


async def test_fault_09_a_connection_closed_while_idle_costs_nothing(company: Company) -> None:
    ran = await company.strike(Strike((Answer(), Close())))
    assert (ran.ended, ran.writes, ran.count(SENT)) == (CHANGED, 1, 1)


async def test_fault_22_a_gateway_error_after_a_write_is_settled_by_reading(
    company: Company,
) -> None:
    ran = await company.strike(Strike((Apply(), TIMEOUT), BULK, "POST"))
    assert (ran.ended, ran.writes, ran.count(SENT)) == (CHANGED, 1, 1)


async def test_fault_23_a_gateway_error_instead_of_a_write_is_unknown_until_the_next_run(
    company: Company,
) -> None:
    async with company.facing({"evil": Bad([Strike((TIMEOUT,), BULK, "POST", times=1)])}) as scene:
        first = (await scene.run())["evil"]
        assert (first.ended, first.writes, first.count(SENT)) == (UNKNOWN, 0, 1)
        second = (await scene.run())["evil"]
        assert (second.ended, second.writes, second.count(SENT)) == (CHANGED, 1, 2)


async def test_fault_24_a_nonce_that_ends_before_the_write_is_renewed_once(
    company: Company,
) -> None:
    strikes: list[Strike] = []
    async with company.facing({"evil": Bad(strikes)}) as scene:
        expire = Do(scene.world.site("evil").expire_nonces)
        strikes.append(Strike((expire, Answer()), BULK, "POST", times=1))
        ran = (await scene.run())["evil"]
    assert (ran.ended, ran.writes, ran.count(SENT), ran.count(LOGIN)) == (CHANGED, 1, 2, 1)


async def test_fault_24_a_nonce_that_always_ends_is_not_renewed_for_ever(
    company: Company,
) -> None:
    strikes: list[Strike] = []
    async with company.facing({"evil": Bad(strikes)}) as scene:
        expire = Do(scene.world.site("evil").expire_nonces)
        strikes.append(Strike((expire, Answer()), BULK, "POST"))
        ran = (await scene.run())["evil"]
    assert (ran.writes, ran.count(SENT), ran.count(LOGIN)) == (0, 2, 1)
    assert (ran.result.status, ran.result.keys[0].kind) == (Status.BLOCKED, "auth.session")


async def test_fault_53_a_yes_without_a_change_is_a_mismatch(company: Company) -> None:
    ran = await company.strike(Strike((OK,), BULK, "POST"))
    assert (ran.ended, ran.writes, ran.count(SENT)) == (
        (Status.FAILED, "verify.mismatch"),
        0,
        1,
    )


async def test_fault_55_a_write_that_hangs_is_settled_by_reading(company: Company) -> None:
    http = "{timeout: 2s, deadline: 30s}"
    bad = {
        "done": Bad([Strike((Apply(), Hang()), BULK, "POST")], http),
        "lost": Bad([Strike((Hang(),), BULK, "POST")], http),
    }
    ran = await company.strike_all(bad)
    assert {name: (each.ended, each.writes, each.count(SENT)) for name, each in ran.items()} == {
        "done": (CHANGED, 1, 1),
        "lost": (UNKNOWN, 0, 1),
    }


def settings_of(site: EvilSite) -> int:
    """Return how often the settings were read."""
    return site.ledger.count(f"GET {SETTINGS}")


async def test_fault_55_a_write_that_cannot_be_read_back_is_unknown(company: Company) -> None:
    gone = Strike((Reset(),), SETTINGS, "GET", after=1)
    ran = await company.strike(Strike((Apply(), Reset()), BULK, "POST"), gone)
    assert (ran.ended, ran.writes, ran.count(SENT)) == (UNKNOWN, 1, 1)
    assert settings_of(ran.evil) > 1
