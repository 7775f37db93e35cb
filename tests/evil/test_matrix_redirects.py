"""Where a site sends us, and that nothing of ours goes along."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
import trustme

from fleet.results import Status
from fleet.simulator.world import World
from tests.evil.acts import Say
from tests.evil.company import ADMIN, BULK, Bad, Company, Ran
from tests.evil.evilsite import EvilSite, Strike, evilsite
from tests.evil.pages import page
from tests.evil.tls import server_side

CODES = (301, 302, 303, 307, 308)
STEPS = {
    "index": ("cookie", "GET", "/"),
    "login": ("cookie", "POST", "/wp-login.php"),
    "nonce": ("cookie", "GET", "/wp-admin/*"),
    "read": ("cookie", "GET", "/jetpack/v4/connection"),
    "write": ("cookie", "POST", BULK),
    "password": ("application-password", "GET", "/wp/v2/users/me"),
    "signed-write": ("application-password", "POST", BULK),
}
"""How the account signs in, and which request of the visit is sent elsewhere."""


def moved(target: str, code: int = 302) -> Say:
    return Say(page(code, "", headers=(("Location", target),)))


@asynccontextmanager
async def listener(host: str) -> AsyncIterator[EvilSite]:
    """Serve somebody who is not in the inventory and only listens."""
    async with evilsite(EvilSite("elsewhere", World(), (), Random(1)), host) as site:  # noqa: S311 - no secret
        yield site


def everywhere(target: str) -> dict[str, Bad]:
    """Return sites that send each step of a visit elsewhere, with each code."""
    return {
        f"{step}-{code}": Bad([Strike((moved(target, code),), where, method)], method=sign)
        for step, (sign, method, where) in STEPS.items()
        for code in CODES
    }


def unharmed(ran: dict[str, Ran]) -> dict[str, tuple[str, int]]:
    """Return what went another way than being refused without a write."""
    return {
        name: (str(each.result.status), each.writes)
        for name, each in ran.items()
        if each.result.status not in (Status.BLOCKED, Status.FAILED) or each.writes
    }


@pytest.mark.parametrize(
    ("where", "path"),
    [
        pytest.param("127.66.9.9", "/elsewhere/steal", id="another-host"),
        pytest.param("127.66.6.1", "/index-301/wp-json/", id="another-port"),
    ],
)
async def test_fault_44_nothing_goes_to_another_origin(
    company: Company, where: str, path: str
) -> None:
    """No code, no method and no step of a visit brings a connection there."""
    async with listener(where) as elsewhere:
        ran = await company.strike_all(everywhere(f"http://{where}:{elsewhere.port}{path}"))
        assert unharmed(ran) == {}
        assert elsewhere.ledger.lines == []
    assert {name for name, each in ran.items() if each.count("POST /wp-login.php") > 1} == set()


async def test_fault_44_a_site_that_has_moved_is_told_by_its_new_address(
    company: Company,
) -> None:
    async with listener("127.66.9.9") as elsewhere:
        ran = await company.strike(Strike((moved(elsewhere.url),), "/"))
        assert ran.ended == (Status.BLOCKED, "redirect.cross_origin")
        assert f"http://127.66.9.9:{elsewhere.port}" in ran.result.message
        assert elsewhere.ledger.lines == []


async def test_fault_43_a_redirect_to_itself_or_a_long_chain_ends(company: Company) -> None:
    chain = [Strike((moved(f"/chain/wp-json/{number}"),), "/*", times=1) for number in range(30)]
    bad = {
        "itself": Bad([Strike((moved("/itself/wp-json/?again"),), "/")]),
        "chain": Bad(chain),
        "write": Bad([Strike((moved(f"/write/wp-json{BULK}"),), BULK, "POST")]),
    }
    ran = await company.strike_all(bad)
    assert {name: each.ended for name, each in ran.items()} == dict.fromkeys(
        bad, (Status.BLOCKED, "redirect.loop")
    )
    assert len(ran["chain"].evil.ledger.requests) <= 6
    assert (ran["write"].writes, ran["write"].count(f"POST {BULK}")) == (0, 1)


async def test_fault_45_https_is_not_left_for_http(
    company: Company, authority: trustme.CA, ca_file: Path
) -> None:
    http = f"{{timeout: 10s, deadline: 30s, ca_file: '{ca_file}'}}"
    async with listener("127.66.6.1") as plain:
        target = plain.url.replace("elsewhere", "evil")
        bad = {
            name: Bad([Strike((moved(target),), where, method)], http, sign, tls)
            for number, (name, (sign, method, where)) in enumerate(STEPS.items(), start=1)
            for tls in [server_side(authority.issue_cert(f"127.66.6.{number}"))]
        }
        ran = await company.strike_all(bad)
        assert unharmed(ran) == {}
        assert ran["index"].ended == (Status.BLOCKED, "redirect.downgrade")
        assert plain.ledger.lines == []


ODD = {
    "file": "file:///etc/passwd",
    "gopher": "gopher://127.66.9.9:70/1",
    "script": "javascript:alert(1)",
    "data": "data:application/json,{}",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "private": "http://10.0.0.1/",
    "this-machine": "http://[::1]:PORT/",
    "any": "http://0.0.0.0:PORT/",
}


async def test_fault_46_odd_schemes_and_inner_addresses_are_not_followed(
    company: Company,
) -> None:
    async with listener("::1") as inner:
        bad = {
            name: Bad([Strike((moved(target.replace("PORT", str(inner.port))),), "/")])
            for name, target in ODD.items()
        }
        ran = await company.strike_all(bad)
        assert inner.ledger.lines == []
    assert {name: each.ended for name, each in ran.items()} == dict.fromkeys(
        bad, (Status.BLOCKED, "redirect.cross_origin")
    )
    assert all(len(each.evil.ledger.requests) == 1 for each in ran.values())


async def test_security_01_02_no_form_and_no_secret_is_sent_a_second_time(
    alone: Company,
) -> None:
    """The words are looked for in whatever disguise; the good site has to have had them."""
    async with listener("127.66.9.9") as elsewhere:
        target = f"http://127.66.9.9:{elsewhere.port}/elsewhere/"
        ran = await alone.strike_all(everywhere(target))
        secrets = (ADMIN.password, *ADMIN.application_passwords)
        assert not any(elsewhere.ledger.holds(secret) for secret in secrets)
        assert elsewhere.ledger.received == b""
    assert ran["login-307"].evil.ledger.holds(ADMIN.password)
    assert ran["signed-write-308"].evil.ledger.holds(
        f"{ADMIN.name}:{ADMIN.application_passwords[0]}"
    )
    assert ran["login-307"].evil.ledger.requests.count("POST /wp-login.php") == 1
