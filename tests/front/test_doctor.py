"""``fleet doctor``: each check with what to do, on simulated sites and real handshakes."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import trustme
from anyio import to_thread

from fleet.errors import KINDS
from fleet.front.doctor_checks import checks_of
from fleet.results import SiteResult, Status
from fleet.simulator.site import DEFAULT_USERS, SiteSpec
from fleet.site.certificate import Certificate, read_certificate, served_certificate
from tests.engine.simulated import simulated

NOW = datetime(2026, 11, 25, tzinfo=UTC)
GOOD = Certificate("An Authority", NOW + timedelta(days=60))


def ended(kind: str | None = None, url: str = "https://a.example/") -> SiteResult:
    status = Status.BLOCKED if kind else Status.UNCHANGED
    return SiteResult("a", url, status, kind, "what happened" if kind else "")


async def doctor(folder: Path, *words: str, password: str = "") -> tuple[int, str]:
    def call() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "fleet", "doctor", "-i", str(folder / "inventory.yaml"), *words],
            env={
                **os.environ,
                "PW": password or DEFAULT_USERS[0].password,
                "XDG_STATE_HOME": str(folder / "state"),
            },
            text=True,
            capture_output=True,
            timeout=50,
            check=False,
        )

    done = await to_thread.run_sync(call)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


async def test_good_sites_take_a_line_each_and_troubles_say_what_to_do(tmp_path: Path) -> None:
    specs = [SiteSpec("good", "16.1"), SiteSpec("bare", None)]
    async with simulated(tmp_path, *specs) as rig:
        code, said = await doctor(tmp_path)
        assert [rig.site(spec.name).state.options for spec in specs]
    assert code == 3
    lines = said.splitlines()
    assert any(line.startswith("good: ok (Jetpack 16.1") for line in lines)
    (problem,) = [line for line in lines if "problem" in line]
    assert problem.split()[:3] == ["problem", "Jetpack", "jetpack.missing:"]
    assert f"-> {KINDS['jetpack.missing'].hint}" in said


async def test_one_site_is_told_in_full_and_as_json(tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("good", "16.1")):
        code, said = await doctor(tmp_path, "-v")
        _, report = await doctor(tmp_path, "-o", "json")
    names = [line.split()[1] for line in said.partition("good\n")[2].splitlines()]
    assert code == 0
    assert names == [
        "DNS", "server", "TLS", "REST", "login", "rights", "Jetpack", "WordPress", "clock",
    ]  # fmt: skip
    assert said.startswith("this machine\n  ok       journal")
    (site,) = json.loads(report)["results"]
    assert [check["name"] for check in site["data"]["checks"]] == names


async def test_a_rejected_password_is_sent_once_in_all(tmp_path: Path) -> None:
    async with simulated(tmp_path, SiteSpec("a", "16.1")) as rig:
        for _ in range(2):
            code, said = await doctor(tmp_path, password="wrong-password-9")
            assert code == 3
            assert "auth.bad_credentials" in said
            assert "wrong-password-9" not in said
        assert rig.site("a").login_attempts == 1


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_its_place(kind: str) -> None:
    checks = checks_of(ended(kind), "203.0.113.5", GOOD, NOW)
    (problem,) = [check for check in checks if check.state == "problem"]
    assert problem.fix == KINDS[kind].hint
    after = checks[checks.index(problem) + 1 :]
    assert all(check.state in ("-", "ok") for check in after)
    assert all(check.found == "not tried" for check in after if check.name != "TLS")


def test_a_certificate_that_has_ended_says_since_when() -> None:
    old = Certificate("An Authority", NOW - timedelta(days=3))
    tls = checks_of(ended("tls.expired"), None, old, NOW)[2]
    assert (tls.state, "3 days ago, by An Authority" in tls.found) == ("problem", True)
    soon = Certificate("An Authority", NOW + timedelta(days=5))
    assert checks_of(ended(), None, soon, NOW)[2].state == "note"


@contextmanager
def https(authority: trustme.CA) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def test_a_certificate_nobody_trusts_is_read_all_the_same() -> None:
    with https(trustme.CA(organization_name="Harbour Authority")) as port:
        found = served_certificate("localhost", port, 5.0)
    assert found is not None
    assert found.issuer == "Harbour Authority"
    assert found.ends > datetime.now(UTC)


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x03\x02\x01\x01", b"x" * 300])
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="certificate"):
        read_certificate(data)
