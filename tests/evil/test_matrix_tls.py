"""Certificates and handshakes that are not to be believed; nothing is sent before they are."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from fleet.results import Status
from fleet.site.trust import key_pin
from tests.evil.acts import Hang, Say
from tests.evil.company import Bad, Company, Ran
from tests.evil.evilsite import CONNECT, Strike
from tests.evil.tls import server_side

CHANGED = (Status.CHANGED, None)
DAY = timedelta(days=1)
HERE = "127.66.6.1"
OLD_TLS = b"\x15\x03\x01\x00\x02\x02\x46"
"""A fatal alert, ``protocol_version``, as servers send that know no more than TLS 1.0."""


def http(ca_file: Path | None = None, pin: str = "") -> str:
    parts = ["timeout: 10s", "deadline: 30s"]
    parts += [f"ca_file: '{ca_file}'"] if ca_file else []
    parts += [f"pin: '{pin}'"] if pin else []
    return "{" + ", ".join(parts) + "}"


async def shown(
    company: Company, certificate: trustme.LeafCert, ca_file: Path | None, pin: str = ""
) -> Ran:
    """Return how a run ended with a site that shows a certificate."""
    bad = Bad(http=http(ca_file, pin), tls=server_side(certificate))
    return (await company.strike_all({"evil": bad}))["evil"]


def nothing_sent(ran: Ran) -> bool:
    return ran.evil.ledger.received == b"" and ran.result.usage.logins == 0


async def test_a_site_with_a_good_certificate_is_changed(
    company: Company, authority: trustme.CA, ca_file: Path
) -> None:
    ran = await shown(company, authority.issue_cert(HERE), ca_file)
    assert (ran.ended, ran.writes) == (CHANGED, 1)


async def test_fault_13_an_expired_certificate_gets_nothing(
    company: Company, authority: trustme.CA, ca_file: Path
) -> None:
    now = datetime.now(UTC)
    old = authority.issue_cert(HERE, not_before=now - 9 * DAY, not_after=now - DAY)
    ran = await shown(company, old, ca_file)
    assert ran.ended == (Status.UNREACHABLE, "tls.expired")
    assert nothing_sent(ran)


async def test_fault_14_an_authority_that_nobody_knows_gets_nothing(
    company: Company, ca_file: Path
) -> None:
    ran = await shown(company, trustme.CA().issue_cert(HERE), ca_file)
    assert ran.ended == (Status.UNREACHABLE, "tls.untrusted")
    assert nothing_sent(ran)


async def test_fault_15_a_certificate_of_another_host_gets_nothing(
    company: Company, authority: trustme.CA, ca_file: Path
) -> None:
    ran = await shown(company, authority.issue_cert("harbour.example"), ca_file)
    assert ran.ended == (Status.UNREACHABLE, "tls.name")
    assert nothing_sent(ran)


async def test_fault_16_old_tls_and_a_handshake_that_stalls(
    company: Company, ca_file: Path
) -> None:
    def secure(number: int, strike: Strike, limits: str) -> Bad:
        return Bad([strike], limits, url=f"https://127.66.6.{number}:PORT/x/")

    bad = {
        "old": secure(1, Strike((Say(OLD_TLS), Hang()), CONNECT), http(ca_file)),
        "stall": secure(2, Strike((Hang(),), CONNECT), "{timeout: 300ms, deadline: 1s}"),
        "plain": secure(3, Strike((Say(b"HTTP/1.1 400 No\r\n\r\n"), Hang()), CONNECT), http()),
    }
    ran = await company.strike_all(bad)
    assert {name: each.ended for name, each in ran.items()} == {
        "old": (Status.UNREACHABLE, "tls.protocol"),
        "stall": (Status.UNREACHABLE, "net.timeout"),
        "plain": (Status.UNREACHABLE, "tls.protocol"),
    }
    assert "TLS from 1.2 on" in ran["old"].result.message
    assert all(b"HTTP/1.1" not in each.evil.ledger.received for each in ran.values())


async def test_fault_17_a_certificate_of_tomorrow_asks_for_a_look_at_the_clock(
    company: Company, authority: trustme.CA, ca_file: Path
) -> None:
    now = datetime.now(UTC)
    early = authority.issue_cert(HERE, not_before=now + DAY, not_after=now + 9 * DAY)
    ran = await shown(company, early, ca_file)
    assert ran.ended == (Status.UNREACHABLE, "tls.untrusted")
    assert "clock of this machine" in ran.result.message
    assert nothing_sent(ran)


def pin_of(certificate: trustme.LeafCert) -> str:
    return key_pin(ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode()))


async def test_security_07_a_pin_believes_one_key_without_any_authority(
    company: Company,
) -> None:
    unsigned = trustme.CA().issue_cert("another.example")
    ran = await shown(company, unsigned, None, pin_of(unsigned))
    assert (ran.ended, ran.writes) == (CHANGED, 1)


async def test_security_07_another_key_than_the_pinned_one_gets_nothing(
    alone: Company, authority: trustme.CA, ca_file: Path
) -> None:
    """Not even where an authority has signed it."""
    pin = pin_of(authority.issue_cert(HERE))
    for authorities in (None, ca_file):
        ran = await shown(alone, authority.issue_cert(HERE), authorities, pin)
        assert ran.ended == (Status.UNREACHABLE, "tls.untrusted")
        assert "another key" in ran.result.message
        assert nothing_sent(ran)


async def test_security_07_a_pin_beside_authorities_asks_both(
    alone: Company, authority: trustme.CA, ca_file: Path
) -> None:
    good = authority.issue_cert(HERE)
    assert (await shown(alone, good, ca_file, pin_of(good))).ended == CHANGED
    stranger = trustme.CA().issue_cert(HERE)
    ran = await shown(alone, stranger, ca_file, pin_of(stranger))
    assert ran.ended == (Status.UNREACHABLE, "tls.untrusted")
    assert nothing_sent(ran)


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x03\x30\x82", b"\x30\x80", b"x" * 99])
def test_security_07_what_is_no_certificate_has_no_pin(data: bytes) -> None:
    assert key_pin(data) == ""
