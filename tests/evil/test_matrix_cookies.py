"""Cookies that want to travel: to other sites, other ports and other schemes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from fleet.results import Status
from fleet.simulator.wire import SimResponse
from fleet.site.cookies import MOST, ROOM
from tests.evil.acts import Answer, as_bytes
from tests.evil.company import Bad, Company
from tests.evil.evilsite import EvilSite, Strike
from tests.evil.world_of_names import NameServers

CHANGED = (Status.CHANGED, None)
PLAIN = "{timeout: 10s, deadline: 30s, allow_plaintext: true}"


def setting(*lines: str) -> Callable[[SimResponse], bytes]:
    def change(good: SimResponse) -> bytes:
        more = tuple(("Set-Cookie", line) for line in lines)
        return as_bytes(replace(good, headers=(*good.headers, *more)))

    return change


def cookies_in(site: EvilSite) -> list[str]:
    """Return the value of each ``Cookie`` header that a site got."""
    return re.findall(r"^Cookie: (.*)\r$", site.ledger.received.decode("latin-1"), re.MULTILINE)


def names_in(site: EvilSite) -> set[str]:
    return {
        pair.partition("=")[0].strip() for header in cookies_in(site) for pair in header.split(";")
    }


async def test_fault_47_no_cookie_reaches_another_site(
    company: Company, names: NameServers
) -> None:
    """Two sites of one domain, one of them also on a second port and below a second path."""
    names.rows = {"one.club.example": ["127.66.6.1"], "two.club.example": ["127.66.6.2"]}
    spread = Answer(
        setting(
            "to-club=1; Domain=club.example; Path=/",
            "to-example=1; Domain=example; Path=/",
            "to-com=1; Domain=com; Path=/",
            "to-two=1; Domain=two.club.example; Path=/",
            "to-dot=1; Domain=one.club.example.; Path=/",
            "__Host-odd=1; Path=/; Domain=one.club.example",
            "__Secure-odd=1; Path=/",
            "own=1; Path=/",
        )
    )
    bad = {
        "one": Bad(
            [Strike((spread,), method="[GP]*")], PLAIN, url="http://one.club.example:PORT/one/"
        ),
        "two": Bad(http=PLAIN, url="http://two.club.example:PORT/two/"),
        "three": Bad([Strike((spread,), method="[GP]*")]),
        "four": Bad(),
    }
    ran = await company.strike_all(bad)
    assert {name: each.ended for name, each in ran.items()} == dict.fromkeys(bad, CHANGED)
    wordpress = {name for name in names_in(ran["two"].evil) if name.startswith("wordpress")}
    assert wordpress
    assert names_in(ran["two"].evil) == wordpress
    assert not {"own", "to-club"} & names_in(ran["four"].evil)
    mine = names_in(ran["one"].evil)
    assert {"own", "to-club"} < mine
    assert not {"to-example", "to-com", "to-two", "to-dot", "__Host-odd", "__Secure-odd"} & mine


async def test_fault_47_a_flood_of_cookies_is_dammed_and_the_session_holds(
    company: Company,
) -> None:
    many = setting(*(f"flood-{number}=x; Path=/" for number in range(200)))
    large = setting(*(f"large-{number}={'y' * 4000}; Path=/" for number in range(40)))
    bad = {
        "many": Bad([Strike((Answer(many),), method="[GP]*")]),
        "large": Bad([Strike((Answer(large),), method="[GP]*")]),
    }
    ran = await company.strike_all(bad)
    assert {name: each.ended for name, each in ran.items()} == dict.fromkeys(bad, CHANGED)
    for each in ran.values():
        headers = cookies_in(each.evil)
        assert max(header.count("=") for header in headers) > 2, "some were kept"
        assert all(len(header.split("; ")) <= MOST for header in headers)
        assert all(len(header) <= ROOM + 3 * MOST for header in headers)
